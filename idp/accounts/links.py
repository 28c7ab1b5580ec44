"""One-time links for setting a password: the first owner's, and those that an admin hands out.

The token travels in the link; State holds only its SHA-256. Looking consumes nothing (mail scanners
open links), taking does.
"""

from __future__ import annotations

from dataclasses import dataclass

from idp.accounts.person import Person
from idp.ids import digest, new_secret
from idp.state import State

PREFIX = "dwl_"  # for secret scanners, and for the log's own net
TTL = 60 * 60.0  # seconds
OWNER_TTL = 24 * 60 * 60.0  # seconds; the link that the first start prints


@dataclass(frozen=True, slots=True)
class Link:
    """What a token stands for. `stamp`: when the password was last set as the link was made, None for never.

    Of who never had one, and whose invitation was withdrawn: how often, below zero (`inviting.stamp`).
    `via`: the digest of the address that it was mailed to; '' where somebody handed it out.
    """

    person_id: str
    purpose: str
    stamp: float | None
    via: str = ""


def make(
    state: State, person: Person, purpose: str, ttl: float = TTL, via: str = "", *, stamp: float | None = None
) -> str:
    """A new token of 256 bits for `ttl` seconds. `purpose` tells links apart, such as `owner` or `reset`.

    `stamp`: of `inviting`, for somebody who never had a password.
    """
    token = PREFIX + new_secret()
    stamp = stamp if person.password_changed_at is None else person.password_changed_at
    value = {"person_id": person.id, "purpose": purpose, "stamp": stamp, "via": via}
    state.put(_key(token), value, ttl)
    return token


def peek(state: State, token: str) -> Link | None:
    """What the token stands for, without using it up; None where it is unknown, used or too old."""
    return _link(state.get(_key(token)))


def take(state: State, token: str) -> Link | None:
    """Use the token up; of any number of racing callers one gets the link."""
    return _link(state.take(_key(token)))


def is_current(link: Link, person: Person | None, stamp: float | None = None) -> bool:
    """Whether the link still opens something: the person is enabled, and has set no password since it was made.

    `stamp`: which one is current for somebody who never had a password (`inviting.stamp`).
    """
    return (
        person is not None
        and person.id == link.person_id
        and person.enabled
        and link.stamp == (stamp if person.password_changed_at is None else person.password_changed_at)
    )


def _key(token: str) -> str:
    return "link:" + digest(token)


def _link(value: dict[str, object] | None) -> Link | None:
    return None if value is None else Link(**value)  # type: ignore[arg-type]
