"""One method a file. The registry finds them; nothing else names them."""
