"""How a result came about, and whether it is the same again: manifest, environment, verdict."""
