"""What moves with heart and breath, from segmentations of every frame."""
