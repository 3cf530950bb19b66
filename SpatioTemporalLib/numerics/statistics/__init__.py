"""How sure numbers are, and how good predictions."""
