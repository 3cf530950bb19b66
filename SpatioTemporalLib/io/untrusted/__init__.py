"""What a file claims, before it is believed."""
