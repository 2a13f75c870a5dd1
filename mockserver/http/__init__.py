"""HTTP/1.1 over sockets: connection, parser, resolver (provider and operation of a request), edge, response."""
