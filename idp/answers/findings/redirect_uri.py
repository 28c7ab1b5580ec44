"""The redirect URI, compared with those that are registered, character by character."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address
from typing import Final

from clients import redirects
from clients.profiles import PROFILES
from idp.answers.commands import adding_address, not_registrable
from idp.answers.differences import differences
from idp.answers.finding import Finding
from idp.answers.findings.logout import others_at
from idp.answers.seen import Seen, shown_uri
from idp.normal_forms import taken_apart

_SIGNS_NOBODY_IN: Final = (
    "It is registered as a program that signs nobody in (profile {}), and sends people here: register the application "
    "that they sign in to by itself, as web, spa or native (doorward client add oidc --profile web), and give it that "
    "client id."
)
_LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")


def look(seen: Seen) -> Iterator[Finding]:
    """RFC 6749 §3.1.2.3, RFC 9700 §2.1: the same to the last character."""
    got, mine = seen.sent.get("redirect_uri"), seen.client.oidc
    if not got:
        if "request" not in seen.sent:
            fix = "Let the application send redirect_uri: it is never left out here."
            yield Finding("redirect_uri_missing", "application", "redirect_uri", fix, ", ".join(mine.redirect_uris))
        return
    if redirects.is_registered(got, mine):
        return
    nearest = redirects.nearest(got, mine.redirect_uris)
    if not nearest:
        fix = "No redirect URI is registered for it: "
        if not PROFILES[seen.client.profile].redirects:
            fix = _SIGNS_NOBODY_IN.format(seen.client.profile)
            yield Finding("redirect_uri", "application", "profile", fix, "web, spa or native", seen.client.profile)
            return
        if refused := not_registrable(seen, "redirect_uris", got):
            fix += f"add its own; the one that it sends could not be registered ({refused})"
        else:
            fix += f"add the one that it sends: {adding_address(seen.client, 'redirect_uris', got, ())}"
        yield Finding("redirect_uri", "doorward", "redirect_uris", fix, "", shown_uri(got))
        return
    how = "; ".join(differences(got, nearest))
    fix = f"{how[0].upper()}{how[1:]}. Correct it in the settings of {seen.client.name}"
    register = ""  # last: what is copied ends where the text ends
    if refused := not_registrable(seen, "redirect_uris", got):
        fix += f": what it sends could not be registered either ({refused})."
    else:
        fix += "."
        register = " Only if what it sends is meant, register it here as well: "
        register += adding_address(seen.client, "redirect_uris", got, mine.redirect_uris)
    fix += _likely(got, nearest)
    if got in mine.post_logout_redirect_uris:
        fix += " What it sends is registered for after the sign-out (post_logout_redirect_uris): the two are swapped."
    if any(redirects.is_registered(got, one.oidc) for one in others_at(seen, got)):
        fix += (
            " What it sends is registered for another application here (its test system?): then it has the client id "
        )
        fix += "of the one and the address of the other."
    yield Finding("redirect_uri", "application", "redirect_uri", fix + register, nearest, shown_uri(got))


def _likely(got: str, nearest: str) -> str:
    """Why an application sends such an address, where it is known."""
    host, mine = _host(got), _host(nearest)
    if any(mark in got.lower() for mark in ("${", "{{", "%24%7b", "undefined", "null/", "[object", "<")):
        return " A placeholder in it was not filled in: the application's setting for its own address is empty."
    if got.startswith("urn:ietf:wg:oauth:2.0:oob"):
        return " Out-of-band codes are not spoken any more: let it listen on http://127.0.0.1 (profile native)."
    if not _scheme(got):
        return " It is no whole address: set the application's public address (base URL) in its settings."
    if "*" in got:
        return " An address is registered and sent in full: nothing stands for “any”."
    if "&amp;" in got:
        return " “&amp;” is the & of a page's source: the application sends an address that was escaped for HTML."
    if got.split("#")[0] == nearest and "#" in got:
        return " A redirect URI has no fragment (RFC 6749 §3.1.2): let its router use paths, not “#”."
    if not got.startswith(("http://", "https://")) and nearest.startswith("https://"):
        return " A scheme of its own is for an app on people's devices: register that one by itself (profile native)."
    if host in _LOOPBACK and mine not in _LOOPBACK:
        return (
            " It runs on somebody's own machine: give developers an application of their own, with this address. On a "
            "server: set its public address there."
        )
    if got.startswith("http://") and nearest.startswith("https://") and host == mine:
        return (
            " It most likely stands behind a proxy that ends TLS, and does not know it: switch on its setting to trust "
            "the proxy (X-Forwarded-Proto), or set its public address to https."
        )
    if host != mine and not {host, mine} <= set(_LOOPBACK) and ("." not in host or _is_private(host)):
        return (
            " Most likely it sees its own inner name, as a container or behind a proxy: set its public address there, "
            "or switch on its setting to trust the proxy (X-Forwarded-Host)."
        )
    return ""


def _scheme(uri: str) -> str:
    try:
        return taken_apart(uri).scheme
    except ValueError:
        return ""


def _is_private(host: str) -> bool:
    try:
        return ip_address(host).is_private
    except ValueError:
        return host.endswith((".local", ".internal", ".svc", ".lan"))


def _host(uri: str) -> str:
    try:
        return taken_apart(uri).hostname or ""
    except ValueError:
        return ""
