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
    was not yet; when, and from where, an old one came that was doubted. Times are epoch seconds.

    `beside`: the last address of the other version of IP, '' for none yet.
    """

    last: Place
    last_seen: float
    used_at: float | None
    doubted_at: float | None
    doubted: Place
    beside: str = ""


def judge(known: Known, behind: int, here: Place, now: float) -> Verdict:
    """What a secret of `behind` turns ago is worth from here."""
    if behind == 0:
        return _latest(known, here, now)
    is_far, is_other = is_far_off(known, here), is_other_browser(known.last, here)
    if is_far and is_other:
        return Verdict.COPIED
    if behind == 1 and (known.used_at is None or now - known.used_at < GRACE or is_near(known, here)):
        return Verdict.GOOD
    if is_other and here.address != known.last.address:
        return Verdict.COPIED
    return Verdict.DOUBTED if is_far and now - known.last_seen < ACTIVE else Verdict.OLD


def has_next(known: Known, here: Place, now: float) -> bool:
    """Whether who brings the secret of one turn ago, and is answered, is given the latest.

    Once that was used, the browser that works has it: elsewhere nobody needs it but a copy, which would stay in step.
    Until then an answer may have been lost on the way to another network, and is made again after a while: requests
    that were under way are answered without.
    """
    return is_near(known, here) or (known.used_at is None and now - known.last_seen >= GRACE)


def is_by_doubt(known: Known, here: Place, now: float) -> bool:
    """Whether an old secret was doubted a short time ago, elsewhere: then whoever has the latest is one of two."""
    if known.doubted_at is None or now - known.doubted_at >= ACTIVE:
        return False
    if _version(known.doubted.address) == _version(here.address):
        return is_new_network(known.doubted, here)
    # By the other version of IP from here: it is elsewhere where this place's own address of that version is known.
    own, at_home = _known_of(known, known.doubted), _known_of(known, here)
    if own is None or at_home is None:
        return False
    return is_new_network(own, known.doubted) and not is_new_network(at_home, here)


def _latest(known: Known, here: Place, now: float) -> Verdict:
    if is_by_doubt(known, here, now):
        return Verdict.COPIED
    if here.user_agent == known.last.user_agent or now - known.last_seen >= ACTIVE:
        return Verdict.GOOD
    is_copied = is_other_browser(known.last, here) and is_far_off(known, here)
    return Verdict.COPIED if is_copied else Verdict.GOOD


def is_near(known: Known, here: Place) -> bool:
    """Whether it is the network and the browser of the last use, as far as can be told."""
    is_same_way = _version(known.last.address) == _version(here.address)
    return is_same_way and not is_new_network(known.last, here) and not is_other_browser(known.last, here)


def is_far_off(known: Known, here: Place) -> bool:
    """Whether it is another network for sure. One line has addresses of both versions (RFC 8305), so each is held
    against the last one of its own; the first of its version is another network only where the browser is another, too.
    """
    if not _version(known.last.address) or not _version(here.address):
        return False
    own = _known_of(known, here)
    return is_new_network(own, here) if own else is_other_browser(known.last, here)


def beside(known: Known, here: Place) -> str:
    """The last address of the other version, once it is used from here."""
    if _version(here.address) in (0, _version(known.last.address)):
        return known.beside
    return known.last.address if _version(known.last.address) else known.beside


def is_new_network(one: Place, other: Place) -> bool:
    """Whether two addresses are of different networks for sure: of one version of IP."""
    try:
        first, second = (ipaddress.ip_address(place.address.partition("%")[0]) for place in (one, other))
    except ValueError:
        return False
    if first.version != second.version:
        return False
    width = 24 if first.version == 4 else 48
    return second not in ipaddress.ip_network((first, width), strict=False)


def _version(address: str) -> int:
    """4 or 6; 0 for what is no address."""
    try:
        return ipaddress.ip_address(address.partition("%")[0]).version
    except ValueError:
        return 0


def _known_of(known: Known, here: Place) -> Place | None:
    """The last place of this one's version of IP; None where there was none yet."""
    version = _version(here.address)
    found = next((one for one in (known.last.address, known.beside) if version and _version(one) == version), None)
    return None if found is None else Place(found, "")


def is_other_browser(one: Place, other: Place) -> bool:
    """Whether it is another browser for sure: versions change, and a telephone may ask for pages of a desktop.

    One that has said its name always does.
    """
    if one.user_agent == other.user_agent or not one.user_agent:
        return False
    if not other.user_agent:
        return True
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
