"""Group policies and their renewals."""
