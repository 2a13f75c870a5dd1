"""The way of a call through its stages, one file each; pipeline.py has their order."""
