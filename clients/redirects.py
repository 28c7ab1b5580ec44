"""Redirect URIs: what may be registered, what matches, and how a near miss differs."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Protocol
from urllib.parse import unquote_plus

from clients import uris

#: What a profile may accept: https, loopback http at any time, loopback while developing, a scheme of the app's own.
HTTPS, LOOPBACK, DEVELOPMENT, CUSTOM = "https", "loopback", "development", "custom"
#: RFC 9700 §4.1.3: schemes that run or read something in the browser. They are refused by name, for a clear message.
DANGEROUS = frozenset(
    ("javascript", "data", "vbscript", "file", "blob", "about", "filesystem", "view-source", "intent", "chrome", "jar")
)
#: Schemes that many programs or the system itself answer to: nobody's own, with a dot or without.
SHARED = frozenset(
    ("ftp", "ftps", "sftp", "ssh", "telnet", "ws", "wss", "mailto", "tel", "sms", "sip", "sips", "xmpp", "ldap",
     "ldaps", "urn", "cid", "mid", "geo", "magnet", "market", "webcal", "res", "mk", "shell", "search-ms", "smb", "nfs",
     "git", "content", "app", "android-app", "ms-settings", "ms-appx", "http", "https")
)  # fmt: skip
#: What an authorization response adds to a redirect URI (RFC 6749 §4.1.2, §4.2.2, RFC 9207 §2, JARM, Session §2); it
#: would stand there twice, and a library takes either. After a sign-out only `state` is added (RPI §3).
ANSWERED = frozenset(
    ("code", "state", "error", "error_description", "error_uri", "iss", "response", "session_state", "access_token",
     "token_type", "expires_in", "scope", "id_token")
)  # fmt: skip
ANSWERED_LOGOUT = frozenset(("state",))
_LOOPBACK_PORT = re.compile(r"(http://(?:127\.0\.0\.1|\[::1\]))(?::(?:[1-9][0-9]{0,4}))?(?=[/?]|\Z)")
_SHOWN = 60  # characters of a difference that are shown


class Registered(Protocol):
    """What matching needs of a client."""

    @property
    def redirect_uris(self) -> frozenset[str]:
        """Byte for byte as registered."""

    @property
    def loopback_redirects(self) -> frozenset[str]:
        """Those of a native app on a loopback address, their port taken out."""


def is_registered(presented: str, client: Registered) -> bool:
    """Whether a redirect URI is one of the client's, byte for byte: no pattern, no normalising."""
    if presented in client.redirect_uris:
        return True
    # RFC 8252 §7.3: a native app's port on the loopback address is the operating system's choice.
    return bool(client.loopback_redirects) and without_port(presented) in client.loopback_redirects


class Proven(Protocol):
    """What `is_unproven` needs of a client."""

    @property
    def is_public(self) -> bool:
        """Whether it has no secret and no key."""

    @property
    def is_native(self) -> bool:
        """Whether it is a program on people's devices."""


def is_unproven(uri: str, client: Proven, *, development: bool = False) -> bool:
    """Whether an answer at this registered redirect URI may reach another program than the client (RFC 8252 §8.6).

    A client with a secret or a key proves itself when it redeems the code, a host when the browser connects to it; any
    program may listen on a port of this machine, or claim a scheme. `development`: apps of the browser are tried here.
    """
    if not client.is_public or (uri.startswith("https://") and not is_development(uri)):
        return False
    return client.is_native or not development


def without_port(uri: str) -> str | None:
    """An http loopback IP URI without its port, else None. `localhost` is a name, not an address: None."""
    found = _LOOPBACK_PORT.match(uri)
    return None if found is None or _port(found[0]) > 65535 else found[1] + uri[found.end() :]


def _port(head: str) -> int:
    digits = head.rpartition(":")[2]
    return int(digits) if digits.isdigit() else 0


def check_redirect_uri(
    uri: str,
    accepts: frozenset[str],
    *,
    allow_loopback: bool = False,
    allow_dotless: bool = False,
    answered: frozenset[str] = ANSWERED,
) -> None:
    """Whether a URI may be registered where a profile `accepts` these kinds. Errors: ValueError, a sentence to show.

    `allow_loopback`: this door itself runs on loopback, so apps under development may too. `allow_dotless`: an admin
    takes a scheme that others may have, too. `answered`: names that the answer adds to the query.
    """
    if "*" in uri:
        raise ValueError("has a '*'; wildcards are never matched, register each URI in full")
    scheme = uri.partition(":")[0].lower()
    if scheme in DANGEROUS:
        raise ValueError(f"the scheme {scheme}: is refused, it runs or reads something in the browser")
    parts = uris.read(uri)
    if parts.scheme in uris.DEFAULT_PORTS:
        _check_web(parts, accepts, allow_loopback)
    elif CUSTOM not in accepts:
        raise ValueError(f"the scheme {parts.scheme}: is refused; use https (schemes of an app's own: profile native)")
    elif parts.scheme in SHARED:
        raise ValueError(f"the scheme {parts.scheme}: belongs to no single app; use one like com.example.app:/callback")
    elif "." not in parts.scheme and not allow_dotless:
        # RFC 8252 §7.1: a domain name in reverse order, so that no two apps pick the same.
        raise ValueError(
            f"the scheme {parts.scheme}: needs a dot, like com.example.app:/callback (RFC 8252 §7.1);"
            " for an app that cannot be changed set allow_dotless_scheme=true"
        )
    if taken := sorted(_names(parts.query or "") & answered):
        raise ValueError(f"has {', '.join(taken)} in its query, which the answer adds too: it would stand there twice")


def _names(query: str) -> set[str]:
    """The names in a query, as any server may read them: parted by '&', by some also by ';'."""
    return {unquote_plus(part.partition("=")[0]) for part in re.split("[&;]", query) if part}


def _check_web(parts: uris.Uri, accepts: frozenset[str], allow_loopback: bool) -> None:
    if HTTPS not in accepts:
        raise ValueError("is not taken: this profile signs nobody in")
    if parts.is_loopback:
        if LOOPBACK not in accepts and not (DEVELOPMENT in accepts and allow_loopback):
            # Registration 1.0 §2: web clients use https and not localhost.
            raise ValueError("is on the person's own machine; only profile native may be, or any app in development")
        if parts.scheme == "http" and parts.host not in uris.LOOPBACK:
            raise ValueError("plain http is only taken on localhost, 127.0.0.1 and [::1]")
    elif parts.scheme != "https":
        raise ValueError("uses plain http; use https, so that the code cannot be read on the way")


def is_development(uri: str) -> bool:
    """Whether a URI leads to the person's own machine by http or https."""
    try:
        parts = uris.read(uri)
    except ValueError:
        return False
    return parts.scheme in uris.DEFAULT_PORTS and parts.is_loopback


def difference(presented: str, registered: Iterable[str]) -> str | None:
    """How a redirect URI differs from the nearest registered one, for the app's developer; None where it is the same.

    Names a registered URI: for the admin's eyes, not for the page that a stranger sees.
    """
    choices = sorted(registered)
    if not choices:
        return "no redirect URI is registered"
    if presented in choices:
        return None
    closest = nearest(presented, choices)
    return f"the nearest registered URI is {closest}; the one sent differs {describe(presented, closest)}"


def nearest(presented: str, choices: Iterable[str]) -> str:
    """The one of these that has most in common with what was sent; "" of none."""
    return max(sorted(choices), key=lambda uri: sum(common(presented, uri)) - max(len(presented), len(uri)), default="")


def common(one: str, other: str) -> tuple[int, int]:
    """Lengths of the common head, and of the common tail of what is left."""
    limit = min(len(one), len(other))
    head = next((i for i in range(limit) if one[i] != other[i]), limit)
    limit -= head
    tail = next((i for i in range(limit) if one[-1 - i] != other[-1 - i]), limit)
    return head, tail


def describe(presented: str, nearest: str) -> str:
    """Where two texts differ, and by what: one sentence."""
    head, tail = common(presented, nearest)
    sent, wanted = presented[head : len(presented) - tail], nearest[head : len(nearest) - tail]
    where = f"at character {head + 1}: "
    end = "" if tail else " at the end"
    if not wanted:
        return f"{where}{_show(sent)} is extra{end}"
    if not sent:
        return f"{where}{_show(wanted)} is missing{end}"
    case = " (upper and lower case matter)" if sent.lower() == wanted.lower() else ""
    return f"{where}{_show(sent)} stands where {_show(wanted)} is registered{case}"


def _show(text: str) -> str:
    """Quoted; what cannot be seen, or looks like something else, as its escape."""
    return ascii(text if len(text) <= _SHOWN else text[:_SHOWN] + "...")
