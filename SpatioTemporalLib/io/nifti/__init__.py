"""NIfTI files, with their side-cars."""
