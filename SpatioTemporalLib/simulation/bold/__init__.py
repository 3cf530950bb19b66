"""Functional runs whose truth is known."""
