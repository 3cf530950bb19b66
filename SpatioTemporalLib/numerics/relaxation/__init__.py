"""Signals of sequences, and relaxation times from them."""
