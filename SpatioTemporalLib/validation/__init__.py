"""Checks of an installation against references that others published."""
