"""Networks on visits of one patient: shared blocks, and published systems composed of them (torch)."""
