"""Two persons that are one: an owner joins them, and the other one is no more (I6).

What is told before is what happens: `effect_of` and `join` look at the same things. The `sub` of the person who stays
is the same at every application; nobody ever gets the other's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from idp import mail
from idp.accounts import joining
from idp.accounts.factors import Enrolled, kinds
from idp.accounts.factors.kinds import UPSTREAM
from idp.accounts.joining import Membership
from idp.accounts.person import Person
from idp.admin import turning_off
from idp.admin.actor import Actor
from idp.admin.approving.asking import ask
from idp.admin.permissions import Permission
from idp.db import Transaction, joined
from idp.federation import keeping as providers
from idp.federation import links
from idp.federation.links import Link
from idp.login import consent, signout
from idp.oidc import claims
from idp.protocols import Services
from idp.provisioning import keeping as provisioning


class CannotJoin(Exception):
    """These two are not joined; the message says why, and what to do first."""


@dataclass(frozen=True, slots=True)
class Known:
    """An application that the person who goes has used. `sub`: as it knows them, and as it will: '' for SAML."""

    client_id: str
    name: str
    sub: str
    sub_after: str


@dataclass(frozen=True, slots=True)
class Joining:
    """All that happens. `consents`: client ids of those that move; `ends`: what of the other one ends; `providers`: the
    names of those that links are of, by id; `turned_off_at`: applications that people are written to, where they go.
    """

    kept: Person
    gone: Person
    links: tuple[Link, ...]
    authenticators: tuple[Enrolled, ...]
    groups: tuple[Membership, ...]
    consents: tuple[str, ...]
    applications: tuple[Known, ...]
    ends: turning_off.Effect
    providers: Mapping[str, str]
    turned_off_at: tuple[str, ...]


def effect_of(services: Services, actor: Actor, kept: Person, gone: Person) -> Joining:
    """What joining them would do. Errors: `NotAllowed`, `CannotJoin`."""
    _check(services, actor, kept, gone)
    has, theirs = consent.answered(services, kept.id), links.every_of(services.db, gone.id)
    return Joining(
        kept, gone, theirs, joining.authenticators_of(services, gone.id),
        joining.groups_of(services.db, kept.id, gone.id),
        tuple(one for one in consent.given(services, gone.id) if one not in has),
        tuple(_known(services, one, kept, gone) for one in sorted(services.uses.of(gone.id))),
        turning_off.effect_of(services, gone), {one.provider_id: _provider(services, one) for one in theirs},
        tuple(_written_to(services, gone)),
    )  # fmt: skip


def join(services: Services, actor: Actor, kept: Person, gone: Person) -> Joining:
    """Join them: all of it, or nothing. Where removing people takes two owners, this does.

    Errors: `NotAllowed`, `CannotJoin`, `Waits`, `TakesTwo`; `InvalidPerson`, `NoSuchPerson` where they have changed.
    """
    _check(services, actor, kept, gone)
    # Ways in to an owner's account are an owner's.
    for action in ("user:remove", *(["role:grant:owner"] if "owner" in kept.roles else [])):
        ask(services, actor, action, "people.join", {"kept": kept.id, "gone": gone.id})
    effect, record, now = effect_of(services, actor, kept, gone), actor.record(services), services.clock()
    with services.db.transaction() as tx:
        joining.move(tx, services, kept.id, gone.id, effect.authenticators)
        if joining.authenticators_of(services, gone.id, tx) or links.move(tx, kept.id, gone.id) != len(effect.links):
            raise CannotJoin(f"{gone.username} has just got another way to sign in: look again")
        consent.move(tx, kept.id, gone.id)
        _tell(services, tx, effect, now)
        for one, other in ((kept, gone), (gone, kept)):
            detail = {"person_id": one.id, "kept": kept.id, "gone": gone.id, "other": other.username}
            record(tx, "person:joined", {**detail, **_said(effect)})
        services.directory.within(joined(tx)).remove(gone.id, record=record)
    signout.tell_ended(services)
    return effect


def _check(services: Services, actor: Actor, kept: Person, gone: Person) -> None:
    actor.check(Permission.ROLES_GRANT)  # an owner's: it gives one person's ways in to another account
    actor.check_person(services, Permission.PEOPLE_REMOVE, gone)  # neither is a break-glass account
    actor.check_person(services, Permission.PEOPLE_CHANGE, kept)
    if kept.id == gone.id:
        raise CannotJoin("these are one person already")
    if gone.roles:
        raise CannotJoin(f"{gone.username} has roles ({', '.join(gone.roles)}): take them away first")
    if not kept.enabled:
        raise CannotJoin(f"{kept.username} is turned off: turn them on first, or join them the other way round")
    if joining.is_too_many(services, kept.id, gone.id):
        raise CannotJoin("together they have more sign-in methods than one person may have: remove some first")
    source = joining.is_provisioned(services.db, gone.id)
    if source:
        raise CannotJoin(f"{gone.username} comes from {source}, which would make them anew: take them out there first")


def _provider(services: Services, link: Link) -> str:
    kept = providers.find(services.db, link.provider_id)
    return kept.provider.name if kept is not None else link.provider_id


def _written_to(services: Services, gone: Person) -> Iterator[str]:
    """The names of applications where they have an account by SCIM, which is turned off or deleted there."""
    for target in provisioning.list_of(services.db):
        client = services.registry.find(target.client_id)
        there = provisioning.find_object(services.db, target.client_id, "user", gone.id)
        if client is not None and there is not None and there.remote_id and target.said.off != "nothing":
            yield client.name


def _known(services: Services, client_id: str, kept: Person, gone: Person) -> Known:
    client = services.registry.find(client_id)
    if client is None or client.kind != "oidc":
        return Known(client_id, client.name if client is not None else client_id, "", "")
    subs = [claims.subject(services, client, one.id) for one in (gone, kept)]
    return Known(client_id, client.name, *subs)


def _tell(services: Services, tx: Transaction, effect: Joining, now: float) -> None:
    """The person who stays hears of each new way in, as of any other."""
    ways = [(UPSTREAM, link.label) for link in effect.links]
    ways += [(one.kind, one.label or str(kinds.title(one.kind))) for one in effect.authenticators]
    for kind, label in ways:
        mail.tell(services, effect.kept, "factor_added", {"kind": kind, "label": label, "time": now}, tx=tx)


def _said(effect: Joining) -> dict[str, object]:
    return {
        "links": [[one.provider_id, one.label] for one in effect.links],
        "authenticators": [[one.kind, one.label] for one in effect.authenticators],
        "groups": [one.name for one in effect.groups], "consents": list(effect.consents),
        "applications": [[one.client_id, one.sub, one.sub_after] for one in effect.applications][:50],
    }  # fmt: skip
