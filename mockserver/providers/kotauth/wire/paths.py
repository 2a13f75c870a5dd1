"""The base path of Kotauth's operations, and the statuses of their refusals."""

BASE = "/t/{slug}/api/v1"
READ_REFUSALS = (401, 403, 404, 429)
"""Lists have 404 too: it means that the workspace does not exist."""
WRITE_REFUSALS = (400, 401, 403, 404, 409, 413, 422, 429)
