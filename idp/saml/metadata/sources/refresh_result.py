"""What a refresh brought, and what becomes of its source."""

from __future__ import annotations

from base64 import b64decode
from dataclasses import dataclass, replace
from typing import Any, Final

from idp.saml.messages.public_keys import PublicKey, public_key
from idp.saml.metadata.lexical import DAY, BadMetadata, day_of
from idp.saml.metadata.sources.store import Source

USUAL: Final = 4 * 3600.0  # seconds between two refreshes where no cacheDuration is told
SOONEST, LATEST = 300.0, DAY
MAX_VALIDITY: Final = 30 * DAY  # SDP-MD03


@dataclass(frozen=True, slots=True)
class RefreshResult:
    """What a refresh brought."""

    source: Source
    entities: int = 1
    changed: int = 0
    removed: int = 0
    notes: tuple[str, ...] = ()


def keys_of(certificates: tuple[str, ...]) -> tuple[PublicKey, ...]:
    """The pinned keys of a source."""
    return tuple(public_key(b64decode(certificate)) for certificate in certificates)


def succeeded(source: Source, now: float, changed: bool, cache: float | None, **values: Any) -> Source:
    """A source that was read well, and when it is read again."""
    wait = min(max(cache if cache is not None else USUAL, SOONEST), LATEST)
    return replace(
        source, checked_at=now, changed_at=now if changed else source.changed_at, next_at=now + wait, failures=0,
        error=None, **values,
    )  # fmt: skip


def check_newer(source: Source, published_at: float | None, valid_until: float | None, accept_older: bool) -> None:
    """A signed document that was replaced stays valid for weeks: it may not come back. Errors: `BadMetadata`."""
    if accept_older or not source.certificates:
        return
    pairs = ((published_at, source.published_at, "creationInstant"), (valid_until, source.valid_until, "validUntil"))
    for new, old, name in pairs:
        if new is not None and old is not None:
            if new < old:
                raise BadMetadata(f"it is older than what is known: its {name} is {day_of(new)}, before {day_of(old)}")
            return
    if source.published_at is not None or (source.valid_until is not None and valid_until is None):
        raise BadMetadata("it does not say how old it is (creationInstant, validUntil), and its predecessor did")
