"""How long metadata holds: validUntil and cacheDuration, of an element and of all that it stands in (IIP-MD04)."""

from __future__ import annotations

from dataclasses import dataclass

from idp.saml.messages.xml import Element
from idp.saml.metadata.lexical import DAY, BadMetadata, day_of, least, parse_duration, parse_time


@dataclass(frozen=True, slots=True)
class Validity:
    """How long metadata holds: the least of what an element and all around it say."""

    until: float | None = None
    cache: float | None = None

    def within(self, node: Element) -> Validity:
        """How long an element inside holds. Errors: `BadMetadata`."""
        until, cache = node.get("validUntil"), node.get("cacheDuration")
        return Validity(
            least(self.until, None if until is None else parse_time(until)),
            least(self.cache, None if cache is None else parse_duration(cache)),
        )

    def check(self, now: float, limit: float | None) -> None:
        """IIP-MD04: not past, and with a limit (seconds) neither missing nor further away. Errors: `BadMetadata`."""
        if self.until is not None and self.until <= now:
            raise BadMetadata(f"it ended on {day_of(self.until)} (validUntil); ask for current metadata")
        if limit is not None and self.until is None:
            raise BadMetadata("it has no validUntil, so an old copy could be passed off for a new one")
        if limit is not None and self.until is not None and self.until > now + limit:
            raise BadMetadata(f"its validUntil, {day_of(self.until)}, is more than {limit / DAY:.0f} days away")
