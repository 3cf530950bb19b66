"""Least squares with one non-linear parameter, the others linear and bounded."""
