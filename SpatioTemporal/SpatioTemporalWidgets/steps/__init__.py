"""The steps of the panel, from data to results."""
