"""Volumes, segmentations, tables and reports as the library's words, and back."""
