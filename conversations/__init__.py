"""The ground storey: what is said, and why. Pure: no clock, no randomness, no network, no database."""
