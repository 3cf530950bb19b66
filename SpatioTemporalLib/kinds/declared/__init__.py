"""The kinds, one a file."""
