"""Computing in a process of its own."""
