"""What will become of a patient."""
