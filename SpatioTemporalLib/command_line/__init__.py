"""The command ``spatiotemporal``: one file for each of its verbs."""
