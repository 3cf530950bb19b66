"""DICOM segmentations as label maps: each segment on the grid that its frames lie on."""
