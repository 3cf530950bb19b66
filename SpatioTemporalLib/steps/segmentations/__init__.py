"""Segmentations assessed: beside a reference, between readers, and over time."""
