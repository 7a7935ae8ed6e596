"""A conversation as the desk reads and answers it."""
