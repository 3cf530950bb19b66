"""Trained networks as bundles."""
