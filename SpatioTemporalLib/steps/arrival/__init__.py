"""When contrast arrives in a series, and what its frames before that are."""
