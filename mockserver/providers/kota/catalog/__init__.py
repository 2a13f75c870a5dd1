"""The catalog: insurers, and the cover and the prices of their plans."""
