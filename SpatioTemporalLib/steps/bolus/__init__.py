"""Baseline, arrival and first pass of contrast in a series."""
