"""What notes have in common with those before them: loops, ends of access tokens, one grant at two addresses.

Of one process, in memory, bounded; what depends on the whole (was the code redeemed?) is asked of the ledger.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from clients.client import Client
from idp.answers.symptoms import kinds
from idp.oidc import ledger
from idp.protocols import Services
from idp.readers.seen import place_of
from idp.traffic import CODE, REDEEMED, REFRESHED, RESPONSE, REUSED, SILENT_CODE, Granted, Note, Used

MAX_KEPT: Final = 5_000  # of each: sessions at an application, grants
LOOP_WITHIN: Final = 20.0  # seconds from one round to the next
LOOP_GAP: Final = 0.2  # seconds: rounds that are closer are tabs
LOOP_AFTER: Final = 3  # rounds
TWO_WITHIN: Final = 900.0  # seconds between two addresses of one grant
_SLACK: Final = 90.0  # seconds in which somebody is back after the end of an access token

#: A kind to count, and what is said of it.
Counted = tuple[str, "dict[str, Any] | None"]
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class _Round:
    at: float
    code_id: str
    many: int


class Following:
    """One for each process, used by one thread at a time."""

    def __init__(self) -> None:
        self._rounds: OrderedDict[tuple[str, str], _Round] = OrderedDict()
        self._grants: OrderedDict[str, tuple[str, float]] = OrderedDict()

    def of(self, services: Services, client: Client, note: Note, at: float) -> Iterator[Counted]:
        """What else this note is one of."""
        if note.kind in (CODE, RESPONSE, SILENT_CODE):
            about = Granted(*note.about)
            if note.kind != SILENT_CODE:
                yield from self._round(services, client, note, about, at)
            if about.anew:
                yield kinds.ANEW, None
        elif note.kind in (REDEEMED, REFRESHED):
            yield from self._grant(services, client, note, at)
        elif note.kind == REUSED:
            before, _ = self._grants.get(note.who, ("", 0.0))
            yield REUSED, {"places": sorted({one for one in map(place_of, (before, str(note.about))) if one})}

    def _round(self, services: Services, client: Client, note: Note, about: Granted, at: float) -> Iterator[Counted]:
        key = (client.id, note.who)
        before = self._rounds.pop(key, None)
        gone = at - before.at if before is not None else 0.0
        many = before.many + 1 if before is not None and LOOP_GAP <= gone <= LOOP_WITHIN else 1
        _keep(self._rounds, key, _Round(at, about.code_id, many))
        if before is None:
            return
        if many >= LOOP_AFTER:
            yield from _loop(services, note.kind, about, before)
        life = client.oidc.access_token_lifetime or services.settings.tokens.access_token
        if note.kind == CODE and life - 5 <= gone <= life + _SLACK:
            yield kinds.AT_END, None

    def _grant(self, services: Services, client: Client, note: Note, at: float) -> Iterator[Counted]:
        used = Used(*note.about)
        before, used_at = self._grants.pop(note.who, ("", 0.0))
        _keep(self._grants, note.who, (used.address, at))
        if note.kind == REDEEMED:
            if used.offline:
                yield kinds.OFFLINE, None
            return
        life = client.oidc.access_token_lifetime or services.settings.tokens.access_token
        if used_at and at - used_at < life / 4:
            yield kinds.EARLY, None
        # A person's own device goes from network to network; a server does not.
        if before not in ("", used.address) and at - used_at <= TWO_WITHIN and not client.oidc.is_public:
            places = sorted({place_of(before), place_of(used.address)} - {""})
            if len(places) > 1:
                yield kinds.TWO_PLACES, {"places": places}


def _loop(services: Services, kind: str, about: Granted, before: _Round) -> Iterator[Counted]:
    yield kinds.LOOP, None
    if kind == CODE and not ledger.was_redeemed(services, before.code_id):
        yield kinds.LOOP_UNREDEEMED, None
    person = services.directory.find(about.person_id) if "email" in about.scopes else None
    if person is not None and not person.email:
        yield kinds.LOOP_NO_EMAIL, None
    elif person is not None and not person.email_verified:
        yield kinds.LOOP_UNVERIFIED, None


def _keep(where: OrderedDict[Any, Value], key: Any, value: Value) -> None:
    where[key] = value
    if len(where) > MAX_KEPT:
        where.popitem(last=False)
