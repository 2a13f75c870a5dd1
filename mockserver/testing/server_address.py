"""Where a running server is, and what a client of ours knows it by when it speaks https."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ssl import SSLContext


def server_url() -> str:
    """TESTMODE_URL, or where a server with this environment listens on this machine."""
    scheme = "https" if os.environ.get("TESTMODE_TLS", "").lower() in ("1", "true", "yes", "on") else "http"
    here = f"{scheme}://127.0.0.1:{os.environ.get('TESTMODE_PORT', '8080')}"
    return os.environ.get("TESTMODE_URL", here).rstrip("/")


def ssl_context() -> SSLContext:
    """Trusts what this machine does, and the authority in TESTMODE_CA_FILE or in the data directory.

    Raises OSError when that file cannot be read.
    """
    # A health check over plain HTTP does without it.
    import ssl

    made = ssl.create_default_context()
    kept = Path(os.environ.get("TESTMODE_DATA", ".testmode")) / "tls" / "ca.pem"
    named = os.environ.get("TESTMODE_CA_FILE")
    if named or kept.is_file():
        made.load_verify_locations(named or kept)
    return made
