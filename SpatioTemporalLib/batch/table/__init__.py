"""The table of cases, and its rows as words of a command."""
