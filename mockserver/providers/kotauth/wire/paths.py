"""Where Kotauth's operations are, and what they may be refused with."""

BASE = "/t/{slug}/api/v1"
READ_REFUSALS = (401, 403, 404, 429)
"""404 is also for a workspace that does not exist."""
WRITE_REFUSALS = (400, 401, 403, 404, 409, 413, 422, 429)
