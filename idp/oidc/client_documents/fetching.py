"""One document, asked for: what came, and how long it counts."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, Final

from clients.documents.address import Address
from idp.http import OutboundFailed, OutboundRefused
from idp.protocols import Services

MAX_BYTES: Final = 5 * 1024  # CIMD §6.6
#: Seconds that a document counts at least and at most, whatever its headers say (CIMD §4.2).
LEAST, MOST, USUAL = 300.0, 86_400.0, 3600.0
_JSON: Final = re.compile(r"application/(?:[a-z0-9.-]+\+)?json", re.IGNORECASE)
_GONE: Final = (404, 410)


class Unreadable(Exception):
    """There is no document to be had. `reason`: for admins; `is_final`: it is there no more, or is none."""

    def __init__(self, reason: str, *, is_final: bool = False) -> None:
        super().__init__(reason)
        self.reason, self.is_final = reason, is_final


@dataclass(frozen=True, slots=True)
class Fetched:
    """A JSON object, and for how many seconds it counts."""

    said: Mapping[str, Any]
    life: float


def fetch(services: Services, address: Address) -> Fetched:
    """Ask for it once, by the guarded client. Errors: `Unreadable`."""
    try:
        # CIMD §3: no redirects; the host is one that an admin allowed, so the settings' exceptions count.
        got = services.outbound.get(address.url, accept="application/json", max_bytes=MAX_BYTES)
    except (OutboundFailed, OutboundRefused) as error:
        raise Unreadable(str(error)[:300]) from None
    if got.status != 200:  # CIMD §3: everything else is an error
        raise Unreadable(f"it answered with status {got.status}", is_final=got.status in _GONE)
    if not _JSON.fullmatch(got.content_type.partition(";")[0].strip()):
        raise Unreadable(f"it answered with the type {got.content_type[:60] or '(none)'}, not JSON", is_final=True)
    try:
        said = json.loads(got.body.decode("utf-8"), object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"it is no JSON: {str(error)[:100]}", is_final=True) from None
    if not isinstance(said, dict):
        raise Unreadable("it is no JSON object", is_final=True)
    return Fetched(said, life_of(got.caching))


def life_of(caching: Mapping[str, str]) -> float:
    """For how many seconds an answer counts, by its headers (RFC 9111 §4.2.1, §5.2.2), within our own bounds."""
    told = caching.get("cache-control", "").lower()
    found = re.search(r'(?:^|[\s,])max-age="?([0-9]{1,9})"?(?=[\s,]|$)', told)
    if re.search(r"(?:^|[\s,])no-(?:store|cache)(?=[\s,=]|$)", told):
        life = 0.0
    elif found:
        age = caching.get("age", "")
        life = float(found[1]) - (float(age) if age.isdigit() and len(age) < 10 else 0.0)
    else:
        life = _until(caching)
    return min(max(life, LEAST), MOST)


def _until(caching: Mapping[str, str]) -> float:
    if "expires" not in caching:
        return USUAL
    try:
        ends, sent = (parsedate_to_datetime(caching[name]) for name in ("expires", "date"))
        return (ends - sent).total_seconds()
    except (KeyError, ValueError, TypeError, OverflowError):
        return 0.0  # RFC 9111 §5.3: a bad date has expired


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a member stands there twice")
    return found
