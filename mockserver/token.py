"""The admin API's token: the one secret that is not made from a seed."""

import secrets  # noqa: TID251


def new_token() -> str:
    """A token nobody can guess."""
    return secrets.token_urlsafe(24)
