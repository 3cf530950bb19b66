"""Steps that several analyses share, each with the parameters it brings."""
