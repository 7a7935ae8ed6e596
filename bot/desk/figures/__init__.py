"""The figures of a period, drawn and tabled."""
