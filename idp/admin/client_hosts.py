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
from idp.admin.actor import Actor
from idp.admin.permissions import Permission
from idp.db import joined
from idp.login import consent
from idp.oidc.client_documents import changing, guests
from idp.protocols import Services

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

    Errors: `NotAllowed`, `InvalidMetadata`.
    """
    actor.check(Permission.APPS_CREATE)
    known = usual(services)
    policy = replace(
        known, grant_types=GRANTS, scopes=known.scopes if scopes is None else tuple(scopes),
        resources=known.resources if resources is None else tuple(resources),
    ).checked()  # fmt: skip
    decided = _decided(services, actor, _read(host), hosts.ALLOWED, policy)
    for client in hosts.every_client_of(services.db, decided.host):
        guests.forget(services, client.id)  # read anew with the next request
        changing.hold_to(services, client.id, policy, actor.record(services))
    return Decided(decided, 0)


def refuse(services: Services, actor: Actor, host: str) -> Decided:
    """Keep the documents of a host out; what its clients got has ended. Errors: `NotAllowed`, `InvalidMetadata`."""
    actor.check(Permission.APPS_CREATE)
    decided = _decided(services, actor, _read(host), hosts.REFUSED, Policy())
    return Decided(decided, _removed(services, actor, decided.host))


def forget(services: Services, actor: Actor, host: str) -> int:
    """Take a word back: people may ask for the host again. What its clients got has ended; how many they were.

    Errors: `NotAllowed`, `NoSuchHost`, `InvalidMetadata`.
    """
    actor.check(Permission.APPS_CREATE)
    name = _read(host)
    with services.db.transaction() as tx:
        if not hosts.remove(tx, name):
            raise NoSuchHost(name)
        actor.record(services)(tx, "client_host:forgotten", {"host": name})
    services.part(guests.Known).forget(name)
    return _removed(services, actor, name)


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


def _decided(services: Services, actor: Actor, host: str, state: hosts.State, policy: Policy) -> Host:
    now = services.clock()
    with services.db.transaction() as tx:
        before = hosts.decide(tx, host, state, policy, by=actor.name, now=now)
        after = hosts.find(tx, host)
        assert after is not None  # it was written just now
        if before is None or (before.state, before.policy) != (after.state, after.policy):
            detail = {"host": host, "scopes": [*policy.scopes], "resources": [*policy.resources]}
            actor.record(services)(
                tx, f"client_host:{state}", detail if state == hosts.ALLOWED else {"host": host}
            )  # fmt: skip
    services.part(guests.Known).forget(host)
    return after


def _removed(services: Services, actor: Actor, host: str) -> int:
    gone, record = 0, actor.record(services)

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
