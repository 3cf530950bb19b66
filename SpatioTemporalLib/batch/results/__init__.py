"""What all cases together gave."""
