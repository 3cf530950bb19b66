"""The machine: memory, locks, temporary folders, packages, plain text."""
