"""Parts of networks that answer for every voxel: stages under a condition, windows, scans, the way up."""
