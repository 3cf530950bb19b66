"""Fields for the parameters of an analysis."""
