"""What employers and employees pay, month by month."""
