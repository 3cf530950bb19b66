"""What analyses of values by region share."""
