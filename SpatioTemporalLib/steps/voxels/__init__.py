"""From voxels to maps, regions and reasons."""
