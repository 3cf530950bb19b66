"""The scene and the application around it."""
