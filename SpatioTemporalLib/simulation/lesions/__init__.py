"""Lesions in images of which everything is known: dynamic series, and pairs of visits."""
