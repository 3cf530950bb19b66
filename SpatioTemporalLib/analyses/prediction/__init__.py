"""How well measurements tell patients apart."""
