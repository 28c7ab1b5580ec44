"""The registry as every request reads it: immutable snapshots, kept in memory and known to be fresh."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from clients import search, store
from clients.access import Access
from clients.attributes import Definition
from clients.attributes import kept as attributes_kept
from clients.attributes.definition import Release, release_to
from clients.cache import Cache, Freshness
from clients.client import Client
from clients.details_types import DetailsType
from clients.details_types import kept as details_kept
from clients.documents.address import is_one
from clients.entities import MAX_ENTITY_ID
from clients.errors import Problem, UnknownClient
from clients.kept_secrets import store as secret_store
from clients.ports import Record, Store
from clients.search import Among, Found, Which
from clients.search import store as search_store
from clients.secrets import StoredSecret, hashed

MAX_RELEASES = 1_000  # applications for which what they are told of attributes is held
_NO_RELEASE = Release()
MAX_KEY = 300  # characters of a client id or origin that is looked up at all


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the list of clients. Times are epoch seconds."""

    id: str
    kind: str
    name: str
    profile: str
    enabled: bool
    created_at: float
    changed_at: float
    deleted_at: float | None

    @property
    def key(self) -> tuple[str, str]:
        """Where the next page begins: `list(after=last.key)`."""
        return self.name, self.id


@dataclass(frozen=True, slots=True)
class Limited:
    """An application that not everyone may open. `said`: its rule as it is stored, read only where it may matter."""

    id: str
    name: str
    said: str

    def may_name(self, folded: str) -> bool:
        """Whether its rule may name a group or person; False is sure, and costs a glance."""
        is_plain = folded.isascii() and not {'"', "\\"} & set(folded) and "\\" not in self.said
        return not is_plain or folded in self.said.lower()

    @property
    def groups(self) -> list[str]:
        """The groups that its rule names."""
        return list(json.loads(self.said).get("groups", ()))

    @property
    def access(self) -> Access:
        """Its rule."""
        return Access.from_json(json.loads(self.said))


#: What is wrong with values that only a look outside can tell, such as a document of the application's own.
Look = Callable[[Mapping[str, Any]], Iterable[Problem]]


def _nothing(_: Mapping[str, Any]) -> Iterable[Problem]:
    return ()


class Guests(Protocol):
    """Clients that their documents make known, and that nobody has let in yet."""

    def find(self, client_id: str) -> Client | None:
        """The one with this id, which is an address; None where no such document was read."""

    def settle(self, client_id: str, record: Record) -> None:
        """Register it, now that somebody lets it in. Errors: `UnknownClient`."""


class _Nobody:
    def find(self, client_id: str) -> Client | None:
        return None

    def settle(self, client_id: str, record: Record) -> None:
        raise UnknownClient(client_id)


class Snapshots:
    """Every application, to be read. `Registry` is this, and changes them."""

    def __init__(
        self,
        db: Store,
        clock: Callable[[], float] = time.time,
        *,
        cache_size: int = 100_000,
        max_staleness: float = 5.0,
        allow_loopback: bool = False,
        look: Look = _nothing,
        guests: Guests = _Nobody(),  # noqa: B008 - it holds nothing
    ) -> None:
        self._db, self._clock = db, clock
        self._look, self._guests = look, guests
        self._max_staleness, self._allow_loopback = max_staleness, allow_loopback
        self._clients: Cache[Client] = Cache(cache_size)
        # Made-up ids have a small place of their own: they cannot push real clients out.
        self._unknown: Cache[bool] = Cache(min(cache_size, 1_000))
        self._origins: Cache[frozenset[str]] = Cache(min(cache_size, 10_000))
        self._entities: Cache[str] = Cache(cache_size)
        self._touched: Cache[float] = Cache(min(cache_size, 10_000))
        self._unknown_entities: Cache[bool] = Cache(min(cache_size, 1_000))
        self.reads = 0  # of an application that was not held in memory: a metric
        self._searchable = -1  # the change up to which every client has its text to be found by
        caches: tuple[Any, ...] = (
            self._clients, self._unknown, self._origins, self._entities, self._unknown_entities,
        )  # fmt: skip
        self._fresh = Freshness(*caches)
        self._watched: Mapping[str, float] = {}
        self._response_types: tuple[int, frozenset[str]] = (-1, frozenset())
        self._details_types: tuple[int, Mapping[str, DetailsType]] = (-1, {})
        self._attributes: tuple[int, Mapping[str, Definition], dict[str, Release]] = (-2, {}, {})

    @property
    def allow_loopback(self) -> bool:
        """Whether addresses on this machine may be registered."""
        return self._allow_loopback

    @property
    def version(self) -> int:
        """The change under which the snapshots were read."""
        return self._fresh.version

    @property
    def watched(self) -> Mapping[str, float]:
        """Client id -> epoch seconds until which it is watched, as this process knows it; most often nothing at all."""
        return self._watched

    @property
    def held(self) -> int:
        """How many applications are held in memory."""
        return len(self._clients)

    def refresh(self, seen: int | None = None) -> None:
        """Ask the store for its version; a new one drops the snapshots. `seen`: one read on the way, taken instead."""
        asked_at = self._clock()
        version, watched = store.read_standing(self._db) if seen is None else (seen, self._watched)
        with self._fresh.lock:
            self._fresh.adopt(version, asked_at if seen is None else None)
            if version >= self._fresh.version:  # else it was read before the last change
                self._watched = watched

    def keep_fresh(self) -> None:
        """Ask the store where `max_staleness` is over: for a process that nobody asks for a client for a while."""
        self._keep_fresh()

    def find(self, client_id: str) -> Client | None:
        """The client, a disabled one too; None where there is none or it was removed.

        One that a document makes known is found before it is registered, too.
        """
        if not _is_sane(client_id):
            return None
        found = self.find_registered(client_id)
        return self._guests.find(client_id) if found is None and is_one(client_id) else found

    def let_in(self, client_id: str, record: Record) -> None:
        """Somebody agrees to a client: a guest is registered now. Errors: `UnknownClient`."""
        if is_one(client_id) and self.find_registered(client_id) is None:
            self._guests.settle(client_id, record)

    def find_registered(self, client_id: str) -> Client | None:
        """The same of those that are registered alone."""
        self._keep_fresh()
        with self._fresh.lock:
            found = self._clients.find(client_id)
            if found is not None or self._unknown.find(client_id):
                return found
        self.reads += 1
        for _ in range(3):
            version, found = store.find_client(self._db, client_id)
            with self._fresh.lock:
                self._fresh.adopt(version)
                if version == self._fresh.version:
                    if found is None:
                        self._unknown.put(client_id, True)
                    else:
                        self._clients.put(client_id, found)
                    break  # else the registry moved on meanwhile: read again
        return found

    def response_types(self) -> frozenset[str]:
        """The response types that some enabled client is registered for by name. One read after each change."""
        version, found = self._response_types
        if version != self._fresh.version:
            version = self._fresh.version
            found = store.find_response_types(self._db)
            self._response_types = version, found
        return found

    def details_types(self) -> Mapping[str, DetailsType]:
        """The types of authorization details that there are, by name. One read after each change."""
        version, found = self._details_types
        if version != self._fresh.version:
            version = self._fresh.version
            found = {one.name: one for one in details_kept.list_of(self._db)}
            self._details_types = version, found
        return found

    def attributes(self) -> Mapping[str, Definition]:
        """The attributes of people that are defined, by name. One read after each change."""
        return self._defined()[0]

    def release_to(self, client_id: str) -> Release:
        """What an application is told by the definitions of attributes. Nothing is read but after a change."""
        defined, known = self._defined()
        if not defined:
            return _NO_RELEASE
        found = known.get(client_id)
        if found is None:
            if len(known) >= MAX_RELEASES:
                known.clear()
            found = known[client_id] = release_to(client_id, defined.values())
        return found

    def _defined(self) -> tuple[Mapping[str, Definition], dict[str, Release]]:
        version, found, known = self._attributes
        if version != self._fresh.version:
            version = self._fresh.version
            found, known = {one.name: one for one in attributes_kept.list_of(self._db)}, {}
            self._attributes = version, found, known
        return found, known

    def limited(self) -> Iterator[Limited]:
        """Every application that not everyone may open, by name; one statement, however many there are."""
        for row in self._db.all(store.LIMITED):
            yield Limited(row.id, row.name, row.access)

    def ruled(self) -> Iterator[str]:
        """The id of every application whose claims are made by rows; one statement."""
        for row in self._db.all(store.RULED):
            yield row.id

    def get(self, client_id: str) -> Client:
        """The client. Errors: `UnknownClient`."""
        found = self.find(client_id)
        if found is None:
            raise UnknownClient(client_id)
        return found

    def find_entity(self, entity_id: str) -> Client | None:
        """The service provider with exactly this entityID, a disabled one too; None where there is none."""
        if not _is_sane(entity_id, MAX_ENTITY_ID):
            return None
        self._keep_fresh()
        with self._fresh.lock:
            client_id = self._entities.find(entity_id)
            found = None if client_id is None else self._clients.find(client_id)
            if found is not None or self._unknown_entities.find(entity_id):
                return found
        self.reads += 1
        for _ in range(3):
            version, found = store.find_entity(self._db, entity_id)
            with self._fresh.lock:
                self._fresh.adopt(version)
                if version == self._fresh.version:
                    if found is None:
                        self._unknown_entities.put(entity_id, True)
                    else:
                        self._entities.put(entity_id, found.id)
                        self._clients.put(found.id, found)
                    break  # else the registry moved on meanwhile: read again
        return found

    def find_origin(self, origin: str) -> frozenset[str]:
        """The ids of the enabled clients whose browser code runs on this origin."""
        if not _is_sane(origin):
            return frozenset()
        self._keep_fresh()
        with self._fresh.lock:
            found = self._origins.find(origin)
            if found is not None:
                return found
        version, ids = store.find_origin(self._db, origin)
        with self._fresh.lock:
            self._fresh.adopt(version)
            if version == self._fresh.version:
                self._origins.put(origin, ids)
        return ids

    def list(
        self, after: tuple[str, str] | None = None, limit: int = 50, *, removed: bool = False, vouched: bool = False
    ) -> list[Entry]:
        """Clients by name, at most `limit` (1 to 1000), from past the `key` of the last one of the page before.

        `vouched`: without those that registered themselves, as long as nobody has taken their mark back.
        """
        most = max(1, min(limit, 1000))
        rows = store.list_rows(self._db, after or ("", ""), most, removed=removed, vouched=vouched)
        return [_entry(row) for row in rows]

    def every(self) -> Iterator[Client]:
        """Every client, disabled ones too, by name: for work on all of them, off the hot paths."""
        after: tuple[str, str] | None = None
        while rows := store.list_rows(self._db, after or ("", ""), 1000):
            for row in rows:
                with self._fresh.lock:
                    known = self._clients.find(row.id)
                yield known or store.to_client(row)
            after = rows[-1].name, rows[-1].id

    def search(
        self, query: str = "", which: Which | Among = "all", after: str = "", limit: int = 50
    ) -> tuple[Found, ...]:
        """Clients by any part of name, id or host, those that are called so first; `after`: the last one's `cursor`."""
        version = store.read_version(self._db)
        if version != self._searchable:
            if search_store.is_behind(self._db):
                search_store.catch_up(self._db)
            self._searchable = version
        plain = "".join(filter(str.isprintable, query[: search.MAX_QUERY]))
        return tuple(search_store.find(self._db, plain, which, after, max(1, min(limit, 1000))))

    def registered(self, client_id: str) -> dict[str, Any]:
        """A client's metadata as it was said, without defaults; a removed one's too. Errors: `UnknownClient`."""
        row = store.find_row(self._db, client_id)
        if row is None:
            raise UnknownClient(client_id)
        return row.said

    def find_removed(self, client_id: str) -> Entry | None:
        """A client that was removed and can still be restored; None where there is none."""
        row = store.find_row(self._db, client_id) if _is_sane(client_id) else None
        return None if row is None or row.deleted_at is None else _entry(row)

    def find_removed_entity(self, entity_id: str) -> Entry | None:
        """A service provider that was removed and can still be restored, by its entityID; None where there is none."""
        owner = store.find_owner(self._db, entity_id) if _is_sane(entity_id, MAX_ENTITY_ID) else None
        return None if owner is None else self.find_removed(owner[0])

    def list_secrets(self, client_id: str) -> tuple[StoredSecret, ...]:
        """A client's secrets with their ends and last uses; read from the store."""
        return tuple(secret_store.listed(self._db, client_id))

    def has_secret(self, *secrets: str) -> bool:
        """Whether some client has one of these secrets, valid or ended. For records: it reads all that there are."""
        return any(secret_store.has(self._db, hashed(one)) for one in secrets)

    def _keep_fresh(self) -> None:
        if self._fresh.is_stale(self._clock(), self._max_staleness):
            self.refresh()

    def _adopt(self, version: int) -> None:
        with self._fresh.lock:
            self._fresh.adopt(version)


def _entry(row: store.Row) -> Entry:
    return Entry(
        row.id, row.kind, row.name, row.profile, row.enabled, row.created_at, row.changed_at, row.deleted_at
    )  # fmt: skip


def _is_sane(key: str, limit: int = MAX_KEY) -> bool:
    """Whether looking a key up makes sense: no store takes NUL or lone surrogates, no id of ours is that long."""
    return 0 < len(key) <= limit and key.isprintable()
