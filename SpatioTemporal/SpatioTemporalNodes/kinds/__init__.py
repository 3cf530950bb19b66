"""How nodes become the library's kinds, one file for nodes that belong together."""
