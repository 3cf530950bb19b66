"""Curves over time: sampled, integrated, convolved."""
