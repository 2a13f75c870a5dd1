"""The URL of the running server, and the TLS settings to connect to it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ssl import SSLContext


def server_url() -> str:
    """Returns TESTMODE_URL, by default the local URL with TESTMODE_PORT and the scheme that TESTMODE_TLS selects."""
    scheme = "https" if os.environ.get("TESTMODE_TLS", "").lower() in ("1", "true", "yes", "on") else "http"
    default = f"{scheme}://127.0.0.1:{os.environ.get('TESTMODE_PORT', '8080')}"
    return os.environ.get("TESTMODE_URL", default).rstrip("/")


def ssl_context() -> SSLContext:
    """Returns a TLS context that trusts the system's authorities and that of TESTMODE_CA_FILE or the data directory.

    Raises OSError if the file cannot be read.
    """
    # Imported here because health checks over plain HTTP do not need it.
    import ssl

    context = ssl.create_default_context()
    default = Path(os.environ.get("TESTMODE_DATA", ".testmode")) / "tls" / "ca.pem"
    file = os.environ.get("TESTMODE_CA_FILE")
    if file or default.is_file():
        context.load_verify_locations(file or default)
    return context
