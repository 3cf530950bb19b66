"""NRRD files, as Slicer and others write them."""
