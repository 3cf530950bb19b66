"""A case at work: its process, what watches it, and where it runs."""
