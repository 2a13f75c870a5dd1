"""HTTP/1.1 over sockets: connection, parser, resolver (which provider, which operation), edge, response."""
