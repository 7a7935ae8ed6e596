"""A case as the desk reads and moves it."""
