"""One module per page: ``show`` returns the page, the other functions handle its buttons and forms."""
