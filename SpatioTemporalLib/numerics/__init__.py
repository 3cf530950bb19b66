"""Arrays in, arrays out: the mathematics, with no knowledge of files, users or Slicer."""
