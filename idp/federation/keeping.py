"""The providers as they are kept: read, added, changed, removed. Secrets are sealed under the master key."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final

from idp.accounts import memberships
from idp.accounts.person import fold
from idp.audit import Recorder
from idp.db import Database, Executor, Transaction
from idp.federation import links, store
from idp.federation.provider import Provider, of_said
from idp.ids import digest, new_id
from keys.sealing import Sealer

PURPOSE: Final = "upstream-secret"
MAX_PROVIDERS: Final = 100
RESTORABLE: Final = 30 * 86400.0  # seconds after removal in which one can be brought back, with its links (C6)
_WAS_ON: Final = "was_on"  # in what is kept of a removed one: whether it was enabled


class UnknownProvider(LookupError):
    """There is no such provider, or it was removed."""


class NameTaken(Exception):
    """Another provider has this name: people could not tell their buttons apart."""


class TooMany(Exception):
    """There are as many as there may be: every sign-in page looks at each of them."""


class ChangedMeanwhile(Exception):
    """Somebody else changed it since it was looked at."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A provider as it is kept. `sealed`: its secret, '' where it has none. Times are epoch seconds."""

    provider: Provider
    sealed: str
    created_at: float
    changed_at: float
    deleted_at: float | None = None


def new_provider_id(now: float) -> str:
    """One that nobody has: whoever is given its redirect URI before there is a client id registers that one there."""
    return f"p{new_id(now)}"


def list_of(db: Executor) -> tuple[Kept, ...]:
    """Every provider, in the order in which they came."""
    return tuple(map(_kept, db.all(store.ALL)))


def removed(db: Executor, now: float) -> tuple[Kept, ...]:
    """Those that can be brought back, the last removed first."""
    return tuple(map(_kept, db.all(store.REMOVED, after=now - RESTORABLE)))


def find(db: Executor, provider_id: str) -> Kept | None:
    """One by its id; a removed one is none."""
    found = _find(db, provider_id)
    return None if found is None or found.deleted_at is not None else found


def open_secret(sealer: Sealer, kept: Kept) -> str:
    """The secret; '' where it has none. Errors: `BrokenSeal`."""
    return sealer.open(PURPOSE, kept.sealed, kept.provider.id.encode()).decode() if kept.sealed else ""


def edition(kept: Kept) -> str:
    """What stands for all that is kept of it."""
    return digest(f"{_json(kept.provider)}\n{kept.provider.enabled}\n{kept.sealed}")[:16]


def add(db: Database, sealer: Sealer, given: Provider, secret: str, now: float, *, record: Recorder) -> Kept:
    """One more, under a new id where it has none. What it says has been looked at. Errors: `NameTaken`, `TooMany`."""
    with db.transaction() as tx:
        if tx.one(store.COUNT).many >= MAX_PROVIDERS:
            raise TooMany
        provider = replace(given, id=given.id or new_provider_id(now))
        _check_name(tx, provider)
        sealed = _seal(sealer, provider.id, secret)
        tx.run(
            store.INSERT, id=provider.id, key=fold(provider.name), said=_json(provider), secret=sealed,
            enabled=int(provider.enabled), created_at=now, changed_at=now, deleted_at=None,
        )  # fmt: skip
        record(tx, "provider:add", {**_about(provider), "said": provider.said(), "enabled": provider.enabled})
    return Kept(provider, sealed, now, now)


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of one. `secret`: None leaves it as it is; `seen`: the edition that was looked at."""

    provider: Provider
    secret: str | None = None
    seen: str = ""


def change(db: Database, sealer: Sealer, wanted: Change, now: float, *, record: Recorder) -> Kept:
    """What it says from now on. Errors: `UnknownProvider`, `NameTaken`, `ChangedMeanwhile`."""
    provider = wanted.provider
    with db.transaction() as tx:
        before = _locked(tx, provider.id)
        if wanted.seen and wanted.seen != edition(before):
            raise ChangedMeanwhile
        _check_name(tx, provider)
        sealed = before.sealed if wanted.secret is None else _seal(sealer, provider.id, wanted.secret)
        after = Kept(provider, sealed, before.created_at, now)
        if after.provider == before.provider and wanted.secret is None:
            return before
        _write(tx, after, fold(provider.name))
        old, new = _whole(before.provider), _whole(provider)
        changed = {key: [old.get(key), new.get(key)] for key in (*new, *old) if old.get(key) != new.get(key)}
        about = {**_about(provider), **({"changed": changed} if changed else {})}
        record(tx, "provider:change", {**about, **({"secret": "replaced"} if wanted.secret is not None else {})})
    return after


def remove(db: Database, provider_id: str, now: float, *, record: Recorder) -> int:
    """Take it away with its links, and with what it gave; how many links that were. Errors: `UnknownProvider`."""
    with db.transaction() as tx:
        before = _locked(tx, provider_id)
        many = links.count(tx, provider_id)
        groups = memberships.take_back(tx, links.giver(provider_id), now)
        # Its name is free again: no name has a control character.
        _write(tx, replace(before, changed_at=now, deleted_at=now), f"\x1f{provider_id}")
        record(tx, "provider:remove", {**_about(before.provider), "links": many, "groups": groups})
    return many


def restore(db: Database, provider_id: str, now: float, *, record: Recorder) -> Kept:
    """Bring one back with its links; groups come with the next sign-in of each.

    Errors: `UnknownProvider` for one that stands, or was removed too long ago; `NameTaken`, `TooMany`.
    """
    with db.transaction() as tx:
        tx.run(store.LOCK, provider_id=provider_id)
        before = _find(tx, provider_id)
        if before is None or before.deleted_at is None or now - before.deleted_at >= RESTORABLE:
            raise UnknownProvider(provider_id)
        if tx.one(store.COUNT).many >= MAX_PROVIDERS:
            raise TooMany
        _check_name(tx, before.provider)
        after = replace(before, changed_at=now, deleted_at=None)
        _write(tx, after, fold(before.provider.name))
        record(tx, "provider:restore", {**_about(after.provider), "links": links.count(tx, provider_id)})
    return after


def sweep(db: Database, now: float) -> int:
    """Forget what was removed more than 30 days ago, with its links; how many providers went."""
    return db.run(store.PURGE, before=now - RESTORABLE)


# -- below -----------------------------------------------------------------------------------------------------------


def _locked(tx: Transaction, provider_id: str) -> Kept:
    tx.run(store.LOCK, provider_id=provider_id)
    found = find(tx, provider_id)
    if found is None:
        raise UnknownProvider(provider_id)
    return found


def _find(db: Executor, provider_id: str) -> Kept | None:
    row = db.one(store.ONE, provider_id=provider_id) if provider_id.isascii() and provider_id.isalnum() else None
    return None if row is None else _kept(row)


def _write(tx: Transaction, kept: Kept, key: str) -> None:
    provider = kept.provider
    is_removed = kept.deleted_at is not None
    # Off while it is removed: a process of the release before knows no removal, and would go on signing people in.
    tx.run(
        store.PUT, provider_id=provider.id, key=key, secret=kept.sealed, changed_at=kept.changed_at,
        said=_json(provider, {_WAS_ON: provider.enabled} if is_removed else {}),
        enabled=int(provider.enabled and not is_removed), deleted_at=kept.deleted_at,
    )  # fmt: skip


def _check_name(tx: Transaction, provider: Provider) -> None:
    other = tx.one(store.BY_KEY, key=fold(provider.name))
    if other is not None and other.id != provider.id:
        raise NameTaken(provider.name)


def _seal(sealer: Sealer, provider_id: str, secret: str) -> str:
    return sealer.seal(PURPOSE, secret.encode(), provider_id.encode()) if secret else ""


def _about(provider: Provider) -> dict[str, Any]:
    return {"provider_id": provider.id, "name": provider.name}


def _whole(provider: Provider) -> Mapping[str, Any]:
    return {**provider.said(), "enabled": provider.enabled}


def _json(provider: Provider, beside: Mapping[str, Any] = MappingProxyType({})) -> str:
    return json.dumps({**provider.said(), **beside}, ensure_ascii=False, separators=(",", ":"))


def _kept(row: Any) -> Kept:
    said = json.loads(row.said)
    provider = of_said(row.id, said, enabled=bool(said.get(_WAS_ON, row.enabled)))
    return Kept(provider, row.secret, row.created_at, row.changed_at, row.deleted_at)
