"""What analyses of tissue curves share."""
