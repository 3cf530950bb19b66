"""Least squares of one or two exponentials with amplitudes that are not negative, for very many curves at once."""
