"""Directories that write people here, by their names. The token of a new one is made, and shown this once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import Any, Final

from idp.accounts.person import fold
from idp.accounts.provisioning import clients
from idp.accounts.provisioning.clients import InvalidProvisioner, Provisioner, Wanted
from idp.admin import provisioners
from idp.admin.configuration.changes import Change, Done, Planning, Step, differences
from idp.admin.configuration.document import Entry, check_keys, flag_of, text_of, texts_of
from idp.admin.configuration.effects import Impact
from idp.admin.configuration.kind import Kind
from idp.admin.configuration.writing import Written
from idp.admin.permissions import Permission
from idp.audit import Recorder
from idp.protocols import Services

TABLE: Final = provisioners.KIND
_MAY: Final = tuple(one.name for one in fields(Wanted))
KEYS: Final = (*_MAY, "enabled")
_USUAL: Final = Wanted(name="")
_DAY: Final = 86_400.0  # seconds


def _export(services: Services) -> Iterator[Written]:
    for one in sorted(clients.list_of(services.db), key=lambda one: (fold(one.name), one.name)):
        yield Written(TABLE, _told(one))


def _identity(entry: Entry) -> str:
    return " ".join(str(entry.values.get("name", "")).split())


def _plan(planning: Planning, entry: Entry) -> Step:
    check_keys(entry, KEYS)
    text_of(entry, "name", "which directory it is, such as Microsoft Entra")
    old = next((one for one in clients.list_of(planning.services.db) if one.name == _identity(entry)), None)
    dropped = planning.dropped(TABLE, old.id, entry) if old is not None else frozenset[str]()
    wanted = _declared(entry, old, dropped)
    enabled = flag_of(entry, "enabled", default=old is None or not old.is_off or "enabled" in dropped)
    told = differences(_told(old) if old is not None else {}, _values(wanted, enabled=enabled))

    def add(services: Services, record: Recorder) -> Done:
        made = clients.make(services.db, wanted, entry.manager, services.clock(), record=record)
        if not enabled:
            clients.turn(services.db, made.client, on=False, record=record)
        return Done(made.client.id, writer=made)

    if old is None:
        return Step(Change("add", TABLE, "", wanted.name, told), add, lambda _: iter(
            ("a token is made; it is shown once",)))  # fmt: skip

    def change(services: Services, record: Recorder) -> Done:
        if _of(old) != wanted:
            clients.change(services.db, old.id, lambda _: wanted, record=record)
        if enabled == old.is_off:
            clients.turn(services.db, old, on=enabled, record=record)
        return Done(old.id)

    def effects(_: Impact) -> Iterator[str]:
        if not enabled and not old.is_off:
            yield from _ending(planning.services, old, "its token opens nothing until it is turned on again")

    return Step(Change("change", TABLE, old.id, old.name, told), change, effects)


def _declared(entry: Entry, old: Provisioner | None, dropped: frozenset[str]) -> Wanted:
    """What it may from now on. Errors: `Fault`."""
    before = _of(old) if old is not None else _USUAL
    said = {name: getattr(_USUAL if name in dropped else before, name) for name in _MAY}
    said["name"] = _identity(entry)
    for name in ("users", "groups"):
        said[name] = text_of(entry, name, '"write", "read" or "no"', default=said[name])
    for name in ("adopts", "trusts_mail", "invites"):
        said[name] = flag_of(entry, name, default=said[name])
    if "attributes" in entry.values:
        listed = texts_of(entry, "attributes", 'a list such as ["displayName", "emails"]')
        if not listed:  # as the API: nothing at all would be the opposite of what stands there
            raise entry.fault("attributes", "name at least one, or leave it out for all that a person has")
        said["attributes"] = tuple(sorted(set(listed)))
    wanted = Wanted(**said)
    try:
        clients.check(wanted)
    except InvalidProvisioner as error:
        raise entry.fault(error.field, error.message) from None
    return wanted


def _of(one: Provisioner) -> Wanted:
    return Wanted(**{name: getattr(one, name) for name in _MAY})


def _told(one: Provisioner) -> dict[str, Any]:
    return _values(_of(one), enabled=not one.is_off)


def _values(wanted: Wanted, *, enabled: bool) -> dict[str, Any]:
    """What differs from what is usual."""
    found = {name: getattr(wanted, name) for name in _MAY if getattr(wanted, name) != getattr(_USUAL, name)}
    if wanted.attributes is not None:
        found["attributes"] = sorted(wanted.attributes)
    return {**found, **({} if enabled else {"enabled": False})}


def _removal(planning: Planning, object_id: str) -> Step | None:
    old = clients.get(planning.services.db, object_id)
    if old is None:
        return None

    def run(services: Services, record: Recorder) -> Done:
        clients.remove(services.db, old, record=record)
        return Done(object_id)

    def effects(_: Impact) -> Iterator[str]:
        yield from _ending(planning.services, old, "its token opens nothing any more; whom it made stays, and is yours")

    return Step(Change("remove", TABLE, object_id, old.name), run, effects)


def _ending(services: Services, one: Provisioner, what: str) -> Iterator[str]:
    yield what
    if one.last_used_at is not None and services.clock() - one.last_used_at < _DAY:
        yield "it came within the last day: whoever is turned off there is not turned off here any more"


_NEEDS = dict.fromkeys(("add", "change", "remove"), Permission.ROLES_GRANT)
KIND = Kind(TABLE, _export, _identity, _plan, _removal, _NEEDS)
