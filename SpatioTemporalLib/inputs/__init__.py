"""What is checked of inputs before and while an analysis runs."""
