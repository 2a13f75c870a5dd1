"""HTTP/1.1 as it comes over a socket, read strictly and written carefully."""
