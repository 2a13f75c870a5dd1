"""From paths and bodies to resources and what is done to them."""
