"""What an evaluation of a bundle leaves in its folder."""

PREDICTIONS, REGIONS = "predictions.csv", "regions"
