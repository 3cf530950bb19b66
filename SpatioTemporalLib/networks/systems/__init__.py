"""Published networks, each a composition of blocks."""
