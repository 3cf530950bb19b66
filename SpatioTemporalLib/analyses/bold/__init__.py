"""Functional MRI: activation, information, latency, connectivity, entropy."""
