"""Cohorts and follow-up studies as folders."""
