"""What can be learned, one task a file; training, bundles and assessment know none of them by name."""
