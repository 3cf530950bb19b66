"""JSON beside images, in BIDS names."""
