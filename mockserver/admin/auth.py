"""Who may come in: whoever shows the token, and a browser that has shown it once."""

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
"""A browser stays signed in for so many seconds."""
SIGN_IN_PATH = "/console/sign-in"
"""Where a browser is sent, behind the prefix."""
_MAX_SIGNED_OUT = 10_000


class AdminAuth:
    """Guards everything whose first path segment is ours, whether it exists or not."""

    def __init__(self, prefix: str, token: str) -> None:
        self.public_endpoints: set[str] = set()
        """The endpoints a browser needs before it has signed in."""
        self._prefix = prefix
        self._token = token
        self._signed_out: deque[str] = deque(maxlen=_MAX_SIGNED_OUT)

    def check(self, request: Request) -> Response | None:
        """The answer to whoever may not come in; None lets the request pass."""
        if request.path.split("/", 2)[1:2] != [self._prefix[1:]]:
            return None
        scheme, _, shown = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "bearer" and self.is_token(shown.strip()):
            return None
        if request.endpoint not in self.public_endpoints and not self.is_signed_in(request):
            return self._reject(request)
        if request.method not in SAFE_METHODS and _is_cross_origin(request):
            return render_problem(403, "another site sent this request: it was not sent from the console's own pages")
        return None

    def is_token(self, token: str) -> bool:
        """Whether this is the admin token, told in the same time whatever was shown."""
        return hmac.compare_digest(token.encode(), self._token.encode())

    def sign_in(self, request: Request, response: Response) -> None:
        """Let the browser come in from now on: with a value signed by the token, which is not the token."""
        self._set_cookie(request, response, self._new_session(), SESSION_SECONDS)

    def sign_out(self, request: Request, response: Response) -> None:
        """Let the browser, or whoever has copied its cookie, come in no more."""
        self._signed_out.append(request.cookies.get(_cookie_name(request), ""))
        self._set_cookie(request, response, "", 0)

    def is_signed_in(self, request: Request) -> bool:
        """Whether the request carries what a browser got when it signed in."""
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
        how = {"digest_method": sha256, "key_derivation": "hmac"}
        return URLSafeTimedSerializer(self._token, salt="testmode console session", signer_kwargs=how)

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
            there = quote(request.full_path.rstrip("?"), safe="/")
            return Response(status=303, headers={"Location": f"{self._prefix}{SIGN_IN_PATH}?next={there}"})
        response = render_problem(
            401, "send the admin token: Authorization: Bearer <token>; it was printed at the start"
        )
        response.headers["WWW-Authenticate"] = 'Bearer realm="testmode admin"'
        return response


def _cookie_name(request: Request) -> str:
    # Browsers do not tell ports apart when they send cookies: two servers on one machine would sign each other out.
    return f"testmode_session_{urlsplit(request.host_url).port or 80}"


def _is_cross_origin(request: Request) -> bool:
    """Whether a page of another origin has made the browser send this (what Go 1.25 and Datasette ask too)."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = request.headers.get("Origin")
    return origin is not None and origin != request.host_url.rstrip("/")
