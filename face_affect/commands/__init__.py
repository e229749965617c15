"""Subcommands of face-affect: their arguments, and what they print."""
