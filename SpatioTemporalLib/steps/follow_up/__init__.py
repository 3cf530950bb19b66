"""Visits of a patient: days, lesions, regions, registration."""
