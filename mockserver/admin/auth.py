"""Authentication of the admin API and the console: the admin token, or a browser session."""

from __future__ import annotations

import hmac
from collections import deque
from hashlib import sha256
from urllib.parse import quote, urlsplit

from flask import Request, Response
from itsdangerous import BadData, URLSafeTimedSerializer

from mockserver.admin.refusals import render_problem
from mockserver.token import new_token

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
SESSION_SECONDS = 12 * 3600
"""Seconds that a browser stays signed in."""
SIGN_IN_PATH = "/console/sign-in"
"""Path of the sign-in page relative to the prefix; a browser without a session is redirected there."""
_MAX_SIGNED_OUT = 10_000
"""Maximum number of signed-out sessions that are remembered; beyond it the oldest is forgotten."""


class AdminAuth:
    """Authenticates every request whose first path segment is the prefix, whether the path exists or not."""

    def __init__(self, prefix: str, token: str) -> None:
        self.public_endpoints: set[str] = set()
        """Flask endpoints that need no authentication, because a browser uses them to sign in."""
        self._prefix = prefix
        self._token = token
        self._signed_out: deque[str] = deque(maxlen=_MAX_SIGNED_OUT)

    def check(self, request: Request) -> Response | None:
        """Returns the refusal of a request that is not authenticated, or None if the request may pass."""
        if request.path.split("/", 2)[1:2] != [self._prefix[1:]]:
            return None
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "bearer" and self.is_token(token.strip()):
            return None
        if request.endpoint not in self.public_endpoints and not self.is_signed_in(request):
            return self._reject(request)
        if request.method not in SAFE_METHODS and _is_cross_origin(request):
            return render_problem(403, "another site sent this request; send it from a page of the console")
        return None

    def is_token(self, token: str) -> bool:
        """Compares with the admin token in constant time."""
        return hmac.compare_digest(token.encode(), self._token.encode())

    def sign_in(self, request: Request, response: Response) -> None:
        """Sets a session cookie; it is signed with the admin token but does not contain it."""
        self._set_cookie(request, response, self._new_session(), SESSION_SECONDS)

    def sign_out(self, request: Request, response: Response) -> None:
        """Deletes the session cookie and invalidates every copy of it."""
        self._signed_out.append(request.cookies.get(_cookie_name(request), ""))
        self._set_cookie(request, response, "", 0)

    def is_signed_in(self, request: Request) -> bool:
        """Returns whether the request has a valid session cookie that is neither expired nor signed out."""
        value = request.cookies.get(_cookie_name(request), "")
        if not value or value in self._signed_out:
            return False
        try:
            self._signer().loads(value, max_age=SESSION_SECONDS)
        except BadData:
            return False
        return True

    def _new_session(self) -> str:
        value = self._signer().dumps(new_token())
        return value if isinstance(value, str) else value.decode()

    def _signer(self) -> URLSafeTimedSerializer:
        options = {"digest_method": sha256, "key_derivation": "hmac"}
        return URLSafeTimedSerializer(self._token, salt="testmode console session", signer_kwargs=options)

    def _set_cookie(self, request: Request, response: Response, value: str, seconds: int) -> None:
        response.set_cookie(
            _cookie_name(request),
            value,
            max_age=seconds,
            path=self._prefix,
            secure=request.is_secure,
            httponly=True,
            samesite="Strict",
        )

    def _reject(self, request: Request) -> Response:
        if request.method in ("GET", "HEAD") and "text/html" in request.headers.get("Accept", ""):
            target = quote(request.full_path.rstrip("?"), safe="/")
            return Response(status=303, headers={"Location": f"{self._prefix}{SIGN_IN_PATH}?next={target}"})
        response = render_problem(
            401, "send the admin token: Authorization: Bearer <token>; the server printed it at startup"
        )
        response.headers["WWW-Authenticate"] = 'Bearer realm="testmode admin"'
        return response


def _cookie_name(request: Request) -> str:
    # The port is in the name because cookies are shared between ports: two servers on one machine would otherwise
    # sign each other out.
    return f"testmode_session_{urlsplit(request.host_url).port or 80}"


def _is_cross_origin(request: Request) -> bool:
    """Returns whether a page of another origin caused the request; same check as in Go 1.25 and Datasette."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = request.headers.get("Origin")
    return origin is not None and origin != request.host_url.rstrip("/")
