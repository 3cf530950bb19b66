"""The formats of images that are read, one a file."""
