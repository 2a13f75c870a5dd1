"""What happens off stage, by subject."""
