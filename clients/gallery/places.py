"""What the patterns of a template may name: our values, and what was made of the answers."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from clients.gallery.template import Connection, OidcConnection, SamlConnection

_OIDC = frozenset((
    "issuer", "discovery_url", "authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri",
    "end_session_endpoint", "introspection_endpoint", "revocation_endpoint", "client_id", "client_secret",
    "redirect_uri", "post_logout_redirect_uri",
))  # fmt: skip
_SAML = frozenset((
    "issuer", "metadata_url", "idp_entity_id", "sso_url", "slo_url", "start_url", "certificate", "certificate_line",
    "fingerprint_sha1", "fingerprint_sha256", "entity_id", "acs",
))  # fmt: skip
ALL = _OIDC | _SAML


@dataclass(frozen=True, slots=True, kw_only=True)
class Ours:
    """What the other side is told of us. `certificate`: DER. Without a registered application, words stand for it."""

    issuer: str
    discovery_url: str
    authorization_endpoint: str
    token_endpoint: str
    userinfo_endpoint: str
    jwks_uri: str
    end_session_endpoint: str
    introspection_endpoint: str
    revocation_endpoint: str
    metadata_url: str
    idp_entity_id: str
    sso_url: str
    slo_url: str
    certificate: bytes
    start_url: str = ""
    client_id: str = "CLIENT_ID"
    client_secret: str = "CLIENT_SECRET"

    def values(self) -> dict[str, str]:
        """By the names that patterns have for them."""
        line = base64.b64encode(self.certificate).decode()
        rows = "\n".join(line[at : at + 64] for at in range(0, len(line), 64))
        plain = {name: str(getattr(self, name)) for name in self.__dataclass_fields__ if name != "certificate"}
        return {
            **plain,
            "certificate": f"-----BEGIN CERTIFICATE-----\n{rows}\n-----END CERTIFICATE-----",
            "certificate_line": line,
            "fingerprint_sha1": _fingerprint("sha1", self.certificate),
            "fingerprint_sha256": _fingerprint("sha256", self.certificate),
        }


def _fingerprint(algorithm: str, certificate: bytes) -> str:
    """As products show and ask for one: pairs in upper case, parted by colons."""
    digest = hashlib.new(algorithm, certificate, usedforsecurity=False).hexdigest().upper()
    return ":".join(digest[at : at + 2] for at in range(0, len(digest), 2))


def of(protocol: str) -> frozenset[str]:
    """What the texts of one protocol may name, beside the answers."""
    return _OIDC if protocol == "oidc" else _SAML


def patterns(connection: Connection) -> Iterator[tuple[str, tuple[str, ...], bool]]:
    """Key, its patterns, and whether they may name values of ours: what is registered is made of answers alone."""
    yield "launch_url", (connection.launch_url,), False
    if isinstance(connection, OidcConnection):
        yield "redirect_uris", connection.redirect_uris, False
        yield "post_logout_redirect_uris", connection.post_logout_redirect_uris, False
        yield "backchannel_logout_uri", (connection.backchannel_logout_uri,), False
        yield "initiate_login_uri", (connection.initiate_login_uri,), False
    if isinstance(connection, SamlConnection):
        yield "entity_id", (connection.entity_id,), False
        yield "acs", connection.acs, False
        yield "logout", tuple(one.location for one in connection.logout), False
        yield "metadata_url", (connection.metadata_url,), False
    yield "steps", connection.steps, True
    yield "fields", tuple(field.value for field in connection.fields), True
    yield "env", connection.env, True
    yield "snippet", (connection.snippet.text,) if connection.snippet else (), True
