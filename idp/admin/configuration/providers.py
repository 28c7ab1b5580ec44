"""Providers that people sign in through, by their names. A secret is no part of a file; it stands in one beside it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from idp.accounts.person import fold
from idp.admin import providers
from idp.admin.configuration.changes import Change, Done, Field, Planning, Step, differences
from idp.admin.configuration.document import Entry, Faults, check_keys, flag_of, secret_of, text_of
from idp.admin.configuration.effects import Impact
from idp.admin.configuration.kind import Kind
from idp.admin.configuration.writing import Written
from idp.admin.permissions import Permission
from idp.audit import Recorder
from idp.federation import checking, keeping, kinds, links
from idp.federation.keeping import Kept
from idp.federation.provider import OIDC, SAID, Provider
from idp.protocols import Services
from keys.sealing import BrokenSeal

TABLE = providers.KIND
KEYS = (*SAID, "enabled", "secret_file")
_IN_FILES = {"secret": "secret_file"}


def _export(services: Services) -> Iterator[Written]:
    for kept in sorted(keeping.list_of(services.db), key=lambda one: fold(one.provider.name)):
        said = kept.provider.said()
        off = {} if kept.provider.enabled else {"enabled": False}
        told = ('its secret is not here: secret_file = "…" names the file beside this one that has it',)
        needs = checking.needs_secret(services.issuer, kept.provider)
        yield Written(TABLE, {"name": said.pop("name"), **said, **off}, told if needs else ())


def _identity(entry: Entry) -> str:
    return fold(str(entry.values.get("name", "")))


def _plan(planning: Planning, entry: Entry) -> Step:
    check_keys(entry, KEYS)
    services = planning.services
    old = _find(services, text_of(entry, "name", "what its button says"))
    provider = _declared(planning, entry, old)
    secret = secret_of(entry, checking.MAX_SECRET)
    _check(services, entry, provider, old, secret)
    fields = differences(_told(old.provider) if old else {}, _told(provider))
    if secret is not None and (old is None or secret != _open(services, old)):
        fields = (*fields, Field("secret", "kept" if old and old.sealed else None, "another one"))
    else:
        secret = None
    if old is None:
        if secret is None and checking.needs_secret(services.issuer, provider):
            planning.notes.append(f"provider “{provider.name}” has no secret: nobody comes by it until it is given one")

        def add(services: Services, record: Recorder) -> Done:
            added = keeping.add(services.db, services.sealer, provider, secret or "", services.clock(), record=record)
            return Done(added.provider.id)

        return Step(Change("add", TABLE, "", provider.name, fields), add)

    def change(services: Services, record: Recorder) -> Done:
        done = keeping.Change(provider, secret)
        keeping.change(services.db, services.sealer, done, services.clock(), record=record)
        return Done(provider.id)

    return Step(Change("change", TABLE, provider.id, provider.name, fields), change)


def _declared(planning: Planning, entry: Entry, old: Kept | None) -> Provider:
    """What it says from now on: what the table names, and for the rest what stands. Errors: `Faults`."""
    before = dict(old.provider.said()) if old is not None else {}
    dropped = planning.dropped(TABLE, old.provider.id, entry) if old is not None else frozenset[str]()
    said = {key: value for key, value in before.items() if key not in dropped}
    said |= {key: value for key, value in entry.values.items() if key in SAID}
    said = _completed(planning, entry, said)
    was_on = old.provider.enabled if old is not None and "enabled" not in dropped else True
    enabled = flag_of(entry, "enabled", default=was_on)
    try:
        return checking.checked(said, old.provider.id if old is not None else "", enabled=enabled)
    except checking.InvalidProvider as error:
        raise Faults(entry.fault(one.field, one.message) for one in error.problems) from None


def _completed(planning: Planning, entry: Entry, said: dict[str, Any]) -> dict[str, Any]:
    """With what its kind finds out by itself, off the net once for a plan and its apply. Errors: `Faults`."""
    row = kinds.KINDS.get(str(said.get("kind", OIDC)))
    if row is None or not row.completes:
        return said
    read = f"provider {said.get('metadata_url')}"
    if not said.get("issuer") and read in planning.fetched:
        said = {**said, "issuer": planning.fetched[read]}
    found, wrong = kinds.completed(row, planning.services, said)
    if wrong:
        raise Faults(entry.fault(one.field, one.message) for one in wrong)
    if found.get("metadata_url") and not said.get("issuer"):
        planning.fetched[read] = found.get("issuer")
    return found


def _check(services: Services, entry: Entry, provider: Provider, old: Kept | None, secret: str | None) -> None:
    """Errors: `Faults` where its accounts would be others, or its secret is none."""
    try:
        if old is not None and links.count(services.db, provider.id):
            checking.check_same_accounts(old.provider, provider)
        # One that a file makes may get its secret later.
        if secret is not None:
            checking.check_secret(services.issuer, provider, secret)
        elif old is not None and old.sealed:
            checking.check_secret_is_told(old.provider, provider)
        elif not checking.needs_secret(services.issuer, provider):
            checking.check_secret(services.issuer, provider, "")
    except checking.InvalidProvider as error:
        named = ((_IN_FILES.get(one.field, one.field), one.message) for one in error.problems)
        raise Faults(entry.fault(*one) for one in named) from None


def _open(services: Services, kept: Kept) -> str:
    try:
        return keeping.open_secret(services.sealer, kept)
    except BrokenSeal:
        return ""


def _find(services: Services, name: str) -> Kept | None:
    return next((one for one in keeping.list_of(services.db) if fold(one.provider.name) == fold(name)), None)


def _told(one: Provider) -> dict[str, Any]:
    return {**one.said(), **({} if one.enabled else {"enabled": False})}


def _removal(planning: Planning, object_id: str) -> Step | None:
    kept = keeping.find(planning.services.db, object_id)
    if kept is None:
        return None

    def run(services: Services, record: Recorder) -> Done:
        keeping.remove(services.db, object_id, services.clock(), record=record)
        return Done(object_id)

    def effects(_: Impact) -> Iterator[str]:
        many = links.count(planning.services.db, object_id)
        if many:
            yield f"{many:,} {'person comes' if many == 1 else 'people come'} by it, some perhaps in no other way"

    return Step(Change("remove", TABLE, object_id, kept.provider.name), run, effects)


_NEEDS = dict.fromkeys(("add", "change", "remove"), Permission.PROVIDERS_CHANGE)
KIND = Kind(TABLE, _export, _identity, _plan, _removal, _NEEDS)
