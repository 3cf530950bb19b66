"""The input function of a series: measured, given, or of a population."""
