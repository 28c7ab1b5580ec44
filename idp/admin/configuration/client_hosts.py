"""Hosts whose client-ID metadata documents are let in, or kept out, by their names; none that waits for an admin."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from clients.documents import hosts
from clients.documents.address import read_host
from clients.documents.hosts import ALLOWED, REFUSED, Host
from clients.errors import InvalidMetadata
from clients.self_registered.policy import Policy
from idp.admin import client_hosts
from idp.admin.configuration.changes import Change, Done, Planning, Step, differences
from idp.admin.configuration.document import Entry, Faults, check_keys, text_of, texts_of
from idp.admin.configuration.effects import Impact
from idp.admin.configuration.kind import Kind
from idp.admin.configuration.writing import Written
from idp.admin.permissions import Permission
from idp.audit import Recorder
from idp.protocols import Services

TABLE = client_hosts.KIND
KEYS = ("host", "state", "scopes", "resources")
_SCOPES, _RESOURCES = 'a list such as ["openid"]', 'a list such as ["https://api.example/"]'


def _export(services: Services) -> Iterator[Written]:
    for one in hosts.list_of(services.db):
        if one.state != hosts.WAITING:
            yield Written(TABLE, _told(one.host, one.state, one.policy))


def _identity(entry: Entry) -> str:
    return str(entry.values.get("host", "")).lower()


def _plan(planning: Planning, entry: Entry) -> Step:
    check_keys(entry, KEYS)
    host, state, policy = _declared(planning.services, entry)
    old = hosts.find(planning.services.db, host)
    before = {} if old is None or old.state == hosts.WAITING else _told(host, old.state, old.policy)
    fields = differences(before, _told(host, state, policy))

    def run(services: Services, record: Recorder) -> Done:
        client_hosts.decide(services, host, state, policy, by=entry.manager, record=record)
        return Done(host, after=partial(client_hosts.follow, name=host, record=record))

    def effects(_: Impact) -> Iterator[str]:
        if state == REFUSED:
            yield from _ending(planning.services, host)

    change = Change("change", TABLE, host, host, fields) if before else Change("add", TABLE, "", host, fields)
    return Step(change, run, effects)


def _told(host: str, state: str, policy: Policy) -> dict[str, Any]:
    if state == REFUSED:
        return {"host": host, "state": state}
    found = {"host": host, "state": state, "scopes": [*policy.scopes], "resources": [*policy.resources]}
    return {key: value for key, value in found.items() if value or key == "scopes"}


def _declared(services: Services, entry: Entry) -> tuple[str, hosts.State, Policy]:
    try:
        host = read_host(text_of(entry, "host", "the host of the documents: agent.example"))
    except ValueError as error:
        raise entry.fault("host", str(error)) from None
    state = entry.values.get("state", ALLOWED)
    if state == REFUSED:
        for key in ("scopes", "resources"):
            if key in entry.values:
                raise entry.fault(key, "what is kept out may have nothing: leave it out")
        return host, REFUSED, Policy()
    if state != ALLOWED:
        raise entry.fault("state", f'expected "{ALLOWED}" or "{REFUSED}"')
    scopes = texts_of(entry, "scopes", _SCOPES) if "scopes" in entry.values else None
    resources = texts_of(entry, "resources", _RESOURCES) if "resources" in entry.values else None
    try:
        return host, ALLOWED, client_hosts.policy_of(services, scopes, resources)
    except InvalidMetadata as error:
        raise Faults(entry.fault(one.field, one.message) for one in error.problems) from None


def _removal(planning: Planning, object_id: str) -> Step | None:
    found: Host | None = hosts.find(planning.services.db, object_id)
    if found is None or found.state == hosts.WAITING:
        return None

    def run(services: Services, record: Recorder) -> Done:
        client_hosts.drop(services, object_id, record=record)
        return Done(object_id, after=partial(client_hosts.follow, name=object_id, record=record))

    def effects(_: Impact) -> Iterator[str]:
        return _ending(planning.services, object_id)

    return Step(Change("remove", TABLE, object_id, object_id), run, effects)


def _ending(services: Services, host: str) -> Iterator[str]:
    if gone := sum(1 for _ in hosts.every_client_of(services.db, host)):
        yield f"what people let {gone} {'program' if gone == 1 else 'programs'} of this host do ends"


_NEEDS = dict.fromkeys(("add", "change", "remove"), Permission.APPS_CREATE)
KIND = Kind(TABLE, _export, _identity, _plan, _removal, _NEEDS)
