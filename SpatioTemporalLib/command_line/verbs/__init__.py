"""What the command can be told to do, a verb a file."""
