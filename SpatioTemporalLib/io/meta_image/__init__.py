"""MetaImage files, read without ITK."""
