"""Tracers: frames, decay, plasma, and what analyses of them share."""
