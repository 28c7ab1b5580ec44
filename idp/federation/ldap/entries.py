"""An entry as an account: its key, what a mapping may read of it, its address."""

from __future__ import annotations

import re
from typing import Final
from uuid import UUID

from idp.federation import mapping
from idp.federation.ldap import standing
from idp.federation.ldap.answers import Entry
from idp.federation.ports import Identity
from idp.federation.provider import Provider

#: What is asked of an entry although no table names it: a new person's name and address.
_FIRST: Final = {"name": ("displayName", "cn"), "given_name": ("givenName",), "family_name": ("sn",)}
MAIL: Final = "mail"
GROUPS: Final = "groups"  # as `groups_claim`: what the filter of groups finds
_GUID: Final = "objectguid"
_UUID: Final = re.compile(r"[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}")
_MAX: Final = 200


def attributes(provider: Provider) -> tuple[str, ...]:
    """All that is read of somebody."""
    told = () if provider.groups_claim in ("", GROUPS) else (provider.groups_claim,)
    first = (name for names in _FIRST.values() for name in names)
    mine = (*provider.subject, *provider.names, *provider.attributes.values(), *first, MAIL, *told)
    return tuple(dict.fromkeys((*mine, *standing.ATTRIBUTES)))


def subject(provider: Provider, entry: Entry) -> str:
    """The key of the account; '' where it is not there."""
    name = provider.subject[0].lower()
    raw = next(iter(entry.values.get(name, ())), b"")
    if name == _GUID:
        # MS-DTYP §2.3.4: its first three fields are little-endian.
        return str(UUID(bytes_le=raw)) if len(raw) == 16 else ""
    text = raw.decode("utf-8", "replace")
    return text if 0 < len(text) <= _MAX and text.isprintable() else ""


def searched(provider: Provider, key: str) -> bytes | str:
    """The key as the directory has it in a filter."""
    if provider.subject[0].lower() == _GUID:
        return UUID(key).bytes_le if _UUID.fullmatch(key) else b""
    return key


def identity(provider: Provider, entry: Entry, groups: tuple[str, ...] | None) -> Identity:
    """Who it is. `groups`: None where they could not be read, which is not the same as none."""
    claims: dict[str, object] = {name: entry.text(name) for name in attributes(provider) if entry.text(name)}
    for ours, theirs in _FIRST.items():
        claims[ours] = next((entry.text(name) for name in theirs if entry.text(name)), "")
    called = next((entry.text(name) for name in provider.names if entry.text(name)), "")
    claims["preferred_username"] = called
    if provider.groups_claim and groups is not None:
        claims[provider.groups_claim] = list(groups)
    email = mapping.plain(entry.text(MAIL))
    missing = frozenset((provider.groups_claim,)) if provider.groups_claim and groups is None else frozenset[str]()
    return Identity(
        subject(provider, entry), mapping.plain(called or entry.text("cn"))[:_MAX], email, provider.mail_verified,
        None, (), claims, missing,
    )  # fmt: skip
