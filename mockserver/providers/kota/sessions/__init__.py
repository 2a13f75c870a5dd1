"""Sessions for embedded and hosted pages."""
