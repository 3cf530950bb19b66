"""Files before anything is read of them, and while they are written."""
