"""Tissue curves of kinetic models, and their fits."""
