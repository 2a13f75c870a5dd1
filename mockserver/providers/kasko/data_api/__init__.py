"""The Data API: datasets, leads, media."""
