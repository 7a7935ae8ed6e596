"""The front door: who comes in, and how it is made sure that it is they."""
