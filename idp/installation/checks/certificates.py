"""Checks of the certificates of applications (RFC 8705): settings, authorities, and what the proxy passes on."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from idp.installation.checks.findings import Finding, Found

if TYPE_CHECKING:
    from idp.config import Settings
    from idp.protocols import Services

WHAT = "certificates"
SOON = 30 * 86400.0  # seconds before an authority ends that it is told
#: What no proxy writes: it arrives only where the proxy passes on what clients wrote.
FORGED = "doorward-doctor"


def examine_settings(settings: Settings) -> Found:
    """What they say alone."""
    oauth = settings.oauth
    rest = [
        name for name in ("client_certificate_header", "client_certificate_ca", "mtls_origin") if getattr(oauth, name)
    ]
    if not oauth.client_certificates:
        for name in rest:
            text = f"oauth.{name} is set, and oauth.client_certificates is not: no certificate is taken"
            yield Finding(WHAT, "warning", text, "name the proxy's format in oauth.client_certificates")
        return
    if not settings.server.trusted_proxies:
        text = "oauth.client_certificates is set, and server.trusted_proxies is empty: no proxy is believed"
        yield Finding(WHAT, "warning", text, "name the proxy's address in server.trusted_proxies")
    if oauth.mtls_origin and urlsplit(oauth.mtls_origin).netloc == urlsplit(settings.server.issuer).netloc:
        text = "oauth.mtls_origin is the issuer's own: browsers are asked for certificates there as well"
        yield Finding(WHAT, "warning", text, "give it another host name or port, or leave it empty")


def examine(services: Services) -> Found:
    """Which applications need what, and the file of the authorities."""
    from idp.oidc.certificates import arriving

    methods = ("tls_client_auth", "self_signed_tls_client_auth")
    needing: dict[str, list[str]] = {}
    for entry in services.registry.list(None, 1000):
        client = services.registry.find(entry.id)
        if client is None or client.saml is not None or not client.enabled:
            continue
        for method in methods:
            if method in client.oidc.auth_methods and not arriving.is_taken(services.settings, method):
                needing.setdefault(method, []).append(client.name)
        if client.oidc.tls_client_certificate_bound_access_tokens and not services.settings.oauth.client_certificates:
            needing.setdefault("bound tokens", []).append(client.name)
    for what, names in needing.items():
        is_set = what == "tls_client_auth" and services.settings.oauth.client_certificates
        setting = "oauth.client_certificate_ca" if is_set else "oauth.client_certificates"
        text = f"{', '.join(names[:3])}{' …' if len(names) > 3 else ''}: {what} needs {setting}, which is not set"
        yield Finding(WHAT, "error", text, f"set {setting}: “Certificates of applications” in docs/operating.md")
    if services.settings.oauth.client_certificate_ca:
        yield from _authorities(services)
    if services.settings.oauth.client_certificates:
        yield from _proxy(services)


def _authorities(services: Services) -> Found:
    from idp.oidc.certificates import authorities
    from idp.oidc.certificates.certificate import day

    file = services.settings.path(services.settings.oauth.client_certificate_ca)
    try:
        found = authorities.read(file)
    except (OSError, ValueError) as error:
        fix = "put the authorities' certificates (PEM) there, readable for Doorward's account"
        yield Finding(WHAT, "error", f"oauth.client_certificate_ca: {file}: {error}", fix)
        return
    now = services.clock()
    for one in found:
        name, ends = one.subject.rfc4514_string(), one.not_valid_after_utc.timestamp()
        if ends < now + SOON:
            text = f"oauth.client_certificate_ca: {name} {'has run out' if ends < now else 'runs out'} {day(ends)}"
            yield Finding(WHAT, "error" if ends < now else "warning", text, "put its successor beside it")
        if not authorities.is_authority(one):
            text = f"oauth.client_certificate_ca: {name} is no authority (CA:FALSE); it proves nothing"
            yield Finding(WHAT, "warning", text, "put the certificate of who issued it there")
    yield Finding(WHAT, "ok", f"{len(found)} of authorities in {file}")


def _proxy(services: Services) -> Found:
    """RFC 8705 §6.4: a proxy must take away what clients write. It is tried, at each origin."""
    from idp.oidc.certificates import arriving

    header, path = arriving.header_of(services.settings), services.settings.server.issuer_path
    own = services.issuer.removesuffix(path)
    for origin in filter(None, (own, services.settings.oauth.mtls_origin)):
        came = _asked(f"{origin}{path}/oauth/certificate", header)
        if came == "certificate_unreadable":
            text = (
                f"the proxy at {origin} passes on the {header} that a client wrote: anybody can pass for an application"
            )
            fix = f'overwrite it there (nginx: proxy_set_header {header} ""; or the certificate\'s variable)'
            yield Finding(WHAT, "error", text, fix)
        elif came == "certificate_elsewhere":
            text = f"the proxy at {origin} passes on the {header} that a client wrote; it is ignored there"
            yield Finding(WHAT, "warning", text, f'remove it there (nginx: proxy_set_header {header} "")')
        elif came in ("certificate_not_passed_on", "certificate_missing"):
            yield Finding(WHAT, "ok", f"the proxy at {origin} takes away a {header} that clients write")
        elif came == "certificate_untrusted":
            text = f"what stands before {origin} is no trusted proxy, so no certificate is believed"
            yield Finding(WHAT, "error", text, "name its address in server.trusted_proxies")
        else:
            yield Finding(WHAT, "warning", f"nothing at {origin} says what becomes of {header} ({came})",
                          "start the server, and lead the address to it")  # fmt: skip


def _asked(url: str, header: str) -> str:
    """What became of a header that we wrote: a kind, or why nothing is known."""
    from urllib.request import Request, urlopen

    try:
        with urlopen(Request(url, headers={header: FORGED}), timeout=3) as answer:  # noqa: S310  the operator's own
            return str(json.load(answer).get("kind") or "another answer")
    except ValueError:
        return "another answer"
    except OSError as error:
        return str(getattr(error, "reason", error))[:100]
