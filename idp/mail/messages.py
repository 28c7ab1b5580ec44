"""Which messages there are, and which values each takes.

Times are epoch seconds and are written in the reader's language and time zone. Links are absolute, made by
`services.url`. What stands in `optional` is left out of the text where it is missing or empty. A message with `minutes`
is not sent any more when they are over, every other one after a day. Any may have `name` and `zone` (the person's time
zone); `tell` fills them in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Message:
    """One message. `security`: it says "This was not me" and cannot be switched off (A5)."""

    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    security: bool = False


#: Of most security messages: when, on what ("Chrome on Linux"), where ("Berlin, Germany").
_WHEN = ("time", "device", "place")

MESSAGES: Mapping[str, Message] = {
    "new_device": Message((), _WHEN, security=True),
    # a sign-in was used in two places; ended: and was ended for it
    "session_copied": Message((), ("ended", *_WHEN), security=True),
    # kind: see `accounts.factors.kinds`; label: what the person calls it; unasked: made without a question
    "factor_added": Message(("kind",), ("label", "unasked", *_WHEN), security=True),
    "factor_removed": Message(("kind",), ("label", *_WHEN), security=True),
    "password_changed": Message((), _WHEN, security=True),
    # left: how many codes there are still
    "backup_code_used": Message(("left",), _WHEN, security=True),
    # until: how long the code works; reason: why it was issued
    "admin_code_issued": Message(("until",), ("reason", *_WHEN), security=True),
    # what: "email" or "phone"; new: the new one, masked, '' where it was removed; undo_link: takes the change back;
    # hours: how long that works
    "recovery_address_changed": Message(("what",), ("new", "undo_link", "hours", *_WHEN), security=True),
    # link and code do the same; minutes: how long the link works; code_minutes: how long the code does
    "reset_password": Message(("link", "minutes"), ("code", "code_minutes", *_WHEN)),
    # hours: how long the link works; username: what they sign in with; note: words of whoever invites, quoted; writer:
    # their name, '' for the company's
    "invitation": Message(("link", "hours", "username"), ("minutes", "note", "writer")),
    # of who makes an account themselves. link: where it goes on; code: the same, to be typed where it was asked for
    "registration_confirm": Message(("link", "minutes"), ("code", "code_minutes")),
    # there is an account, or a request for one, already. link: where a forgotten password is set anew
    "registration_known": Message(("link",), ()),
    "registration_again": Message((), ()),
    # to admins. link: where they decide
    "registration_waiting": Message(("link",), ()),
    # as "invitation"
    "registration_approved": Message(("link", "hours", "username"), ("minutes", "note", "writer")),
    # note: words of whoever decided
    "registration_refused": Message((), ("note",)),
    # new: the account's address now, masked, '' where it was removed
    "address_changed": Message((), ("new", *_WHEN), security=True),
    # usernames: a list
    "usernames": Message(("usernames",), ()),
    # app: where the person is signing in to
    "sign_in_code": Message(("code", "minutes"), ("app", *_WHEN)),
    # a code that shows that a new address or number is somebody's
    "confirm_address": Message(("code", "minutes"), ("link",)),
    "confirm_number": Message(("code", "minutes"), ()),
    # days: 14, 7, 1; link: where to change it
    "password_expires": Message(("days", "link"), ("date",)),
    # case: its id, to be read out to the help desk
    "case_opened": Message(("case",), ("time",)),
    # app: what asks for them; minutes: how long it waits; note: what both screens show
    "asked_elsewhere": Message(("app", "link", "minutes"), ("note",)),
    # app: what they may open now; link: their applications
    "access_granted": Message(("app", "link"), ()),
    # username: who was to be turned off at a planned moment, and was not; why: a sentence; link: their page
    "off_failed": Message(("username", "why", "link"), ()),
    # subject: the application or group; people: how many; due: until when; link: where they are decided about
    "review_begun": Message(("subject", "people", "due", "link"), ()),
    # left: how many nobody has decided about
    "review_due": Message(("subject", "left", "due", "link"), ()),
    # kept, taken: how many; left: how many somebody has to look at
    "review_ended": Message(("subject", "kept", "taken", "left", "link"), ()),
    # to owners. username: of a break-glass account; what: used, half, tried, made, renewed, ended; n: how many tries;
    # place: from where; link: where it is looked at
    "break_glass": Message(("username", "what", "link"), ("n", "time", "place")),
    # of a change that wants two owners. what: asked, approved, refused, failed, bypassed; subject: what the change is
    # called; username: who asked, or who decided; note: their word; link: where it is looked at
    "approval": Message(("what", "subject", "username", "link"), ("note",)),
    # to owners. provider: whose metadata has other keys or addresses; waits: whether one waits for their yes; link: its
    # history
    "provider_keys": Message(("provider", "link", "waits"), ()),
    "test": Message((), ()),
}


def check(message: str, values: Mapping[str, Any], issuer: str) -> None:
    """Errors: `LookupError` for a message that there is not, `ValueError` for a missing value or somebody else's link.

    These are mistakes in the calling code, told where they are made and not a minute later in the queue.
    """
    if message not in MESSAGES:
        raise LookupError(f"there is no message {message!r}")
    missing = [name for name in MESSAGES[message].required if name not in values]
    if missing:
        raise ValueError(f"the message {message!r} needs {', '.join(missing)}")
    for name, value in values.items():
        # RFC 9700 §4.13: a link never leads to a host that a request named.
        if name.endswith(("link", "url")) and value and not str(value).startswith(issuer + "/"):
            raise ValueError(f"{name} of {message!r} does not lead to this provider; make it with services.url()")
