"""How nodes are shown."""
