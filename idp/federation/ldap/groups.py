"""The groups of somebody, groups in groups too: by Active Directory's rule, or step by step."""

from __future__ import annotations

import re
from typing import Final

from idp.federation.ldap import filters
from idp.federation.ldap.entries import GROUPS
from idp.federation.ldap.wire import Conversation, Entry
from idp.federation.provider import Provider

MOST: Final = 1000  # groups of one person; with more, nothing is known of them
DEEPEST: Final = 10
_AT_ONCE: Final = 50  # groups whose own groups are asked for in one search
_FIRST_NAME: Final = re.compile(r"[^=,+]+=((?:[^\\,+]|\\.)+)")


def of(conversation: Conversation, provider: Provider, entry: Entry) -> tuple[str, ...] | None:
    """Their names; None where there are too many to be read, which is not the same as none."""
    if not provider.groups_claim:
        return ()
    if provider.groups_claim != GROUPS:
        return named_by(entry, provider.groups_claim)
    found: dict[str, str] = {}
    # RFC 2307: a posixGroup names its members by their uid.
    key = entry.text(provider.names[0]) if provider.member.lower() == "memberuid" else entry.dn
    ask, depth = [key] if key else [], 0
    while ask and depth < DEEPEST:
        chain = provider.nested == "chain"
        new = _groups(conversation, provider, ask, chain=chain)
        if len(found) + len(new) > MOST:
            return None
        ask = [dn for dn in new if dn not in found] if provider.nested == "walk" else []
        found.update(new)
        depth += 1
    return tuple(dict.fromkeys(name for name in found.values() if name))


def _groups(conversation: Conversation, provider: Provider, members: list[str], *, chain: bool) -> dict[str, str]:
    base, found = provider.group_base or provider.base_dn, {}
    for begin in range(0, len(members), _AT_ONCE):
        asked = filters.of_members(provider, members[begin : begin + _AT_ONCE], chain=chain)
        for one in conversation.search(base, asked, (provider.group_name,), most=MOST + 1):
            found[one.dn] = one.text(provider.group_name)
    return found


def named_by(entry: Entry, attribute: str) -> tuple[str, ...] | None:
    """Of an attribute such as memberOf: the first name of each DN. One that was cut (`;range=`) is not known."""
    if any(name.startswith(attribute.lower() + ";range") for name in entry.values):
        return None
    values = entry.texts(attribute)
    return tuple(_FIRST_NAME.match(one)[1] if _FIRST_NAME.match(one) else one for one in values)  # type: ignore[index]
