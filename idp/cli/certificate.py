"""The certificate of `server.tls_certificate`, looked at before anything is served by it (G2)."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from typing import Any

from idp.cli.workers import Look, looks
from idp.installation.failures import Refused


@dataclass(frozen=True, slots=True)
class Certificate:
    """`files`: of the chain and of its key; `watched`: what they were like before they were read."""

    files: tuple[str, str]
    watched: dict[str, Look | None]


def read(server: Any) -> Certificate | None:
    """None: plain HTTP. Errors: `Refused`, where nobody could connect by it."""
    if not server.tls_certificate:
        return None
    files = server.tls_certificate, server.tls_key
    watched = looks(files)
    for setting, file in zip(("tls_certificate", "tls_key"), files, strict=True):
        try:
            with open(file, "rb"):
                pass
        except OSError as error:
            raise Refused(f"server.{setting}: {file}: {error.strerror}") from None
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(*files, password=_no_passphrase)
    except (ssl.SSLError, ValueError) as error:
        raise Refused(f"server.tls_certificate, server.tls_key: {_why(error)}") from None
    return Certificate(files, watched)


def _no_passphrase() -> str:
    raise ValueError("the key is under a passphrase; give one without, that nobody else can read")


def _why(error: Exception) -> str:
    reason = getattr(error, "reason", None)
    if reason == "KEY_VALUES_MISMATCH":
        return "the key is not that of the certificate"
    if reason is not None or isinstance(error, ssl.SSLError):
        return f"expected PEM, the certificate with those in between, and its key ({str(reason or error).lower()})"
    return str(error)
