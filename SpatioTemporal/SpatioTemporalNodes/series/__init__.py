"""Series, frames and stacks of volumes."""
