"""A password that was typed here, checked there: the name is looked for, and its entry bound with the password.

The same steps for every name: one that is not there is bound as well, by a name and a password that are nobody's.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from idp.accounts.person import MAX_LOGIN
from idp.federation.ldap import asking, entries, filters, groups, standing
from idp.federation.ldap.answers import Entry
from idp.federation.ldap.standing import Standing
from idp.federation.ports import Identity, Question
from idp.federation.provider import Provider
from idp.services import Services

if TYPE_CHECKING:
    from idp.federation.ldap.wire import Conversation

#: Whether a password may be tried at the entry of this key; '' for a name that nobody has.
Counts = Callable[[str], bool]
_WRONG: Final = Standing(standing.WRONG, False)


@dataclass(frozen=True, slots=True)
class Checked:
    """What came of it. `identity`: who it is there, where the password is right and nothing else is in the way.

    `of`: whose entry it is, where the password is right and something is; its groups were not read.
    """

    standing: Standing
    identity: Identity | None = None
    of: Identity | None = None


def _always(_key: str) -> bool:
    return True


def check_password(
    services: Services, question: Question, typed: str, password: str, subject: str = "", counts: Counts = _always
) -> Checked:
    """Whether it is the password of this name there. `subject`: the key of their account, where it is known.

    `counts`: asked once the entry is known and before it is bound; where it says no, the password is not tried.
    Errors: `Refused`, `Busy`; `ValueError` for an empty password.
    """
    if not password or len(typed) > MAX_LOGIN:
        raise ValueError("an empty password proves nothing")
    provider, filter = question.provider, sought(question.provider, typed, subject)
    return asking.ask(services, provider, question.secret, _asked(question, filter, password, counts, services.clock()))


def sought(provider: Provider, typed: str, subject: str) -> str:
    """The filter of one entry: by the key of their account, else by the name that was typed."""
    if subject:
        return filters.of_subject(provider, entries.searched(provider, subject))
    return filters.of_name(provider, typed)


def _asked(
    question: Question, filter: str, password: str, counts: Counts, now: float
) -> Callable[[Conversation], Checked]:
    provider = question.provider

    def ask(conversation: Conversation) -> Checked:
        found = conversation.search(provider.base_dn, filter, entries.attributes(provider), most=2)
        entry = found[0] if len(found) == 1 and entries.subject(provider, found[0]) else None
        if not counts(entries.subject(provider, entry) if entry is not None else ""):
            entry = None
        stands = bound(conversation, provider, entry, password)
        if stands.ok and entry is not None:
            stands = Standing(standing.of_entry(entry, now), True)
        if not stands.ok or entry is None:
            return Checked(stands, of=entries.identity(provider, entry, None) if entry and stands.is_proven else None)
        asking.introduce(provider, question.secret, conversation)
        return Checked(stands, entries.identity(provider, entry, groups.of(conversation, provider, entry)))

    return ask


def bound(conversation: Conversation, provider: Provider, entry: Entry | None, password: str) -> Standing:
    """How an entry stands, by a bind with the password; without one somebody else's is bound, in the same time."""
    if entry is None or not _is_text(password):
        conversation.bind(f"cn={secrets.token_hex(8)},{provider.base_dn}", secrets.token_hex(8))
        return _WRONG
    return standing.of_bind(conversation.bind(entry.dn, password))


def _is_text(password: str) -> bool:
    try:
        return bool(password.encode("utf-8"))
    except UnicodeEncodeError:
        return False
