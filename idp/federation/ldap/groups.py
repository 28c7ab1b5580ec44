"""The groups of somebody, groups in groups too: by Active Directory's rule, or step by step."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from idp.federation.ldap import filters
from idp.federation.ldap.answers import Entry
from idp.federation.ldap.entries import GROUPS
from idp.federation.provider import Provider

if TYPE_CHECKING:
    from idp.federation.ldap.wire import Conversation

MOST: Final = 1000  # groups of one person; with more, nothing is known of them
DEEPEST: Final = 10
_AT_ONCE: Final = 50  # groups whose own groups are asked for in one search
_FIRST_NAME: Final = re.compile(r"[^=,+]+=((?:[^\\,+]|\\.)+)")


def of(conversation: Conversation, provider: Provider, entry: Entry) -> tuple[str, ...] | None:
    """Their names; None where not all of them could be read, which is not the same as none."""
    if not provider.groups_claim:
        return ()
    if provider.groups_claim != GROUPS:
        return named_by(provider, entry)
    found: dict[str, str] = {}
    # RFC 2307: a posixGroup names its members by their uid.
    key = entry.text(provider.names[0]) if provider.member.lower() == "memberuid" else entry.dn
    ask, depth = [key] if key else [], 0
    while ask and depth < DEEPEST:
        chain = provider.nested == "chain"
        new = _groups(conversation, provider, ask, chain=chain)
        if new is None or len(found) + len(new) > MOST:
            return None
        ask = [dn for dn in new if dn not in found] if provider.nested == "walk" else []
        found.update(new)
        depth += 1
    return tuple(dict.fromkeys(name for name in found.values() if name))


def _groups(
    conversation: Conversation, provider: Provider, members: list[str], *, chain: bool
) -> dict[str, str] | None:
    base, found = provider.group_base or provider.base_dn, dict[str, str]()
    for begin in range(0, len(members), _AT_ONCE):
        asked = filters.of_members(provider, members[begin : begin + _AT_ONCE], chain=chain)
        some = conversation.listed(base, asked, (provider.group_name,), most=MOST + 1)
        if some is None:
            return None
        found.update((one.dn, one.text(provider.group_name)) for one in some)
    return found


def named_by(provider: Provider, entry: Entry) -> tuple[str, ...] | None:
    """Of an attribute such as memberOf: the whole DN where the table of groups names it, else the first name of it, of
    groups below `group_base` alone where one is said. One that was cut (`;range=`) is not known.
    """
    attribute = provider.groups_claim
    if any(name.startswith(attribute.lower() + ";range") for name in entry.values):
        return None
    by_dn = {_plain(key): key for key in provider.groups}
    below = "," + _plain(provider.group_base) if provider.group_base else ""
    found = []
    for value in entry.texts(attribute):
        first = _FIRST_NAME.match(value)
        if _plain(value) in by_dn:
            found.append(by_dn[_plain(value)])
        elif first is None or _plain(value).endswith(below):
            found.append(first[1] if first is not None else value)
    return tuple(dict.fromkeys(found))


def _plain(dn: str) -> str:
    """To compare: a name is the same in capitals, and with blanks after its commas (RFC 4517 §4.2.15)."""
    return re.sub(r"(?<!\\)\s*([,+=])\s*", r"\1", dn.strip()).casefold()
