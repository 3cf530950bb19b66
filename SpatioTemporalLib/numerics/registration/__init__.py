"""Where points of one image lie in another."""
