"""Public collections of images, made into cohorts."""
