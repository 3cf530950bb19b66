"""Training of networks that look at a patient's visits."""
