"""What analyses of the course of a disease share."""
