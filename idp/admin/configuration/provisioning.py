"""What is written to applications: one table for each of them. Its token stands in a file beside this one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from idp.accounts import groups
from idp.accounts.person import fold
from idp.admin import provisioning as verbs
from idp.admin.configuration import applications
from idp.admin.configuration.changes import Change, Done, Field, Planning, Step, differences
from idp.admin.configuration.document import Entry, check_keys, flag_of, secret_of, text_of
from idp.admin.configuration.effects import Impact
from idp.admin.configuration.kind import Kind
from idp.admin.configuration.writing import Written
from idp.admin.permissions import Permission
from idp.audit import Recorder
from idp.protocols import Services
from idp.provisioning import checking, keeping
from idp.provisioning.checking import InvalidTarget
from idp.provisioning.target import MAPPING, Said, State, Target, said_of
from keys.sealing import BrokenSeal

TABLE = verbs.KIND
KEYS: Final = ("application", *Said.__dataclass_fields__, "enabled", "secret_file")
_SAID: Final = tuple(Said.__dataclass_fields__)
_USUAL: Final = Said(url="").to_json()
#: What a value has to be; what it may say is checked by the verb's own rules.
_TYPES: Final[dict[str, tuple[type, str]]] = {
    "mapping": (dict, 'expected a table such as { userName = "username" }'),
    "only": (list, "expected a list of groups"), "adopts": (bool, "expected true or false"),
    "brake": (int, "expected a number of people, such as 20"), "brake_share": (int, "expected percent, 1 to 100"),
}  # fmt: skip
_IN_FILES: Final = {"secret": "secret_file"}


def _export(services: Services) -> Iterator[Written]:
    found = []
    for target in keeping.list_of(services.db):
        client = services.registry.find(target.client_id)
        if client is not None:  # of one that was removed, nothing is written
            found.append((fold(client.name), client.id, target))
    told = ('its token is not here: secret_file = "…" names the file beside this one that has it',)
    for _, client_id, target in sorted(found, key=lambda one: one[:2]):
        yield Written(TABLE, {"application": client_id, **_told(target)}, told)


def _identity(entry: Entry) -> str:
    return fold(str(entry.values.get("application", "")))


def _plan(planning: Planning, entry: Entry) -> Step:
    check_keys(entry, KEYS)
    name, client_id = _application(planning, entry)
    old = keeping.find(planning.services.db, client_id) if client_id else None
    dropped = planning.dropped(TABLE, client_id, entry) if old is not None and client_id else frozenset[str]()
    said, enabled = _declared(entry, old, dropped)
    secret = secret_of(entry, checking.MAX_SECRET)
    _check(planning, entry, said, old, secret)
    fields = differences(_told(old) if old else {}, _values(said, enabled=enabled))
    if secret is not None and (old is None or secret != _open(planning.services, old)):
        fields = (*fields, Field("secret", "kept" if old and old.sealed else None, "another one"))
    elif old is None or not keeping.moved(old.said, said):  # at another address the same one has to be said again
        secret = None
    if old is None:
        return _addition(planning, entry, name, said, secret, fields, enabled=enabled)
    return _changing(planning, old, said, secret, fields, enabled=enabled)


def _addition(
    planning: Planning, entry: Entry, name: str, said: Said, secret: str | None, fields: tuple[Field, ...], *,
    enabled: bool,
) -> Step:  # fmt: skip
    if secret is None:
        told = "without a secret_file nothing is sent to it until it is given its token"
        planning.notes.append(f"{entry.place()}: {entry.title}: {told}")

    def add(services: Services, record: Recorder) -> Done:
        client_id = applications.id_named(services, name)
        if client_id is None:
            raise InvalidTarget("application", f"there is no application “{name}”")
        now = services.clock()
        keeping.add(services.db, services.sealer, client_id, said, secret, now, record=record, on=enabled)
        return Done(client_id)

    def effects(_: Impact) -> Iterator[str]:
        if enabled and secret is not None:
            yield "everybody who may open the application is made there"

    return Step(Change("add", TABLE, "", name, fields), add, effects)


def _changing(
    planning: Planning, old: Target, said: Said, secret: str | None, fields: tuple[Field, ...], *, enabled: bool
) -> Step:  # fmt: skip
    services, client_id = planning.services, old.client_id
    client = services.registry.find(client_id)

    def change(services: Services, record: Recorder) -> Done:
        now = services.clock()
        if said != old.said or secret is not None:
            keeping.change(services.db, services.sealer, client_id, lambda _: said, secret, now, record=record)
        state, why = _state(old, enabled=enabled, secret=secret)
        if state != old.state:
            keeping.turn(services.db, client_id, state, now, record=record, reason=why)
        return Done(client_id)

    def effects(_: Impact) -> Iterator[str]:
        yield from _effects(services, old, said, enabled=enabled)

    name = client.name if client is not None else client_id
    return Step(Change("change", TABLE, client_id, name, fields), change, effects)


def _state(old: Target, *, enabled: bool, secret: str | None) -> tuple[State, str]:
    """How it stands from now on, and why where it is stopped."""
    if not enabled:
        return "off", ""
    # One that was stopped goes on with another token; what the brake holds waits for somebody who looks.
    if old.state == "off" or (old.state == "stopped" and secret is not None and not old.braked):
        return ("on", "") if old.sealed or secret is not None else ("stopped", keeping.NO_SECRET)
    return old.state, old.reason


def _effects(services: Services, old: Target, said: Said, *, enabled: bool) -> Iterator[str]:
    """What it breaks, in numbers."""
    counts = keeping.counts(services.db, old.client_id)
    there, off = counts["user"].get("done", 0), counts["user"].get("off", 0)
    if not enabled and old.state != "off":
        yield f"nothing is sent to it: {_people(there)} there stay as they are, also who is turned off here"
    if said.url != old.said.url:
        yield f"{_people(there + off)} there are looked for anew at the other address"
    if said.off == "delete" and old.said.off != "delete" and off:
        yield f"{_people(off)}, turned off there by now, will be deleted, as far as the brake lets them"
    many = sum(counts["group"].get(state, 0) for state in ("done", "failed"))
    if (said.groups, said.only) != (old.said.groups, old.said.only) and many:
        yield f"of {many:,} {'group' if many == 1 else 'groups'} there those that are told no more end"


# -- what a table declares -------------------------------------------------------------------------------------------


def _application(planning: Planning, entry: Entry) -> tuple[str, str | None]:
    """What the table calls the application, and its id; None: it is made by the same files. Errors: `Fault`."""
    given = text_of(entry, "application", "the id or name of an application")
    found = applications.id_named(planning.services, given) if given else None
    declared = [
        name for one in planning.of(applications.TABLE) for name in (one.values.get("id"), one.values.get("name"))
    ]  # fmt: skip
    if found is None and (not given or given not in declared):
        raise entry.fault("application", "there is no application with this id or name")
    return given, found


def _declared(entry: Entry, old: Target | None, dropped: frozenset[str]) -> tuple[Said, bool]:
    """What is said from now on: what the table names, and for the rest what stands. Errors: `Fault`."""
    before: Mapping[str, Any] = old.said.to_json() if old is not None else {}
    given = {key: _value(entry, key) for key in _SAID if key in entry.values}
    kept = {key: value for key, value in before.items() if key not in dropped or key == "url"}
    was_on = (old is None or old.state != "off") or "enabled" in dropped
    enabled = flag_of(entry, "enabled", default=was_on)
    if "url" not in given and not kept.get("url"):
        raise entry.fault("url", "is missing: its SCIM address, such as https://app.example.com/scim/v2")
    return said_of({**kept, **given}), enabled


def _value(entry: Entry, key: str) -> Any:
    value, (kind, expected) = entry.values[key], _TYPES.get(key, (str, "expected a text"))
    is_right = isinstance(value, kind) and (kind is bool or not isinstance(value, bool))
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    if not is_right or not all(isinstance(one, str) for one in inner):
        raise entry.fault(key, expected)
    return value


def _check(planning: Planning, entry: Entry, said: Said, old: Target | None, secret: str | None) -> None:
    """Errors: `Fault`."""
    try:
        checking.check(said, secret)
    except InvalidTarget as error:
        raise entry.fault(_IN_FILES.get(error.field, error.field), error.message) from None
    moved = old is not None and (said.url, said.token_url) != (old.said.url, old.said.token_url)
    if moved and secret is None and old is not None and old.sealed:
        raise entry.fault("secret_file", "another address: name its token, too; the kept one is not sent there")
    named = {fold(str(one.values.get("name", ""))) for one in planning.of("group")}
    for name in said.only:
        if fold(name) not in named and groups.find(planning.services.db, name) is None:
            planning.notes.append(f"{entry.place('only')}: there is no group “{name}” yet, so nothing is told of it")


def _open(services: Services, target: Target) -> str:
    try:
        return keeping.open_secret(services.sealer, target)
    except BrokenSeal:
        return ""


def _told(target: Target) -> dict[str, Any]:
    return _values(target.said, enabled=target.state != "off")


def _values(said: Said, *, enabled: bool) -> dict[str, Any]:
    """What differs from what is usual; attributes in the order of their names."""
    found = said.to_json() | {"mapping": dict(sorted(said.mapping.items()))}
    usual = _USUAL | {"mapping": dict(sorted(MAPPING.items()))}
    told = {key: value for key, value in found.items() if key == "url" or value != usual[key]}
    # A table within comes last: what stands below it would be read as part of it.
    mapping = {"mapping": told.pop("mapping")} if "mapping" in told else {}
    return {**told, **({} if enabled else {"enabled": False}), **mapping}


# -- taking away -----------------------------------------------------------------------------------------------------


def _removal(planning: Planning, object_id: str) -> Step | None:
    services = planning.services
    old, client = keeping.find(services.db, object_id), services.registry.find(object_id)
    if old is None:
        return None

    def run(services: Services, record: Recorder) -> Done:
        keeping.remove(services.db, object_id, record=record)
        return Done(object_id)

    def effects(_: Impact) -> Iterator[str]:
        there = keeping.counts(services.db, object_id)["user"].get("done", 0)
        yield f"{_people(there)} there stay as they are, and nobody is turned off there any more"

    return Step(Change("remove", TABLE, object_id, client.name if client else object_id), run, effects)


def _people(count: int) -> str:
    return "1 person" if count == 1 else f"{count:,} people"


_NEEDS = dict.fromkeys(("add", "change", "remove"), Permission.PEOPLE_CREATE)
KIND = Kind(TABLE, _export, _identity, _plan, _removal, _NEEDS)
