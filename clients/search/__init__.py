"""Applications found by any part of their name, their id, or the hosts that they live on (B4).

Door: `Registry.search`. Rule: what is looked through is one short text an application, kept beside it and written with
every change; what another release wrote without it is caught up before the next search.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from clients import uris
from clients.access import Access

Which = Literal["all", "oidc", "saml", "off", "everyone", "self_registered", "removed"]
#: What a list may be narrowed to.
WHICH: Final[tuple[Which, ...]] = ("all", "oidc", "saml", "off", "everyone", "self_registered", "removed")
MAX_QUERY = 200  # characters
_CURSOR = re.compile(r"([0-2])\.([A-Za-z0-9_-]{1,100})")


@dataclass(frozen=True, slots=True)
class Found:
    """One application of a list. `cursor`: where the next page begins."""

    id: str
    kind: str
    name: str
    profile: str
    enabled: bool
    access: Access
    changed_at: float
    deleted_at: float | None
    rank: int

    @property
    def cursor(self) -> str:
        """Says nothing that the list itself does not."""
        return f"{self.rank}.{self.id}"


@dataclass(frozen=True, slots=True)
class Among:
    """What else a list is narrowed to, by what others keep of applications: a statement of ids, and its values."""

    statement: Any
    values: Mapping[str, Any]


def fold(text: str) -> str:
    """As it is compared: without regard to case and runs of spaces."""
    return " ".join(text.casefold().split())


def read_cursor(given: str) -> tuple[int, str] | None:
    """Rank and id; None for what is no cursor."""
    found = _CURSOR.fullmatch(given)
    return (int(found[1]), found[2]) if found else None


def text_of(client_id: str, name: str, said: Mapping[str, Any]) -> str:
    """What an application is found by: its name first, so that the text is also its place in the list."""
    return "\n".join(dict.fromkeys((fold(name), client_id, *_hosts(said))))


def matches(text: str, query: str) -> int | None:
    """How well a text matches: 0 by its very name or id, 1 by the beginning of its name, 2 anywhere; None: not."""
    wanted = fold(query[:MAX_QUERY])
    parts = text.split("\n")
    if wanted in parts[:2]:
        return 0
    if text.startswith(wanted):
        return 1
    return 2 if wanted in text else None


def _hosts(said: Mapping[str, Any]) -> Iterator[str]:
    provider = said.get("sp_metadata", {})
    if entity := provider.get("entity_id"):
        yield fold(str(entity))
    places = [*said.get("redirect_uris", ()), *(one["location"] for one in provider.get("acs", ()))]
    for place in (*places, said.get("launch_url"), said.get("client_uri")):
        try:
            parts = uris.read(str(place)) if place else None
        except ValueError:
            continue
        if parts is not None:
            yield parts.host.lower() or parts.scheme
