"""Kinds of what analyses take and give: how each is read, recognised, and held by nodes."""
