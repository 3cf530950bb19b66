"""What changes between visits."""
