"""Applications: what their metadata says, who may open them. Each protocol has its own file for what it adds."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import ModuleType
from typing import Any

from clients.access import Access
from clients.client import Client
from clients.errors import InvalidMetadata
from clients.registry import takes_secret
from clients.rules import check_finished
from idp.admin import applications
from idp.admin.configuration import access_rule, relying_parties, service_providers
from idp.admin.configuration.changes import Change, Done, Field, Planning, Step, differences
from idp.admin.configuration.document import Entry, Fault, Faults, flag_of
from idp.admin.configuration.effects import Impact
from idp.admin.configuration.kind import Kind
from idp.admin.configuration.writing import Written
from idp.admin.permissions import Permission
from idp.audit import Recorder
from idp.protocols import Services

TABLE = "application"
#: Where a rule of the registry's speaks of what has another name in files.
_KEYS = {"client_name": "name"}


def id_named(services: Services, given: str) -> str | None:
    """The id of the application that has this id, or alone has this name."""
    try:
        return applications.id_of(services, given)
    except applications.Ambiguous:
        return None


# -- export ----------------------------------------------------------------------------------------------------------


def _export(services: Services) -> Iterator[Written]:
    for entry in applications.entries(services):
        client = services.registry.get(entry.id)
        part = service_providers if client.saml is not None else relying_parties
        metadata = part.written(services, client, services.registry.registered(client.id))
        if metadata is None:
            continue  # a federation brings it
        access, gone = access_rule.shown(services, client.access)
        values = {
            "id": client.id,
            "name": client.name,
            "profile": client.profile,
            **({} if client.enabled else {"enabled": False}),
            **({"has_secret": True} if takes_secret(client) else {}),
            "access": access,
            **metadata,
        }
        told = f"{gone} of the people named for it {'is' if gone == 1 else 'are'} gone, and not written"
        yield Written(TABLE, values, (told,) if gone else ())


# -- plan ------------------------------------------------------------------------------------------------------------


def _identity(entry: Entry) -> str:
    for key in ("id", "entity_id", "name"):
        if isinstance(entry.values.get(key), str):
            return f"{key} {entry.values[key]}"
    return f"{entry.file} {entry.line}"


def _plan(planning: Planning, entry: Entry) -> Step:
    there = _find(planning, entry)
    part = _part(entry, there)
    part.check_keys(entry)
    for key in ("enabled", "has_secret"):
        flag_of(entry, key)
    for key in ("name", "profile"):
        if not isinstance(entry.values.get(key, "web"), str):
            raise entry.fault(key, "expected a text")
    faults: list[Fault] = []
    step = None
    with _gathered(faults):
        access = _access(planning, entry, there)
    with _gathered(faults), _explained(entry):
        access = Access.only() if faults else access
        step = _new(planning, entry, part, access) if there is None else _standing(planning, entry, part, there, access)
    if faults or step is None:
        raise Faults(faults)
    return step


def _find(planning: Planning, entry: Entry) -> Client | None:
    """The application that a table means, a removed one too."""
    registry, values = planning.services.registry, entry.values
    if "id" in values:
        if not isinstance(values["id"], str):
            raise entry.fault("id", "expected the client id, or nothing for a new application")
        if registry.find_removed(values["id"]) is not None:
            return registry.preview(values["id"], {})[0]
        return registry.find(values["id"])
    if isinstance(values.get("entity_id"), str):
        return registry.find_entity(values["entity_id"])
    if not isinstance(values.get("name"), str):
        raise entry.fault("name", "is needed (or id, or entity_id): it says which application this is")
    if planning.names is None:
        planning.names = {}
        for one in applications.entries(planning.services):
            planning.names.setdefault(one.name, []).append(one.id)
    ids = planning.names.get(values["name"], [])
    if len(ids) > 1:
        raise entry.fault("name", f"{len(ids)} applications are called so; add the id: {', '.join(ids)}")
    return registry.find(ids[0]) if ids else None


def _part(entry: Entry, there: Client | None) -> ModuleType:
    """What the application speaks."""
    declares_saml = entry.values.get("profile") == "saml" or not service_providers.MARKS.isdisjoint(entry.values)
    if there is None:
        return service_providers if declares_saml else relying_parties
    if there.saml is None and declares_saml:
        raise entry.fault("profile", f"{there.id} speaks OpenID Connect, and this table is of a service provider")
    return relying_parties if there.saml is None else service_providers


@contextlib.contextmanager
def _explained(entry: Entry) -> Iterator[None]:
    """What the registry's rules say, with the lines to change."""
    try:
        yield
    except InvalidMetadata as error:
        raise Faults(
            entry.fault(_KEYS.get(problem.field, problem.field), problem.message) for problem in error.problems
        ) from None


@contextlib.contextmanager
def _gathered(faults: list[Fault]) -> Iterator[None]:
    """All that is wrong with one table is said at once."""
    try:
        yield
    except Fault as fault:
        faults.append(fault)
    except Faults as several:
        faults += several.faults


def _access(planning: Planning, entry: Entry, there: Client | None) -> Access:
    """The rule that a table declares; the one that stands where it declares none."""
    if "access" in entry.values:
        return access_rule.read(planning, entry, there.access if there else None)
    if there is None:
        # R4: nobody opens an application to everyone by forgetting a line.
        raise entry.fault("", f"access is missing: say who may open it; {access_rule.SHAPE}")
    return there.access


def _new(planning: Planning, entry: Entry, part: ModuleType, access: Access) -> Step:
    made = part.drafted(planning, entry, access)
    client: Client = replace(made.client, enabled=flag_of(entry, "enabled", default=True))
    _check_secret(entry, client)
    shown = _flat(planning.services, client)
    declared = {"name", "profile", *entry.values, *(key for key in shown if key.startswith("sp_metadata."))}
    fields = tuple(Field(key, None, value) for key, value in shown.items() if key in declared and key != "id")

    def run(services: Services, record: Recorder) -> Done:
        registered = made.register(services, record)
        if not client.enabled and registered.client.enabled:
            services.registry.disable(registered.client.id, record=record)
        return Done(registered.client.id, registered.client, registered.client_secret)

    def effects(impact: Impact) -> Iterator[str]:
        if takes_secret(client):
            yield "a new secret is made; it is shown once"
        yield from impact.of_application(None, client)

    client_id = entry.values.get("id", "")
    return Step(Change("add", TABLE, client_id, client.name, fields), run, effects)


def _standing(planning: Planning, entry: Entry, part: ModuleType, there: Client, rule: Access) -> Step:
    registry = planning.services.registry
    removed = registry.find_removed(there.id) is not None
    said = registry.registered(there.id)
    dropped = planning.dropped(TABLE, there.id, entry)
    changes = part.changes(planning, entry, there, said, dropped)
    name, profile = (_changed(entry, key, getattr(there, key)) for key in ("name", "profile"))
    access = None if rule == there.access else rule
    after = there
    if changes or name or profile or access:
        after = registry.preview(there.id, changes, name=name, profile=profile, access=access)[1]
    enabled = flag_of(entry, "enabled", default="enabled" in dropped or there.enabled)
    if enabled and not there.enabled and after.saml is None:
        check_finished(after.profile, after.metadata)
    after = replace(after, enabled=enabled)
    _check_secret(entry, after)
    fields = _differences(planning.services, there, after)
    needs_secret = takes_secret(after) and not takes_secret(there)

    def run(services: Services, record: Recorder) -> Done:
        registry, client, secret = services.registry, there, None
        if removed:
            client = registry.restore(there.id, record=record)
        if after is not there and (changes or name or profile or access):
            client = registry.update(there.id, changes, name=name, profile=profile, access=access, record=record)
        if enabled is not there.enabled:
            client = (registry.enable if enabled else registry.disable)(there.id, record=record)
        if needs_secret:
            secret = registry.add_secret(there.id, 0, record=record)
        return Done(there.id, client, secret)

    def effects(impact: Impact) -> Iterator[str]:
        if needs_secret:
            yield "a new secret is made; it is shown once"
        yield from impact.of_application(replace(there, enabled=False) if removed else there, after)

    action: Any = "restore" if removed else "change"
    return Step(Change(action, TABLE, there.id, there.name, fields), run, effects)


def _changed(entry: Entry, key: str, now: str) -> str | None:
    declared = entry.values.get(key, now)
    return None if declared == now else declared


def _check_secret(entry: Entry, client: Client) -> None:
    """The key says what is so, and is no way to make or take one."""
    if entry.values.get("has_secret", takes_secret(client)) is not takes_secret(client):
        method = next(iter(client.oidc.auth_methods), client.profile)
        has = "has a secret" if takes_secret(client) else "has no secret"
        raise entry.fault("has_secret", f"an application that is {method} {has}; take this line out")


def _flat(services: Services, client: Client) -> dict[str, Any]:
    """Everything that a file may say, as it holds."""
    access, _ = access_rule.shown(services, client.access)
    facts = {f"sp_metadata.{key}": fact for key, fact in client.metadata.get("sp_metadata", {}).items()}
    apart = ("client_name", "sp_metadata", "metadata_source")
    rest: Mapping[str, Any] = {key: value for key, value in client.metadata.items() if key not in apart}
    own = {"name": client.name, "profile": client.profile, "enabled": client.enabled, "access": access}
    return {**own, **rest, **facts}


def _differences(services: Services, before: Client, after: Client) -> tuple[Field, ...]:
    found = differences(_flat(services, before), _flat(services, after))
    # Whether a refresh token outlives the session hangs on whether the scope was said, or holds by default.
    if before.oidc.offline_access_registered is not after.oidc.offline_access_registered and not any(
        one.name == "scope" for one in found
    ):
        said = after.metadata.get("scope")
        found += (Field("scope", None, said) if after.oidc.offline_access_registered else Field("scope", said, None),)
    return found


def _removal(planning: Planning, object_id: str) -> Step | None:
    client = planning.services.registry.find(object_id)
    if client is None:
        return None

    def run(services: Services, record: Recorder) -> Done:
        services.registry.remove(object_id, record=record)
        return Done(object_id)

    def effects(impact: Impact) -> Iterator[str]:
        yield from impact.of_application(client, None)
        yield "it can be brought back for 30 days"

    return Step(Change("remove", TABLE, object_id, client.name), run, effects)


_NEEDS = {
    "add": Permission.APPS_CREATE,
    "restore": Permission.APPS_REMOVE,
    "change": Permission.APPS_CHANGE,
    "remove": Permission.APPS_REMOVE,
}
KIND = Kind(TABLE, _export, _identity, _plan, _removal, _NEEDS)
