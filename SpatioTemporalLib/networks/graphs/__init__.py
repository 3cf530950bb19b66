"""Layers on graphs of several kinds of nodes, dense: a patient has fewer than a hundred of them."""
