"""The staff's pages. Start at README.md."""
