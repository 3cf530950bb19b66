"""When contrast arrives, how it passes, and what brings it."""
