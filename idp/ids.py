"""Identifiers and secrets of our own making.

Ids are time-ordered, so that new rows land side by side in an index (15 times less write-ahead log on PostgreSQL).
A bearer value is `<prefix><id>.<secret>`: the id finds the row, the row holds only the secret's SHA-256.
"""

from __future__ import annotations

import hashlib
import os
import re
import threading
import time
from base64 import urlsafe_b64encode

#: Ids of people: ours (`accounts.person.new_person_id`), or what the product that they were carried over from called
#: them by, for applications know them by it: a UUID, or 64 hexadecimal digits.
PERSON_ID = re.compile(r"u[a-z2-7]{26}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{64}")
_BEARER = re.compile(r"([0-9a-v]+)\.([A-Za-z0-9_-]+)")


TAG = 8  # characters
_TAGGED = 10  # where the chance of an id begins
_STEP_BYTES = 5  # of chance between two ids of one millisecond
_making = threading.Lock()
_latest = 0


def new_id(now: float | None = None) -> str:
    """26 lower-case characters: 48 bits of milliseconds, then 80 random bits; sorts by time.

    Those that one process makes in one millisecond sort in the order in which they were made (RFC 9562 §6.2, method 2),
    so that a record reads in the order of what happened.
    """
    global _latest
    milliseconds = int((time.time() if now is None else now) * 1000)
    with _making:
        if _latest >> 80 == milliseconds:
            _latest += 1 + int.from_bytes(os.urandom(_STEP_BYTES), "big")
        else:
            _latest = milliseconds << 80 | int.from_bytes(os.urandom(10), "big")
        made = _latest
    return base32(made.to_bytes(16, "big"))


def new_id_of(now: float, tag: str) -> str:
    """The same with eight characters of an id of something else in the place of chance: `tag_of` compares them."""
    made = new_id(now)
    return f"{made[:_TAGGED]}{tag}{made[_TAGGED + len(tag) :]}"


def tag_of(made: str) -> str:
    """What `new_id_of` put into an id."""
    return made[_TAGGED : _TAGGED + TAG]


def first_id(at: float) -> str:
    """What no id of that moment sorts before: the bound for "since" (greater) and "until" (less).

    Of a moment that no id can have, before 1970 or after 10889, the nearest one that it can.
    """
    milliseconds = int(min(max(at * 1000, 0), 2**48 - 1))
    return base32(milliseconds.to_bytes(6, "big") + bytes(10))


def made_at(id: str) -> float:
    """When an id says that it was made, epoch seconds; 0 of what is none of ours."""
    try:
        return (int(id[:10], 32) >> 2) / 1000 if len(id) == 26 else 0.0
    except ValueError:
        return 0.0


#: As `new_secret` makes them: 43 letters, some of them capitals, as no id of ours has.
_SECRET = re.compile(r"(?<![A-Za-z0-9_-])(?=[a-z0-9_-]*[A-Z])[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])")
_USERINFO = re.compile(r"://[^/\s@'\"?#<>]{1,300}@")
_DIGITS = "0123456789abcdefghijklmnopqrstuv"
_PAIRS = [high + low for high in _DIGITS for low in _DIGITS]


def base32(raw: bytes) -> str:
    """16 bytes in lower-case base32hex without padding (RFC 4648 §7), which keeps the order of the bytes."""
    bits = int.from_bytes(raw, "big") << 2  # 26 digits of 5 bits hold 130
    return "".join([_PAIRS[bits >> shift & 1023] for shift in range(120, -1, -10)])


def new_secret() -> str:
    """256 random bits, base64url (S17 asks for 128)."""
    return urlsafe_b64encode(os.urandom(32)).rstrip(b"=").decode("ascii")


def shown_id(given: str) -> str:
    """What came where an id belongs, for records: a secret of ours that was put there by mistake is left out."""
    return _SECRET.sub("(a secret)", given[:100])


def without_userinfo(text: str) -> str:
    """The text with the name and password of each address in it left out (RFC 3986 §3.2.1)."""
    return _USERINFO.sub("://…@", text)


def digest(secret: str) -> str:
    """SHA-256, base64url: how every high-entropy secret is stored (S17, S18)."""
    return urlsafe_b64encode(hashlib.sha256(secret.encode()).digest()).rstrip(b"=").decode("ascii")


def plain_tag(text: str) -> str:
    """Ten letters and digits that stand for a text where nobody gains by another that has the same: in our cookies."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:10]


def split(value: str, prefix: str) -> tuple[str, str] | None:
    """(id, secret) of a bearer value, or None where it has not the form."""
    if not value.startswith(prefix) or len(value) > 200:
        return None
    found = _BEARER.fullmatch(value, len(prefix))
    return (found[1], found[2]) if found else None
