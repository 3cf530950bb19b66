"""What is read from and said on the terminal."""
