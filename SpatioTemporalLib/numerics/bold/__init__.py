"""Signals of functional MRI: responses, designs, linear models with autocorrelated noise."""
