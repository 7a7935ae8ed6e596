"""What each command does, as functions that return what to print. `bot/cli.py` names them and prints."""
