"""Tables and curves as text."""
