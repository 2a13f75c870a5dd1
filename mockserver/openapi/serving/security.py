"""Authenticates and authorizes calls by the document's security schemes, with keys of this server."""

from __future__ import annotations

from base64 import b64decode
from binascii import Error
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode

from mockserver.engine import Call, Credential, KeyPolicy, Problem, Randomness, Reply
from mockserver.engine import authenticate as engine_authenticate
from mockserver.openapi.document.document import Document, DocumentOperation

KEY_PREFIX = "test_"
"""The prefix of keys. It shows whether the user name or the password of basic authentication is the key."""
Scheme = Mapping[str, Any]
SecretReader = Callable[[Mapping[str, str], str], str | None]
"""Returns the secret in a request, or None; gets the headers by lower-case name and the raw query string."""


def _read_bearer(headers: Mapping[str, str], _query: str) -> str | None:
    kind, _, secret = headers.get("authorization", "").partition(" ")
    return secret.strip() if kind.lower() == "bearer" else None


def _read_basic(headers: Mapping[str, str], _query: str) -> str | None:
    kind, _, encoded = headers.get("authorization", "").partition(" ")
    if kind.lower() != "basic":
        return None
    try:
        name, _, password = b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (Error, UnicodeDecodeError):
        return ""
    return name if name.startswith(KEY_PREFIX) else password


def _scheme_reader(scheme: str) -> SecretReader:
    def read(headers: Mapping[str, str], _query: str) -> str | None:
        kind, _, secret = headers.get("authorization", "").partition(" ")
        return secret.strip() if kind.lower() == scheme else None

    return read


def header_name(name: str) -> str:
    """Returns a header name as calls have it: in lower case, with ``-`` for ``_``, which WSGI cannot distinguish."""
    return name.lower().replace("_", "-")


def _header_reader(name: str) -> SecretReader:
    def read(headers: Mapping[str, str], _query: str) -> str | None:
        value = headers.get(header_name(name))
        # Many clients put a word such as Bearer or Token before a key in Authorization.
        return None if value is None else value.strip().rpartition(" ")[2]

    return read


def _query_reader(name: str) -> SecretReader:
    def read(_headers: Mapping[str, str], query: str) -> str | None:
        return next((value for key, value in parse_qsl(query, keep_blank_values=True) if key == name), None)

    return read


def _cookie_reader(name: str) -> SecretReader:
    def read(headers: Mapping[str, str], _query: str) -> str | None:
        pairs = (piece.strip().partition("=") for piece in headers.get("cookie", "").split(";"))
        return next((unquote(value) for key, _, value in pairs if key == name), None)

    return read


_READERS_BY_LOCATION: dict[str, Callable[[str], SecretReader]] = {
    "header": _header_reader,
    "query": _query_reader,
    "cookie": _cookie_reader,
}


def secret_reader(scheme: Scheme) -> SecretReader:
    """Returns the function that reads a scheme's secret.

    OAuth 2, OpenID Connect and all unknown schemes use bearer tokens.
    """
    kind = scheme.get("type")
    if kind == "apiKey" and scheme.get("in") in _READERS_BY_LOCATION:
        return _READERS_BY_LOCATION[scheme["in"]](str(scheme.get("name", "")))
    if kind == "http":
        name = str(scheme.get("scheme", "bearer")).lower()
        return {"bearer": _read_bearer, "basic": _read_basic}.get(name) or _scheme_reader(name)
    return _read_bearer


class Security:
    """Credentials, keys and the stage ``authenticate`` for one document."""

    def __init__(self, document: Document) -> None:
        self._readers = {name: secret_reader(scheme) for name, scheme in document.schemes.items()}
        self._operations = {each.name: each for each in document.operations}
        scopes = {
            scope for each in document.operations for needed in each.security for s in needed.values() for scope in s
        }
        self.scopes = tuple(sorted(scopes | set(_declared_scopes(document.schemes))))

    def credential(self, headers: Mapping[str, str], query: str) -> Credential:
        """Reads the credential of a request by all schemes of the document."""
        read = [each(headers, query) for each in self._readers.values() or (_read_bearer,)]
        secrets = [secret for secret in read if secret is not None]
        # If there are several secrets, the one with the prefix of a key selects the sandbox.
        secret = next((each for each in secrets if each.startswith(KEY_PREFIX)), next(iter(secrets), None))
        return Credential(secret or None, shown=bool(secrets))

    def key_policy(self) -> KeyPolicy:
        """Returns the policy for keys: they have ``test_`` and 32 characters, and all scopes by default."""
        return KeyPolicy(mint=_mint, scopes=self.scopes)

    def stage(self) -> Callable[[Call, Callable[[Call], Reply]], Reply]:
        """Returns the engine's stage ``authenticate``, extended by the security requirements of each operation."""

        def authenticate(call: Call, proceed: Callable[[Call], Reply]) -> Reply:
            operation = self._operations[call.operation.name] if call.operation else None
            if operation is None or not operation.security:
                return proceed(call)
            needed = self._required_scopes(call, operation)
            if needed is None:
                return proceed(call)
            return engine_authenticate(call, lambda authenticated: _check_scopes(authenticated, needed, proceed))

        return authenticate

    def _required_scopes(self, call: Call, operation: DocumentOperation) -> tuple[str, ...] | None:
        """Returns the scopes of the first requirement that the call meets; None if it needs no key.

        Sets the call's credential to the secret for that requirement. Raises Problem if the call meets none.
        """
        detail: str | None = None
        for requirement in operation.security:
            secrets = {name: self._secret(call, name) for name in requirement}
            missing = [name for name, secret in secrets.items() if secret is None]
            if missing:
                detail = detail or f"{' and '.join(missing)} must be sent"
                continue
            if not requirement:
                # Calls without a key are allowed; a key that was sent is checked by the other requirements.
                if call.credential.shown:
                    continue
                return None
            self._check_secrets(call, [secret for secret in secrets.values() if secret is not None])
            return tuple(scope for scopes in requirement.values() for scope in scopes)
        if any(not requirement for requirement in operation.security):
            return None
        raise Problem("no_credentials", detail or "No API key was sent")

    def _secret(self, call: Call, scheme: str) -> str | None:
        read = self._readers.get(scheme)
        if read is None:
            return call.credential.secret
        secret = read(call.headers, "")
        if secret is not None:
            return secret
        return read({}, urlencode(call.query, errors="replace"))

    def _check_secrets(self, call: Call, secrets: list[str]) -> None:
        """Raises Problem unless all secrets are keys of the sandbox; the first becomes the call's credential."""
        for secret in secrets:
            if secret not in call.sandbox.keys:
                raise Problem("bad_credentials", "The API key is not known")
        call.credential = Credential(secrets[0], shown=True)


def _check_scopes(call: Call, needed: tuple[str, ...], proceed: Callable[[Call], Reply]) -> Reply:
    missing = [scope for scope in needed if call.key is not None and scope not in call.key.scopes]
    if missing:
        raise Problem("scope_missing", f"The key lacks {', '.join(missing)}")
    return proceed(call)


def _declared_scopes(schemes: Mapping[str, Scheme]) -> Iterator[str]:
    for scheme in schemes.values():
        for flow in (scheme.get("flows") or {}).values():
            yield from (flow or {}).get("scopes") or {}


def _mint(randomness: Randomness, sandbox: str, nth: int, mode: str) -> str:
    return KEY_PREFIX + randomness.text(f"key:{sandbox}:{mode}", nth, 32)
