"""Preparing functional series."""
