"""What moves with heart and breath: segmentations of every frame."""
