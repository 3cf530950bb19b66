"""Relaxation times from stacks of volumes, and from the literature."""
