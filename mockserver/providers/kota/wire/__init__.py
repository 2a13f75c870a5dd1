"""How Kota speaks HTTP: keys, answers and refusals, lists, how operations are declared."""
