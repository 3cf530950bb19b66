"""Tables of patients with what became of them, and of what was predicted."""
