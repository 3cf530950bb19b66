"""Runs and what they made."""
