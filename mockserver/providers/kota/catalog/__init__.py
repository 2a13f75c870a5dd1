"""The catalog: insurers, and what their plans cover and cost."""
