"""Cases, requests for accounts, planned ends, roles that nobody uses, mail refused, work on many, access reviews."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from idp import audit
from idp.accounts import batches as accounts_batches
from idp.accounts import cases, listing, planned_ends
from idp.accounts.registering import waiting
from idp.admin.actor import Actor
from idp.admin.attention import refused_mail
from idp.admin.attention.examining import EVERY
from idp.admin.attention.finding import DAY, MANY, Finding
from idp.admin.batches import WHY as STOPPED_WHY
from idp.admin.permissions import Permission
from idp.admin.planned_ends import FAILED as OFF_FAILED
from idp.admin.reviews import rights as reviews
from idp.protocols import Services
from idp.texts import N_, plural

_COUNTED: Final = 1000  # people, for a sentence
_NAMED: Final = 5  # of them, beside it
_TAKE_AWAY: Final = "take the role away on their page, or turn the account off"


def _cases(services: Services) -> Iterator[Finding]:
    many = len(cases.list_of(services.db, many=MANY + 1))
    if many:
        yield Finding(
            "case", plural("%(n)s person waits for the help desk.", "%(n)s people wait for the help desk.", many),
            "/admin/cases",
        )  # fmt: skip


def _registrations(services: Services) -> Iterator[Finding]:
    if many := waiting.count(services.db):
        text = plural("%(n)s person asks for an account.", "%(n)s people ask for an account.", many)
        yield Finding("registration", text, "/admin/people/registrations")


def _ending(services: Services) -> Iterator[Finding]:
    now = services.clock()
    if many := planned_ends.count_soon(services.db, now, now + DAY):
        text = plural("%(n)s account is turned off within a day.", "%(n)s accounts are turned off within a day.", many)
        yield Finding("ending", text, "/admin/people?show=ending")
    for event in audit.since(services.db, OFF_FAILED, now - 7 * DAY)[:MANY]:
        person = services.directory.find(event.person_id or "")
        if person is None or not person.enabled:
            continue
        text = N_("An account could not be turned off at the moment that was planned.")
        yield Finding("off_failed", text, f"/admin/people/{event.person_id}", str(event.detail.get("reason", "")))


def _roles_unused(services: Services) -> Iterator[Finding]:
    """People who may do more than others and do not come: what nobody misses is there for whoever steals it."""
    wanted, now = listing.Wanted(filters=("role_unused",)), services.clock()
    if many := len(listing.ids(services.db, wanted, now, _COUNTED)):
        text = plural(
            "%(n)s person with a role has not signed in for 90 days, or never.",
            "%(n)s people with a role have not signed in for 90 days, or never.", many,
        )  # fmt: skip
        names = ", ".join(one.person.username for one in listing.page(services.db, wanted, now, _NAMED))
        yield Finding("role_unused", text, "/admin/people?show=role_unused", names, _TAKE_AWAY)


def _stopped(services: Services, actor: Actor) -> Iterator[Finding]:
    """Work on many people that went no further, since whoever began it may not do it any more."""
    since = services.clock() - 7 * DAY
    for kind, path, permission in (
        ("import", "/admin/people/import", Permission.PEOPLE_CREATE),
        ("bulk", "/admin/people/many", Permission.PEOPLE_READ),
    ):
        for batch in accounts_batches.latest(services.db, kind):
            if batch.stopped_by in STOPPED_WHY and batch.asked.get("ran") and batch.changed_at > since:
                text = plural(
                    "Work on many people was stopped; %(n)s of them is left.",
                    "Work on many people was stopped; %(n)s of them are left.", batch.total - batch.done,
                )  # fmt: skip
                where = f"{path}/{batch.id}" if actor.may(permission) else ""
                yield Finding("stopped", text, where, str(STOPPED_WHY[batch.stopped_by]))


def _reviews(services: Services, actor: Actor) -> Iterator[Finding]:
    """Access reviews near their end, past it, or that left somebody to look at: of those that the actor may see."""
    now = services.clock()
    for one in reviews.listed(services, actor, many=MANY):
        path = f"/admin/reviews/{one.id}"
        if one.state in ("open", "ending") and one.due_at < now - EVERY:
            yield Finding("review", N_("%(name)s: the access review should have ended by now.", name=one.name), path)
        elif one.state == "open" and one.due_at < now + 3 * DAY and (left := reviews.left(services, one)):
            text = plural(
                "%(name)s: %(n)s person still waits to be confirmed.",
                "%(name)s: %(n)s people still wait to be confirmed.", left, name=one.name,
            )  # fmt: skip
            yield Finding("review", text, path)
        elif one.to_see_to:
            text = plural(
                "%(name)s: the access review left %(n)s person to look at.",
                "%(name)s: the access review left %(n)s people to look at.", one.to_see_to, name=one.name,
            )  # fmt: skip
            yield Finding("review", text, path)
        elif one.state == "stopped" and one.note and one.settled_at is None:
            text = N_("%(name)s: the access review could not begin again.", name=one.name)
            yield Finding("review", text, path)


def findings(services: Services, actor: Actor) -> Iterator[Finding]:
    """All of these that an actor may know of."""
    if actor.scope(Permission.CASES_READ) is None:
        yield from _cases(services)
    if actor.scope(Permission.PEOPLE_READ) is None:
        yield from (*_ending(services), *_roles_unused(services), *_stopped(services, actor))
        yield from refused_mail.findings(services)
    if actor.may(Permission.PEOPLE_CREATE):
        yield from _registrations(services)
    if actor.may(Permission.REVIEWS_READ):
        yield from _reviews(services, actor)
