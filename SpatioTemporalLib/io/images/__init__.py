"""Images of any format as series, volumes, labels."""
