"""Kinetic modelling of contrast agents and tracers."""
