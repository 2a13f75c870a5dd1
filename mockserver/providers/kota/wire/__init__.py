"""The HTTP side of Kota: keys, responses, refusals, lists, and the declaration of operations."""
