"""Visits of a patient."""
