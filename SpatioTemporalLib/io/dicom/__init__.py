"""DICOM: files, grids, frames, and objects of our own."""
