"""The parts of the panel; nothing here knows an analysis by name."""
