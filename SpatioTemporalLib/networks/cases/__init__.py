"""How patients become tensors."""
