"""How KASKO speaks HTTP: keys, media types, bodies, answers and refusals."""
