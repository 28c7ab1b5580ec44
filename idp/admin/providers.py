"""Providers that people sign in through: listed, added, changed, tried, removed, brought back (I1, I5, I11)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from idp.accounts.factors.kinds import UPSTREAM
from idp.accounts.person import Person
from idp.admin import managed
from idp.admin.actor import Actor
from idp.admin.approving import asking, of_providers
from idp.admin.permissions import Permission
from idp.federation import checking, ending, health, keeping, kinds, leaving, links, signing_out, snapshot
from idp.federation.health import Health
from idp.federation.keeping import Change, Kept, UnknownProvider
from idp.federation.links import Link
from idp.federation.ports import Found
from idp.federation.provider import OIDC, Provider
from idp.federation.saml import ours
from idp.protocols import Services
from keys.sealing import BrokenSeal

KIND = "provider"  # as files call it
_RESERVED: Final = "provider-id"
_LOOKED_AT: Final = 200  # people, at each of whom a removal looks


@dataclass(frozen=True, slots=True)
class Standing:
    """A provider with what its admins look at. `people`: who came by it.

    `redirect_uri`, `logout_uri`, `signed_out_uri`: registered there; at the second its server says that somebody has
    signed out, to the third it sends whoever has signed out here. '' where there is none, as of a directory.
    `shared_domains`: a mail domain that another provider has as well, and its name; the one that came first is led to.
    `metadata_url`: of SAML, where our metadata for it is, which has all of them; '' else.
    """

    kept: Kept
    redirect_uri: str
    people: int
    health: Health
    logout_uri: str = ""
    signed_out_uri: str = ""
    metadata_url: str = ""
    shared_domains: tuple[tuple[str, str], ...] = ()

    @property
    def provider(self) -> Provider:
        """The provider itself."""
        return self.kept.provider


def list_of(services: Services, actor: Actor) -> tuple[Standing, ...]:
    """All of them, those that are off too. Errors: `NotAllowed`."""
    actor.check(Permission.PROVIDERS_READ)
    return tuple(_standing(services, kept) for kept in keeping.list_of(services.db))


def removed(services: Services, actor: Actor) -> tuple[Standing, ...]:
    """Those that can be brought back, the last removed first. Errors: `NotAllowed`."""
    actor.check(Permission.PROVIDERS_READ)
    return tuple(_standing(services, kept) for kept in keeping.removed(services.db, services.clock()))


def get(services: Services, actor: Actor, provider_id: str) -> Standing:
    """One of them. Errors: `NotAllowed`, `UnknownProvider`."""
    actor.check(Permission.PROVIDERS_READ)
    return _standing(services, _kept(services, provider_id))


def add(
    services: Services, actor: Actor, said: Mapping[str, Any], secret: str, *, enabled: bool = True, reserved: str = ""
) -> Standing:  # fmt: skip
    """One more. `reserved`: its id, where its redirect URI was shown before it was made.

    Errors: `NotAllowed`, `InvalidProvider`, `NameTaken`, `TooMany`.
    """
    actor.check(Permission.PROVIDERS_CHANGE)
    provider = checking.checked(_completed(services, said), reserved, enabled=enabled)
    checking.check_secret(services.issuer, provider, secret)
    _ask(services, actor, secret, how="add", said=dict(said), enabled=enabled, reserved=reserved)
    now, record = services.clock(), actor.record(services)
    return _seen(services, keeping.add(services.db, services.sealer, provider, secret, now, record=record))


def reserve(services: Services, actor: Actor) -> str:
    """An id for one that is about to be made, sealed for this actor; nothing is kept. Errors: `NotAllowed`."""
    actor.check(Permission.PROVIDERS_CHANGE)
    id = keeping.new_provider_id(services.clock())
    return services.sealer.seal(_RESERVED, id.encode(), actor.name.encode())


def reserved(services: Services, actor: Actor, sealed: str) -> str:
    """The id that was reserved; '' where it was not, or for somebody else. Errors: `NotAllowed`."""
    actor.check(Permission.PROVIDERS_CHANGE)
    try:
        return services.sealer.open(_RESERVED, sealed, actor.name.encode()).decode()
    except BrokenSeal:
        return ""


def planned(services: Services, actor: Actor, reserved_id: str, kind: str) -> Standing:
    """One that is not made yet: what would be registered there for it. Errors: `NotAllowed`."""
    actor.check(Permission.PROVIDERS_CHANGE)
    return _standing(services, Kept(Provider(id=reserved_id, name="", kind=kind), "", 0.0, 0.0))


@dataclass(frozen=True, slots=True)
class Cost:
    """What a removal takes. `people`: who came by it; `alone`: how many of the `looked_at` have no other way in."""

    people: int
    looked_at: int
    alone: int


def cost(services: Services, actor: Actor, provider_id: str) -> Cost:
    """What becomes of people when it is removed, of some of them looked at. Errors: `NotAllowed`, `UnknownProvider`."""
    actor.check(Permission.PROVIDERS_READ)
    _kept(services, provider_id)
    some = [services.directory.find(one) for one in links.people_of(services.db, provider_id, _LOOKED_AT)]
    people = [one for one in some if one is not None]
    alone = sum(
        1 for one in people
        if not links.has_way_in(services.db, one)
        and all(link.provider_id == provider_id for link in links.of_person(services.db, one.id))
    )  # fmt: skip
    return Cost(links.count(services.db, provider_id), len(people), alone)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What becomes of one. `said`: all that it says from now on; `secret`, `enabled`: None leaves them as they are."""

    said: Mapping[str, Any]
    secret: str | None = None
    enabled: bool | None = None
    seen: str = ""


def change(services: Services, actor: Actor, provider_id: str, wanted: Wanted) -> Standing:
    """Change one.

    Errors: `NotAllowed`, `ManagedByFile`, `UnknownProvider`, `InvalidProvider`, `NameTaken`, `ChangedMeanwhile`.
    """
    actor.check(Permission.PROVIDERS_CHANGE)
    managed.guard(services, KIND, provider_id)
    before = _kept(services, provider_id)
    enabled = before.provider.enabled if wanted.enabled is None else wanted.enabled
    provider = checking.checked(_completed(services, wanted.said), provider_id, enabled=enabled)
    # What is an account's key must not be read by another rule, or from elsewhere: each would be somebody else.
    if links.count(services.db, provider_id):
        checking.check_same_accounts(before.provider, provider)
    if before.sealed and wanted.secret is None:
        checking.check_secret_is_told(before.provider, provider)
    has_secret = bool(before.sealed) if wanted.secret is None else bool(wanted.secret)
    checking.check_secret(services.issuer, provider, "kept" if has_secret else "")
    _ask(
        services, actor, wanted.secret, how="change", provider=provider_id, said=dict(wanted.said),
        enabled=wanted.enabled, seen=wanted.seen,
    )  # fmt: skip
    done = Change(provider, wanted.secret, wanted.seen)
    record = actor.record(services)
    return _seen(services, keeping.change(services.db, services.sealer, done, services.clock(), record=record))


def renew_secret(services: Services, actor: Actor, provider_id: str, secret: str) -> Standing:
    """Another secret, which the provider gave. Errors: `NotAllowed`, `UnknownProvider`, `InvalidProvider`."""
    actor.check(Permission.PROVIDERS_CHANGE)
    kept = _kept(services, provider_id)
    checking.check_secret(services.issuer, kept.provider, secret)
    _ask(services, actor, secret, how="renew_secret", provider=provider_id)
    record = actor.record(services)
    done = Change(kept.provider, secret)
    return _seen(services, keeping.change(services.db, services.sealer, done, services.clock(), record=record))


def turn(services: Services, actor: Actor, provider_id: str, *, on: bool) -> Standing:
    """Off, or on again: nobody signs in by one that is off, and its links stay. Errors: as `change`."""
    actor.check(Permission.PROVIDERS_CHANGE)
    managed.guard(services, KIND, provider_id)
    before = _kept(services, provider_id)
    _ask(services, actor, how="turn", provider=provider_id, on=on)
    wanted = Change(replace(before.provider, enabled=on))
    record = actor.record(services)
    return _seen(services, keeping.change(services.db, services.sealer, wanted, services.clock(), record=record))


def remove(services: Services, actor: Actor, provider_id: str, seen: str = "") -> int:
    """Take it away, for 30 days to be brought back; answers how many people came by it.

    Errors: `NotAllowed`, `ManagedByFile`, `UnknownProvider`, `ChangedMeanwhile`.
    """
    actor.check(Permission.PROVIDERS_CHANGE)
    managed.guard(services, KIND, provider_id)
    if seen and seen != keeping.edition(_kept(services, provider_id)):
        raise keeping.ChangedMeanwhile
    _ask(services, actor, how="remove", provider=provider_id, seen=seen)
    gone = keeping.remove(services.db, provider_id, services.clock(), record=actor.record(services))
    services.part(snapshot.Providers).forget()
    return gone


def restore(services: Services, actor: Actor, provider_id: str) -> Standing:
    """Bring it back with its links. Errors: `NotAllowed`, `UnknownProvider`, `NameTaken`, `TooMany`."""
    actor.check(Permission.PROVIDERS_CHANGE)
    _ask(services, actor, how="restore", provider=provider_id)
    now, record = services.clock(), actor.record(services)
    return _seen(services, keeping.restore(services.db, provider_id, now, record=record))


def test(services: Services, actor: Actor, provider_id: str) -> tuple[Found, ...]:
    """All that can be tried without a person. Errors: `NotAllowed`, `UnknownProvider`, `Refused`."""
    actor.check(Permission.PROVIDERS_CHANGE)
    kept = _kept(services, provider_id)
    health.ask_again(services, kept.provider)
    return kinds.of(kept.provider).test(services, leaving.trial(services, kept))


def links_of(services: Services, actor: Actor, person: Person) -> tuple[Link, ...]:
    """The accounts elsewhere that somebody signs in with. Errors: `NotAllowed`."""
    actor.check_person(services, Permission.PEOPLE_READ, person)
    return links.of_person(services.db, person.id)


def disconnect(services: Services, actor: Actor, person: Person, provider_id: str) -> int:
    """Whoever has this person's account there comes in by it no more; answers how many accounts that were.

    What the provider gave goes along, and their owner is told. Errors: `NotAllowed`.
    """
    from idp import mail

    actor.check_person(services, Permission.PEOPLE_HELP, person)
    actor.check_ordinary(services, Permission.PEOPLE_HELP, person)
    now, gone = services.clock(), 0
    with services.db.transaction() as tx:
        for link in links.of_person(tx, person.id):
            if link.provider_id == provider_id and links.drop(tx, link, now, record=actor.record(services)):
                about = {"kind": UPSTREAM, "label": link.label, "time": now}
                mail.tell(services, person, "factor_removed", about, tx=tx)
                gone += 1
    return gone


def _ask(services: Services, actor: Actor, secret: str | None = None, **what: Any) -> None:
    """Errors: `approving.asking.Waits` where another owner has to approve it first (C3)."""
    if asking.is_named(services, "provider:change"):
        sealed = {} if secret is None else {asking.SEALED: of_providers.sealed(services, secret)}
        asking.ask(services, actor, "provider:change", "providers.change", what | sealed)


def _completed(services: Services, said: Mapping[str, Any]) -> Mapping[str, Any]:
    """With what the kind finds out by itself. Errors: `InvalidProvider`."""
    row = kinds.KINDS.get(str(said.get("kind", OIDC)))
    if row is None or not row.completes:
        return said
    found, wrong = kinds.completed(row, services, said)
    if wrong:
        raise checking.InvalidProvider(*wrong)
    return found


def _kept(services: Services, provider_id: str) -> Kept:
    found = keeping.find(services.db, provider_id)
    if found is None:
        raise UnknownProvider(provider_id)
    return found


def _standing(services: Services, kept: Kept) -> Standing:
    uri = "" if kept.provider.is_directory else leaving.redirect_uri(services, kept.provider.id)
    people = links.count(services.db, kept.provider.id)
    one, is_saml = kept.provider, kept.provider.speaks_saml
    uri = ours.acs(services, one.id) if is_saml else uri
    url = ours.metadata_url(services, one.id) if is_saml else ""
    back, told = "" if is_saml else signing_out.back_uri(services, one), ending.told_at(services, one)
    shared = _shared(services, one)
    return Standing(kept, uri, people, health.of(services, one), told, back, url, shared)


def _shared(services: Services, one: Provider) -> tuple[tuple[str, str], ...]:
    others = [other for other in snapshot.current(services) if other.id != one.id]
    return tuple((domain, other.name) for other in others for domain in one.domains if domain in other.domains)


def _seen(services: Services, kept: Kept) -> Standing:
    services.part(snapshot.Providers).forget()
    health.forget(services, kept.provider)
    return _standing(services, kept)
