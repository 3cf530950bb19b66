"""Bundles of the layout of MONAI's Model Zoo: their configuration is read, and never run."""
