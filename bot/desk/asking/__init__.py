"""What the rooms of surveys and broadcasts share: waves as they stand, how a message will look, whom a list names."""
