"""Whether a session's cookie is used in two places: decided from what is known, without a look at anything.

A place is a network and a kind of browser. People change one at a time: they take the telephone outside, they open
another window. Both at once, while the old place is in use, is a copy; so is a secret of before in another browser.
What one person does by chance must never look like it, so whatever cannot be told is held to be the same.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from enum import Enum
from typing import Final

from idp.showing import describe_browser

ACTIVE: Final = 1800.0  # seconds since its last use in which a place is in use
#: Seconds from the first use of a new secret in which the one before is taken: requests that were under way, or waited.
GRACE: Final = 300.0
_HAND_HELD: Final = frozenset({"Android", "iOS", "iPadOS"})


class Verdict(Enum):
    """What a secret is worth that was this session's, now or before."""

    GOOD = "good"
    OLD = "old"  # sign in again
    DOUBTED = "doubted"  # the same; and should the latest secret be used after it elsewhere, there are two who have one
    COPIED = "copied"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a request comes from."""

    address: str
    user_agent: str


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a session: where it was used last and when; when its latest secret was first used, None if it
    was not yet; when, and from which address, an old one came that was doubted. Times are epoch seconds.
    """

    last: Place
    last_seen: float
    used_at: float | None
    doubted_at: float | None
    doubted_address: str


def judge(known: Known, behind: int, here: Place, now: float) -> Verdict:
    """What a secret of `behind` turns ago is worth from here."""
    if behind == 0:
        return _latest(known, here, now)
    is_far, is_other = is_new_network(known.last, here), is_other_browser(known.last, here)
    if is_far and is_other:
        return Verdict.COPIED
    is_near = not is_far and not is_other
    if behind == 1 and (known.used_at is None or now - known.used_at < GRACE or is_near):
        return Verdict.GOOD
    if is_other and here.address != known.last.address:
        return Verdict.COPIED
    return Verdict.DOUBTED if is_far and now - known.last_seen < ACTIVE else Verdict.OLD


def _latest(known: Known, here: Place, now: float) -> Verdict:
    is_doubted = known.doubted_at is not None and now - known.doubted_at < ACTIVE
    if is_doubted and is_new_network(Place(known.doubted_address, ""), here):
        return Verdict.COPIED
    if here.user_agent == known.last.user_agent or now - known.last_seen >= ACTIVE:
        return Verdict.GOOD
    is_copied = is_other_browser(known.last, here) and is_new_network(known.last, here)
    return Verdict.COPIED if is_copied else Verdict.GOOD


def is_new_network(one: Place, other: Place) -> bool:
    """Whether two addresses are of different networks for sure. One line has addresses of both versions (RFC 8305)."""
    try:
        first, second = (ipaddress.ip_address(place.address.partition("%")[0]) for place in (one, other))
    except ValueError:
        return False
    if first.version != second.version:
        return False
    width = 24 if first.version == 4 else 48
    return second not in ipaddress.ip_network((first, width), strict=False)


def is_other_browser(one: Place, other: Place) -> bool:
    """Whether it is another browser for sure: versions change, and a telephone may ask for pages of a desktop."""
    if one.user_agent == other.user_agent or not one.user_agent or not other.user_agent:
        return False
    (name, system), (other_name, other_system) = _kind(one.user_agent), _kind(other.user_agent)
    if name != other_name:
        return True
    if name == "" or system == other_system:
        return False
    return (system in _HAND_HELD) == (other_system in _HAND_HELD)


def _kind(user_agent: str) -> tuple[str, str]:
    """The browser's name and its system's; '' for one that is not known."""
    if "Trident/" in user_agent:
        return "Edge", "Windows"  # its own mode for old pages, which shares its cookies
    for mark, name in (("CriOS/", "Chrome"), ("FxiOS/", "Firefox")):
        if mark in user_agent:
            return name, "iOS"
    name, _, system = describe_browser(user_agent).partition(" on ")
    return ("" if name == "Unknown browser" else name), system
