"""Files and frames of DICOM, and what their headers say."""
