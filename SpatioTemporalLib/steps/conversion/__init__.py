"""From signal to concentration or enhancement."""
