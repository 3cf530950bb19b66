"""Regions from the way tissue changes."""
