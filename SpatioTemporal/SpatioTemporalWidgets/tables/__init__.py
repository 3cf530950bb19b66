"""Tables of values, visits and statistics."""
