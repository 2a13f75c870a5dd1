"""What a plan would cost a group."""
