"""Sessions on pages that a platform embeds or Kota hosts."""
