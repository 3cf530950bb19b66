"""Losses of times until an event, and of representations that tell patients apart by them."""
