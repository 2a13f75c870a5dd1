"""The stages that a call passes, one file each; pipeline.py has their order."""
