"""What each page asks, and what each of its buttons does."""
