"""Values of regions that lie beside one another."""
