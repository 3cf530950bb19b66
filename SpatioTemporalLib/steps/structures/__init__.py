"""Structures and lesions drawn at visits: what each is, how large, where, and how they stand to one another."""
