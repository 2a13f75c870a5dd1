"""How Kotauth speaks HTTP: keys, paths, bodies, records, answers and refusals."""
