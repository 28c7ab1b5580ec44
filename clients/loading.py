"""Many applications at once, each with its past: for an installation that is filled with a company that never was."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import islice
from typing import Any, Protocol

from clients import rules, saml_fields, secrets, store
from clients.client import Client
from clients.ids import new_client_id
from clients.ports import Statements
from clients.registry import Draft, takes_secret
from clients.search import store as search_store
from clients.search import text_of

_MANY = 1000  # in one transaction


class _Loads(Statements, Protocol):
    def load(self, table: Any, rows: list[Mapping[str, Any]]) -> None:
        """Insert many rows, all with the columns of the first one."""


class _Store(Protocol):
    def transaction(self) -> AbstractContextManager[Any]:
        """A transaction that loads."""


@dataclass(frozen=True, slots=True)
class Past:
    """An application as it stands today. Times are epoch seconds; `removed_at` None: it is still there."""

    draft: Draft
    created_at: float
    changed_at: float
    enabled: bool = True
    removed_at: float | None = None


def load(db: _Store, pasts: Iterable[Past]) -> Iterator[int]:
    """Write them, checked as any registration is; yields how many so far. Secrets are nobody's: none is shown.

    Errors: `InvalidMetadata`; the store's `Conflict` where an id or entityID is taken.
    """
    given, written = iter(pasts), 0
    while batch := list(islice(given, _MANY)):
        rows = [_row(past) for past in batch]
        with db.transaction() as tx:
            store.raise_version(tx)
            _load(tx, rows)
        written += len(rows)
        yield written


def _row(past: Past) -> store.Row:
    draft, profile = past.draft, past.draft.profile if past.draft.kind == "oidc" else "saml"
    said = {**draft.metadata, "client_name": draft.name}
    said = saml_fields.validate(said) if draft.kind == "saml" else rules.validate(profile, said)
    name = said.pop("client_name")
    return store.Row(
        draft.id or new_client_id(), draft.kind, name, profile, past.enabled, said, draft.access, past.created_at,
        past.changed_at, past.removed_at,
    )  # fmt: skip


def _load(tx: _Loads, rows: list[store.Row]) -> None:
    made = [(row, store.to_client(row)) for row in rows]
    tx.load(store.clients, [store.as_columns(row) for row in rows])
    tx.load(store.client_origins, [
        {"origin": origin, "client_id": row.id} for row, client in made for origin in client.oidc.allowed_origins
    ])  # fmt: skip
    tx.load(store.client_entities, [
        {"entity_id": client.saml.entity_id, "client_id": row.id} for row, client in made if client.saml is not None
    ])  # fmt: skip
    tx.load(store.client_secrets, [_secret(row, client) for row, client in made if takes_secret(client)])
    tx.load(search_store.client_search, [
        {"client_id": row.id, "text": text_of(row.id, row.name, row.said), "changed_at": row.changed_at} for row in rows
    ])  # fmt: skip


def _secret(row: store.Row, client: Client) -> dict[str, Any]:
    return {
        "id": f"s{client.id[1:]}", "client_id": row.id, "hash": secrets.hashed(secrets.generate()),
        "created_at": row.created_at, "expires_at": None, "last_used_at": None,
    }  # fmt: skip
