"""A password that somebody changes in the directory, by our page: proven there, changed there, and kept nowhere here.

The old one is shown by a bind, as at each sign-in, and once more with the change. Whoever the bind lets in changes it
as themselves; at Active Directory, and where it ran out, whoever searches there passes both on.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from idp.errors import Refused
from idp.federation.ldap import asking, entries, signing_in, standing
from idp.federation.ldap.answers import Bound, Entry, Unreachable
from idp.federation.ldap.signing_in import Counts
from idp.federation.ports import Question
from idp.services import Services

if TYPE_CHECKING:
    from idp.federation.ldap.wire import Conversation

DONE: Final = "done"
SHORT: Final = "short"
SIMPLE: Final = "simple"
HISTORY: Final = "history"
YOUNG: Final = "young"
RULES: Final = "rules"  # one of these, and the directory does not say which
REFUSED: Final = "refused"  # not from here, or not by them
UNSURE: Final = "unsure"  # it fell silent while it was changed

#: What Active Directory says of itself (MS-ADTS §3.1.1.3.4.3.1).
_ACTIVE_DIRECTORY: Final = "1.2.840.113556.1.4.800"
_CONSTRAINT_VIOLATION: Final = 19
#: draft-behera-ldap-password-policy §6.2: from passwordModNotAllowed to passwordInHistory.
_POLICY: Final[Mapping[int, str]] = {3: REFUSED, 4: REFUSED, 5: SIMPLE, 6: SHORT, 7: YOUNG, 8: HISTORY}
#: In the words of slapd and Samba, where no code says it.
_WORDS: Final = (
    (re.compile(r"too short", re.IGNORECASE), SHORT),
    (re.compile(r"too young", re.IGNORECASE), YOUNG),
    (re.compile(r"history|already used", re.IGNORECASE), HISTORY),
    (re.compile(r"complexity|quality|too simple", re.IGNORECASE), SIMPLE),
)
#: ERROR_PASSWORD_RESTRICTION and ERROR_INVALID_PASSWORD (MS-ERREF §2.2), as Active Directory begins its message.
_RESTRICTED, _OLD_WRONG = "0000052D", "00000056"
_OVER: Final = (standing.EXPIRED, standing.MUST_CHANGE)
_DAY: Final = 86400
CHANGE_SECONDS: Final = 4.0  # it hashes, looks at those before and writes: cut short, nobody would know what holds


@dataclass(frozen=True, slots=True)
class Passwords:
    """The one that they have there, and the one that they want. `only_over`: not in place of one that is in order."""

    old: str = field(repr=False)
    new: str = field(repr=False)
    only_over: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it: one of these, or how the account stands. `is_proven`: the old one was right."""

    state: str
    is_proven: bool
    said: str = ""

    @property
    def ok(self) -> bool:
        """Whether it is changed."""
        return self.state == DONE


def change(
    services: Services, question: Question, who: tuple[str, str], passwords: Passwords, counts: Counts
) -> Outcome:  # fmt: skip
    """Change it. `who`: the name as it was typed, and the key of their account, '' where it is not known.

    `counts`: as for `signing_in.check_password`. Errors: `Refused`, `Busy`.
    """
    filter, now = signing_in.sought(question.provider, *who), services.clock()

    def ask(conversation: Conversation) -> Outcome:
        return _changed(conversation, question, filter, passwords, counts, now)

    return asking.ask(services, question.provider, question.secret, ask)


def _changed(
    conversation: Conversation, question: Question, filter: str, passwords: Passwords, counts: Counts, now: float
) -> Outcome:
    provider = question.provider
    root = conversation.read("", ("supportedCapabilities",))
    is_domain = root is not None and _ACTIVE_DIRECTORY in root.texts("supportedCapabilities")
    found = conversation.search(provider.base_dn, filter, entries.attributes(provider), most=2)
    entry = found[0] if len(found) == 1 and entries.subject(provider, found[0]) else None
    if not counts(entries.subject(provider, entry) if entry is not None else ""):
        entry = None
    stands = signing_in.bound(conversation, provider, entry, passwords.old)
    if entry is None or not stands.is_proven:
        return Outcome(standing.WRONG, False)
    is_in = stands.state != standing.EXPIRED and not is_domain
    state = standing.of_entry(entry, now) if stands.ok else stands.state
    if state not in _OVER and (passwords.only_over or state != standing.OK):
        return Outcome(state, True)
    if not is_in:
        asking.introduce(provider, question.secret, conversation)
    try:
        conversation.extend(CHANGE_SECONDS)
        done = _sent(conversation, entry, passwords, is_domain=is_domain)
    except Unreachable as error:  # another server must not be asked: it may be changed
        return Outcome(UNSURE, True, error.reason)
    if done.ok and not is_domain:
        with suppress(Unreachable, Refused):  # it is changed, whatever becomes of the rest
            _settle(conversation, question, entry, now, by_us=not is_in)
    return Outcome(outcome_of(done), True, done.said)


def _sent(conversation: Conversation, entry: Entry, passwords: Passwords, *, is_domain: bool) -> Bound:
    send = conversation.replace_unicode_password if is_domain else conversation.modify_password
    return send(entry.dn, passwords.old, passwords.new)


def _settle(conversation: Conversation, question: Question, entry: Entry, now: float, *, by_us: bool) -> None:
    """What would ask them for another one at once, as far as the server lets us: it was their own choice."""
    if by_us:  # what somebody else has set is to be changed (pwdMustChange): slapd looks at who bound, not who chose
        conversation.replace(entry.dn, "pwdReset")
    if entry.text("shadowLastChange"):  # shadow(5): no server writes the day by itself, and few people may
        today = str(int(now // _DAY))
        if not conversation.replace(entry.dn, "shadowLastChange", today) and not by_us:
            asking.introduce(question.provider, question.secret, conversation)
            conversation.replace(entry.dn, "shadowLastChange", today)


def outcome_of(done: Bound) -> str:
    """What the directory's answer to the change means. Pure."""
    if done.ok:
        return DONE
    if _OLD_WRONG in done.said:
        return standing.WRONG
    if done.policy is not None and done.policy in _POLICY:
        return _POLICY[done.policy]
    by_words = next((state for words, state in _WORDS if words.search(done.said)), "")
    if _RESTRICTED in done.said or done.code == _CONSTRAINT_VIOLATION:
        return by_words or RULES
    return REFUSED
