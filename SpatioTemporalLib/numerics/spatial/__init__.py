"""Voxels and their neighbours."""
