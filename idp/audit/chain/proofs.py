"""The MACs: of an event, of what was counted up in it, of a blanked one, of a segment.

The key is derived from the root secret, which the master key wraps: whoever has the database only can make none.
An event's MAC covers its personal part by a salted commitment, so that salt and values can go and the MAC stays.
"""

from __future__ import annotations

import hmac
import os
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Mapping
from functools import lru_cache
from hashlib import sha256
from typing import Any
from weakref import WeakKeyDictionary

from idp.db import Database, Executor

PURPOSE = "audit chain"  # of the key, see `Sealer.mac_key`

_keys: WeakKeyDictionary[Database, bytes] = WeakKeyDictionary()


def prove_with(db: Database, key: bytes) -> None:
    """Have every event that is written to `db` from here on proved under the key."""
    _keys[db] = key


def find_key(db: Executor) -> bytes | None:
    """The key of this database, where one was given."""
    return _keys.get(db.database)


@lru_cache(16)
def _keyed(key: bytes) -> hmac.HMAC:
    return hmac.new(key, digestmod="sha256")


def _text(parts: Iterable[str | None]) -> bytes:
    """Each part with its length before it, so that no two lists have one text."""
    made = "".join(["-" if part is None else f"{len(part)}:{part}" for part in parts])
    return made.encode("utf-8", "surrogatepass")


def _base64(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def mac(key: bytes, *parts: str | None) -> str:
    """HMAC-SHA256 over the parts, base64url."""
    made = _keyed(key).copy()
    made.update(_text(parts))
    return _base64(made.digest())


def number(value: float | None) -> str | None:
    """A part that is a number, as both databases give it back."""
    return None if value is None else repr(float(value))


def prove(tx: Executor, row: Mapping[str, Any]) -> tuple[str | None, str]:
    """(salt, MAC) for a new event; (None, "") where no key was given: an installation that is being made."""
    key = find_key(tx)
    if key is None:
        return None, ""
    salt = urlsafe_b64encode(os.urandom(18)).decode("ascii")
    return salt, _mac_of(key, row, commitment(salt, row))


def prove_again(tx: Executor, event_id: str, detail: str) -> str:
    """The MAC of what was counted up in an event."""
    key = find_key(tx)
    return "" if key is None else mac(key, "again", event_id, detail)


def commitment(salt: str, row: Mapping[str, Any]) -> str:
    """Stands for the personal part of an event; without the salt nobody can try values against it."""
    actor = row["actor"] if is_own(row) else ""
    said = _text((salt, row["person_id"], actor, row["address"], row["detail"]))
    return _base64(sha256(said).digest())


def is_own(row: Mapping[str, Any]) -> bool:
    """Whether an event is about the person who did it: then their name as the actor is in the personal part."""
    return row["person_id"] is not None and row["actor"].removeprefix("person:") == row["person_id"]


def _mac_of(key: bytes, row: Mapping[str, Any], committed: str) -> str:
    actor = "" if is_own(row) else row["actor"]
    return mac(
        key, "event", row["id"], number(row["at"]), row["action"], actor, row["client_id"], row["session_id"],
        row["request_id"], row["error_id"], committed,
    )  # fmt: skip


def blank(key: bytes, event_id: str, committed: str) -> str:
    """What a blanked event has in the place of its personal part: only who has the key can blank."""
    return f"{committed}.{mac(key, 'blanked', event_id, committed)}"


def holds(key: bytes, row: Mapping[str, Any]) -> bool:
    """Whether an event, with its columns of proof, is as it was written (or was blanked by us)."""
    if row["blanked"] is not None:
        committed = row["blanked"].partition(".")[0]
        is_empty = (row["person_id"], row["address"], row["detail"], row["again"]) == (None, "", "{}", None)
        if not is_empty or not _same(row["blanked"], blank(key, row["id"], committed)):
            return False
    else:
        committed = commitment(row["salt"] or "", row)
    if row["again"] is not None and not _same(row["again_mac"], mac(key, "again", row["id"], row["again"])):
        return False
    return _same(row["mac"], _mac_of(key, row, committed))


def _same(found: str, wanted: str) -> bool:
    return hmac.compare_digest(found.encode("utf-8", "surrogatepass"), wanted.encode("ascii"))
