"""Tissue with two compartments that exchange, and its fit to very many curves at once."""
