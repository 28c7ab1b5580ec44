"""Search filters, in which whatever somebody typed is text and nothing else (RFC 4515)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from idp.federation.provider import Provider

_WHOLE: Final = frozenset(("userprincipalname", "krbprincipalname"))  # attributes with a principal and its realm
_PLAIN: Final = frozenset(range(0x21, 0x7F)) - frozenset(b"*()\\")


def escaped(value: str | bytes) -> str:
    """A value as it stands in a filter: all of octets, and of text what is not plain ASCII, as its octets."""
    # RFC 4515 §3: `*`, parentheses, the backslash and NUL are escaped by their octets, as anything may be: blanks,
    # too, of which the library drops those at both ends (one in 128 keys of Active Directory has one there).
    octets = value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value
    plain = () if isinstance(value, bytes) else _PLAIN
    return "".join(chr(one) if one in plain else f"\\{one:02x}" for one in octets)


def of_name(provider: Provider, typed: str) -> str:
    """Who may come and is called so."""
    return _and(provider.people, _or(f"({name}={escaped(typed)})" for name in provider.names))


def of_subject(provider: Provider, value: bytes | str) -> str:
    """Who may come and has this key."""
    return _and(provider.people, f"({provider.subject[0]}={escaped(value)})")


def of_principal(provider: Provider, name: str, whole: str, sid: bytes = b"") -> str:
    """Who may come and is this principal of Kerberos. `name`: what stands before its realm; `whole`: with it.

    `sid`: whose ticket it is by the domain's own word: a name may be somebody else's since (CVE-2021-42278).
    """
    value = whole if is_whole(provider) else name
    attribute = _principal(provider)
    mine = f"(objectSid={escaped(sid)})" if sid and provider.subject[0].lower() == "objectguid" else ""
    return _and(provider.people, f"({attribute}={escaped(value)})", mine)


def is_whole(provider: Provider) -> bool:
    """Whether a principal is looked up with its realm."""
    return _principal(provider).lower() in _WHOLE


def _principal(provider: Provider) -> str:
    return provider.kerberos_name or (provider.names[0] if provider.names else "")


def of_service(name: str) -> str:
    """Whose service it is, in Active Directory."""
    return f"(servicePrincipalName={escaped(name)})"


def changed(provider: Provider, attribute: str, least: str) -> str:
    """Who may come and was changed since."""
    return _and(provider.people, f"({attribute}>={escaped(least)})")


def of_members(provider: Provider, members: Iterable[str], *, chain: bool = False) -> str:
    """Groups in which one of these is. `chain`: however deep, by Active Directory's rule."""
    rule = ":1.2.840.113556.1.4.1941:" if chain else ""
    return _and(provider.group_filter, _or(f"({provider.member}{rule}={escaped(one)})" for one in members))


def _and(*filters: str) -> str:
    return f"(&{''.join(filters)})"


def _or(filters: Iterable[str]) -> str:
    return f"(|{''.join(filters)})"
