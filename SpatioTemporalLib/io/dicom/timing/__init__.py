"""When the frames of DICOM series were acquired."""
