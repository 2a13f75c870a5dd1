"""SmartEPI's API keys: how requests carry them, and how they are generated."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from mockserver.engine import Call, Credential, KeyPolicy, Problem, Randomness, Reply
from mockserver.engine import authenticate as engine_authenticate
from mockserver.providers.smartepi.assumptions import assumptions_of


def read_credential(headers: Mapping[str, str], query: str) -> Credential:  # noqa: ARG001
    """Reads the key from `Authorization: Bearer sk_...`; any other Authorization header counts as an invalid key."""
    header = headers.get("authorization")
    if header is None:
        # The assumption ``key_elsewhere`` is not available here. So x-api-key is read, but marked as not presented;
        # the stage `authenticate` uses it if the assumption accepts it.
        return Credential(headers.get("x-api-key"), shown=False)
    scheme, _, secret = header.partition(" ")
    well_formed = scheme.lower() == "bearer" and secret.startswith("sk_")
    return Credential(secret if well_formed else None, shown=True)


def authenticate(call: Call, proceed: Callable[[Call], Reply]) -> Reply:
    """Applies the assumptions about the headers, then runs the engine's stage."""
    assumptions, header = assumptions_of(call), call.headers.get("authorization")
    if header is None and call.credential.secret is not None and assumptions.key_elsewhere == "x-api-key":
        call.credential = Credential(call.credential.secret, shown=True)
    if header is not None:
        scheme = header.partition(" ")[0]
        wrong_case = scheme != "Bearer" and assumptions.lowercase_bearer == "refused"
        if wrong_case or call.credential.secret is None:
            code = "no_credentials" if assumptions.malformed_authorization == 401 else "bad_credentials"
            raise Problem(code, "Authorization is not `Bearer sk_...`")
    return engine_authenticate(call, proceed)


def _mint(randomness: Randomness, sandbox: str, nth: int, mode: str) -> str:
    return f"sk_{randomness.token(f'key:{sandbox}:{mode}', nth, 43)}"


KEYS = KeyPolicy(mint=_mint, modes=("live",), initial_modes=("live",))
"""Keys are `sk_` and 43 characters, the length of 32 bytes in base64url. There is no test mode: every key is live."""
