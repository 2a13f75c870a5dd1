"""Where sandboxes are kept: the seam in base, and the stores behind it."""
