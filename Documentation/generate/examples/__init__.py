"""What each analysis is shown on: the shipped examination, or a small simulation."""

from .offer import example_of as example_of
