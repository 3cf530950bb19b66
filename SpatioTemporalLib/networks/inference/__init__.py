"""What trained networks say of patients."""
