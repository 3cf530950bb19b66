"""One reader or writer a format."""
