"""The plans there are: what they cover, whom they cover, what that costs."""
