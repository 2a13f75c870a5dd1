"""Creates admin tokens, the only secrets that are not derived from a seed."""

import secrets  # noqa: TID251


def new_token() -> str:
    """Returns 24 random bytes as URL-safe base64."""
    return secrets.token_urlsafe(24)
