"""Fill an installation: people and their groups, applications, what happened, what waits."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from clients import loading as apps
from clients.loading import Past
from idp.accounts import store
from idp.accounts.cases import store as case_store
from idp.accounts.standing import store as standing_store
from idp.audit import Event, record
from idp.audit.chain import loading as events
from idp.db.unhurried import analyze
from idp.installation.demo_data import applications, troubles
from idp.installation.demo_data.company import Company, found
from idp.installation.demo_data.happenings import Happenings
from idp.installation.demo_data.people import Member, People
from idp.installation.demo_data.plan import Plan
from idp.installation.failures import Refused

if TYPE_CHECKING:
    from idp.protocols import Services

#: Told of what is being made, how much of it there is, and how much there is to be.
Show = Callable[[str, int, int], None]
_PEOPLE: Final = 2_000  # in one transaction


def check_empty(services: Services) -> None:
    """Errors: `Refused` where somebody is there beside the owners."""
    people = services.directory.count()
    others = people - len(services.directory.owners())
    if others:
        are = "is 1 person" if others == 1 else f"are {others:,} people"
        raise Refused(
            f"there {are} in this installation already, beside its owners: demo data belongs into one of its own",
            "give --beside to put it beside them all the same",
        )


def fill(services: Services, plan: Plan, actor: str, show: Show) -> None:
    """Make all of it. What is there stays as it is. Errors: `Conflict` where ids are taken: the same seed twice."""
    services.db.make_room()
    company = found(plan)
    members = _people(services, plan, company, show)
    pasts = list(applications.pasts(plan, company, members))
    for done in apps.load(services.db, pasts):
        show("applications", done, plan.apps)
    _events(services, plan, members, pasts, actor, show)
    with services.db.transaction() as tx:
        tx.load(case_store.cases, troubles.rows(plan, members, pasts))
        made = {"people": plan.people, "apps": plan.apps, "events": plan.events, "seed": plan.seed}
        record(tx, Event("demo_data:made", actor=actor, detail=made), services.clock())
    analyze(services.db)


def _people(services: Services, plan: Plan, company: Company, show: Show) -> list[Member]:
    is_free = services.directory.count() == 0

    def is_taken(key: str) -> bool:
        return not is_free and services.db.one(store.OWNER_OF_KEY, key=key) is not None

    ids = _groups(services, company)
    members: list[Member] = []
    for part in People(plan, company, services.sealer.seal, is_taken).parts(_PEOPLE):
        for row in part.rows.get(store.memberships, ()):
            row["group_id"] = ids[row["group_id"]]
        with services.db.transaction() as tx:
            for table, rows in part.rows.items():
                tx.load(table, rows)
        members += part.members
        show("people", len(members), plan.people)
    return members


def _groups(services: Services, company: Company) -> dict[str, str]:
    """Make those that are missing; answers which id each has here."""
    ids = {}
    with services.db.transaction() as tx:
        for group in company.groups:
            tx.run(store.ADD_GROUP, id=group.id, name=group.name, key=group.key, changed_at=services.clock())
            ids[group.id] = tx.one(store.GROUP, key=group.key).id
    return ids


def _events(
    services: Services, plan: Plan, members: list[Member], pasts: list[Past], actor: str, show: Show
) -> None:  # fmt: skip
    open_now = [past.draft.id for past in pasts if past.enabled and past.removed_at is None]
    happened = Happenings(plan, members, open_now, actor)
    for done in events.load(services.db, happened.rows(), services.clock()):
        show("events", done, plan.events)
    seen: list[dict[str, Any]] = [
        {"person_id": member.id, "last_at": member.last_at} for member in members if member.last_at
    ]
    with services.db.transaction() as tx:
        tx.load(standing_store.sign_ins, seen)
