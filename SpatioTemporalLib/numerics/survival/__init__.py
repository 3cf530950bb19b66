"""Times until an event, some only known to be longer than a time: curves, models, and how good they are."""
