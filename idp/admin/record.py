"""The record as auditors hold it to account: is it whole, its end to keep elsewhere, and what may go from it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from idp.accounts import past, reviews
from idp.admin.activity import Names
from idp.admin.actor import Actor
from idp.admin.permissions import Permission
from idp.audit.chain import blanking, heads, sealing, verifying
from idp.audit.chain.findings import Verdict
from idp.audit.chain.heads import Head
from idp.audit.exporting import FORMATS
from idp.audit.searching import Wanted, each, onward
from idp.ids import first_id
from idp.protocols import Services

_NAMES_KEPT: Final = 5000  # events after which the names of persons are looked up anew: memory stays flat


class NothingRecorded(LookupError):
    """There is nothing of the kind."""


class NotRemoved(ValueError):
    """The person is still there; what somebody still does is kept."""


@dataclass(frozen=True, slots=True)
class SignedHead:
    """The end of the chain, and the JWS over it."""

    head: Head
    jws: str


def verify(
    services: Services, actor: Actor, head: str | None = None, show: Callable[[int], None] = lambda total: None
) -> Verdict:
    """Look at the whole record; `head`: the text of one that was kept elsewhere. Errors: `NotAllowed`, `BadHead`."""
    actor.check(Permission.ACTIVITY_READ)
    return verifying.verify(services.db, None if head is None else heads.read(services.db, head), show)


def sealed_head(services: Services, actor: Actor, seconds: float = 600) -> SignedHead:
    """Seal what waits, for so many seconds at most, and sign the end. Errors: `NotAllowed`, `NothingRecorded`."""
    actor.check(Permission.ACTIVITY_EXPORT)
    sealing.seal_all(services.db, services.clock, seconds=seconds)
    head = heads.find(services.db)
    if head is None:
        raise NothingRecorded
    signer = services.ring.signer(services.ring.algorithms()[0])
    signed = heads.sign(services.db, head, signer=signer, issuer=services.issuer, now=services.clock())
    return SignedHead(head, signed)


def about(services: Services, actor: Actor, person_id: str) -> int:
    """How many events `blank` would change. Errors: `NotAllowed`, `NotRemoved`, `NothingRecorded`."""
    actor.check(Permission.PEOPLE_REMOVE)
    if services.directory.find(person_id) is not None:
        raise NotRemoved
    many = blanking.count(services.db, person_id)
    if not many:
        raise NothingRecorded
    return many


def blank(services: Services, actor: Actor, person_id: str) -> int:
    """Take the personal data of somebody removed out of the record; answers of how many events, for good.

    Errors: `NotAllowed`, `NotRemoved`, `NothingRecorded`.
    """
    about(services, actor, person_id)
    many = blanking.blank(services.db, person_id)
    past.blank(services.db, person_id)
    reviews.blank(services.db, person_id)
    actor.record(services)(services.db, "audit:blanked", {"events": many})  # without the id: that is what went
    return many


def export(services: Services, actor: Actor, wanted: Wanted, format: str) -> Iterator[str]:
    """The lines of an export, up to this moment, oldest first; `format`: of `exporting.FORMATS`. That it was made is on
    record itself. Errors: `NotAllowed`, at once.
    """
    actor.check(Permission.ACTIVITY_EXPORT)
    until = services.clock() if wanted.until is None else min(wanted.until, services.clock())
    said = {"format": format, "since": wanted.since or None, "until": until}
    actor.record(services)(services.db, "audit:exported", said)
    return _lines(services, replace(wanted, until=until), format)


@dataclass(frozen=True, slots=True)
class Part:
    """Lines of an export that is taken in parts. `last`: the id of its last event; '' where nothing came after."""

    text: str
    events: int
    last: str


def export_part(
    services: Services, actor: Actor, wanted: Wanted, format: str, *, after: str = "", many: int = 1000
) -> Part:
    """The next lines of an export, oldest first; `after`: `last` of the part before. Each part is on record.

    Errors: `NotAllowed`.
    """
    actor.check(Permission.ACTIVITY_EXPORT)
    end = first_id(services.clock() if wanted.until is None else min(wanted.until, services.clock()))
    begin = after or (first_id(wanted.since) if wanted.since else "")
    found = [event for event in onward(services.db, wanted, begin, many + 1) if event.id < end]
    shown, written, names = found[:many], FORMATS[format], Names(services)
    said = {"format": format, "since": wanted.since or None, "until": wanted.until, "events": len(shown)}
    actor.record(services)(services.db, "audit:exported", said)
    head = written.head if not after else ""
    text = head + "".join(written.line(event, names.person, names.client) for event in shown)
    return Part(text, len(shown), shown[-1].id if len(found) > many else "")


def _lines(services: Services, wanted: Wanted, format: str) -> Iterator[str]:
    written, names = FORMATS[format], Names(services)
    if written.head:
        yield written.head
    for number, event in enumerate(each(services.db, wanted)):
        if number % _NAMES_KEPT == 0:
            names = Names(services)
        yield written.line(event, names.person, names.client)
