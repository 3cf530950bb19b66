"""Makes the pages of the manual that follow from declarations and from the source."""
