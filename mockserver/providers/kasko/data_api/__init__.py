"""The Data API: datasets and their items."""
