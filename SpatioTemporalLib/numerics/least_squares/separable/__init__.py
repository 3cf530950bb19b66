"""Bounded least squares for very many small problems at once."""
