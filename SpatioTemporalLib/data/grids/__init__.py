"""Grids of voxels: what is regular, and what labels a grid can hold."""
