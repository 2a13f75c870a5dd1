"""Implements ``--tls``: a certificate authority, and a certificate for the names of the server."""

from __future__ import annotations

import logging
import os
import re
import ssl
from collections.abc import Iterable
from pathlib import Path
from shutil import rmtree
from socket import gethostname
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Final
from weakref import finalize

from mockserver.addresses import is_ip_address
from mockserver.settings import BadSettings, ServerSettings

if TYPE_CHECKING:
    from trustme import CA

_NAME: Final = re.compile(r"(?:\*\.)?[a-z0-9-]+(?:\.[a-z0-9-]+)*")
_log = logging.getLogger("testmode")


class CertificateAuthority:
    """A certificate authority that is read from ``folder`` or created there; without a folder it is temporary.

    Clients must trust the certificate in ``file``. Raises OSError or ValueError if the files cannot be read, and
    ImportError if trustme is not installed.
    """

    def __init__(self, folder: Path | None) -> None:
        if folder is None:
            folder = Path(mkdtemp(prefix="testmode-tls-"))
            finalize(self, rmtree, folder, ignore_errors=True)
        self._folder = folder
        self.file = self._folder / "ca.pem"
        self._authority = self._load() or self._create()

    def create_ssl_context(self, names: Iterable[str]) -> ssl.SSLContext:
        """Returns a server context with a certificate for these names and addresses; logs and skips invalid names."""
        valid_names = [name for name in dict.fromkeys(names) if _can_be_certified(name)]
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        # No session tickets: a client would receive them before a simulated connection reset.
        context.num_tickets = 0
        self._authority.issue_cert(*valid_names).configure_cert(context)
        return context

    def _load(self) -> CA | None:
        from trustme import CA

        if not self._key.is_file() or not self.file.is_file():
            return None
        return CA.from_pem(self.file.read_bytes(), self._key.read_bytes())

    def _create(self) -> CA:
        from trustme import CA

        authority = CA(organization_name="Testmode")
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(self._key, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as key:
            key.write(authority.private_key_pem.bytes())
        authority.cert_pem.write_to_path(str(self.file))
        return authority

    @property
    def _key(self) -> Path:
        return self._folder / "ca.key"


def open_certificate_authority(settings: ServerSettings) -> CertificateAuthority | None:
    """Returns the certificate authority if TLS is on, else None; raises BadSettings if it cannot be made."""
    if not settings.tls:
        return None
    is_persistent = settings.store is not None or settings.effective_durability != "memory"
    try:
        return CertificateAuthority(settings.data / "tls" if is_persistent else None)
    except ImportError as error:
        remedy = "install Testmode with its extra tls, or `pip install trustme`"
        raise BadSettings(f"tls needs the package {error.name}; {remedy}") from None
    except (OSError, ValueError) as error:
        raise BadSettings(f"tls: {error}") from None


def certificate_names(settings: ServerSettings, providers: Iterable[str]) -> list[str]:
    """Returns the names for the certificate.

    They include ``kota.localhost`` and so on, because OpenSSL does not match these with ``*.localhost``.
    """
    local_names = ["localhost", "127.0.0.1", "::1", "*.localhost", *(f"{name}.localhost" for name in providers)]
    return [*local_names, settings.host, gethostname().lower(), *(name.lower() for name in settings.allowed_hosts)]


def _can_be_certified(name: str) -> bool:
    if is_ip_address(name) or _NAME.fullmatch(name):
        return True
    _log.warning("tls: the certificate does not contain %r, because it is not a valid host name or address", name)
    return False
