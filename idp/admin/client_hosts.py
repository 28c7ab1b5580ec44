"""Hosts whose client-ID metadata documents are let in: allowed, refused, or asked for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Final

from clients.documents import hosts
from clients.documents.address import read_host
from clients.documents.hosts import DocumentClient, Host
from clients.errors import InvalidMetadata, Problem, UnknownClient
from clients.registry import Registry
from clients.self_registered import kept
from clients.self_registered.policy import Policy
from idp.admin import managed
from idp.admin.actor import Actor
from idp.admin.permissions import Permission
from idp.audit import Recorder
from idp.db import joined
from idp.login import consent
from idp.oidc.client_documents import changing, guests
from idp.protocols import Services

KIND: Final = "client_host"  # as files call it
GRANTS: Final = ("authorization_code", "refresh_token")


class NoSuchHost(LookupError):
    """Nothing is known of this host."""


@dataclass(frozen=True, slots=True)
class Decided:
    """What stands now, and how many of its clients went."""

    host: Host
    removed: int


def list_of(services: Services, actor: Actor) -> tuple[Host, ...]:
    """All hosts that somebody allowed, refused or asked for, by name. Errors: `NotAllowed`."""
    actor.check(Permission.APPS_CREATE)
    return hosts.list_of(services.db)


def clients_of(services: Services, actor: Actor, host: str = "") -> tuple[DocumentClient, ...]:
    """The clients that somebody has let in by their documents, of one host or of all. Errors: `NotAllowed`."""
    actor.check(Permission.APPS_CREATE)
    return hosts.clients_of(services.db, host)


def usual(services: Services) -> Policy:
    """What clients may have where nobody says otherwise: as much as one that registered without a token."""
    oauth = services.settings.oauth
    return Policy(
        scopes=tuple(oauth.open_registration_scope.split()), resources=tuple(oauth.open_registration_resources)
    )


def allow(
    services: Services, actor: Actor, host: str, *, scopes: Iterable[str] | None = None,
    resources: Iterable[str] | None = None,
) -> Decided:  # fmt: skip
    """Let the documents of a host in; of one that stands, say anew what its clients may have.

    Errors: `NotAllowed`, `ManagedByFile`, `InvalidMetadata`.
    """
    actor.check(Permission.APPS_CREATE)
    name = _read(host)
    managed.guard(services, KIND, name)
    return _done(services, actor, name, hosts.ALLOWED, policy_of(services, scopes, resources))


def refuse(services: Services, actor: Actor, host: str) -> Decided:
    """Keep the documents of a host out; what its clients got has ended.

    Errors: `NotAllowed`, `ManagedByFile`, `InvalidMetadata`.
    """
    actor.check(Permission.APPS_CREATE)
    name = _read(host)
    managed.guard(services, KIND, name)
    return _done(services, actor, name, hosts.REFUSED, Policy())


def forget(services: Services, actor: Actor, host: str) -> int:
    """Take a word back: people may ask for the host again. What its clients got has ended; how many they were.

    Errors: `NotAllowed`, `ManagedByFile`, `NoSuchHost`, `InvalidMetadata`.
    """
    actor.check(Permission.APPS_CREATE)
    name = _read(host)
    managed.guard(services, KIND, name)
    record = actor.record(services)
    drop(services, name, record=record)
    return follow(services, name, record)


def _done(services: Services, actor: Actor, name: str, state: hosts.State, policy: Policy) -> Decided:
    record = actor.record(services)
    host = decide(services, name, state, policy, by=actor.name, record=record)
    return Decided(host, follow(services, name, record))


# -- the same, for whoever has the permission by a file --------------------------------------------------------------


def policy_of(
    services: Services, scopes: Iterable[str] | None = None, resources: Iterable[str] | None = None
) -> Policy:  # fmt: skip
    """What the clients of a host may have. Errors: `InvalidMetadata`."""
    known = usual(services)
    return replace(
        known, grant_types=GRANTS, scopes=known.scopes if scopes is None else tuple(scopes),
        resources=known.resources if resources is None else tuple(resources),
    ).checked()  # fmt: skip


def decide(services: Services, name: str, state: hosts.State, policy: Policy, *, by: str, record: Recorder) -> Host:
    """Write the word about a host; `follow` comes after the commit. What stands now."""
    now = services.clock()
    with services.db.transaction() as tx:
        before = hosts.decide(tx, name, state, policy, by=by, now=now)
        after = hosts.find(tx, name)
        assert after is not None  # it was written just now
        if before is None or (before.state, before.policy) != (after.state, after.policy):
            detail = {"host": name, "scopes": [*policy.scopes], "resources": [*policy.resources]}
            record(tx, f"client_host:{state}", detail if state == hosts.ALLOWED else {"host": name})
    return after


def drop(services: Services, name: str, *, record: Recorder) -> None:
    """Nothing is said of a host any more; `follow` comes after the commit. Errors: `NoSuchHost`."""
    with services.db.transaction() as tx:
        if not hosts.remove(tx, name):
            raise NoSuchHost(name)
        record(tx, "client_host:forgotten", {"host": name})


def follow(services: Services, name: str, record: Recorder) -> int:
    """The programs of a host are held to what stands of it now, or are gone; how many went."""
    services.part(guests.Known).forget(name)
    stands = hosts.find(services.db, name)
    if stands is None or stands.state != hosts.ALLOWED:
        return _removed(services, name, record)
    for client in hosts.every_client_of(services.db, name):
        guests.forget(services, client.id)  # read anew with the next request
        changing.hold_to(services, client.id, stands.policy, record)
    return 0


def end_grants(services: Services, actor: Actor, client_id: str = "") -> int:
    """What people let a program do has ended, and it may ask them anew; of one that registered itself, or of all.

    Answers how many programs they were. Errors: `NotAllowed`.
    """
    actor.check(Permission.APPS_CREATE)
    one = [client_id] if kept.find(services.db, client_id) is not None else []
    ended = 0
    for each in one if client_id else kept.every_id(services.db):
        client = services.registry.find_registered(each)
        # What an admin has vouched for since is no stranger's any more.
        if client is None or not client.metadata.get("self_registered"):
            continue
        with services.db.transaction() as tx:
            registry = Registry(joined(tx), services.clock, allow_loopback=services.registry.allow_loopback)
            registry.disable(client.id)  # its tokens are dead from here on
            if client.enabled:
                registry.enable(client.id)
            consent.forget_application(tx, client.id)
            actor.record(services)(tx, "client:grants_ended", {"client_id": client.id, "name": client.name})
        ended += 1
    services.registry.refresh()
    return ended


def _read(host: str) -> str:
    try:
        return read_host(host)
    except ValueError as error:
        raise InvalidMetadata(Problem("host", f"{host[:80]} {error}")) from None


def _removed(services: Services, host: str, record: Recorder) -> int:
    gone = 0

    def noted(tx: Any, action: str, detail: dict[str, Any]) -> None:
        consent.forget_application(tx, detail["client_id"])  # allowed again, they ask people again
        record(tx, action, detail)

    for client in hosts.every_client_of(services.db, host):
        try:
            services.registry.remove(client.id, record=noted)
        except UnknownClient:  # in another tab
            continue
        guests.forget(services, client.id)
        gone += 1
    return gone
