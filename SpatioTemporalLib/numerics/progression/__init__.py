"""Courses of disease over the visits of many people: curves, states, and when a threshold is passed."""
