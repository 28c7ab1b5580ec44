"""The registry's door: find a client fast, change one safely."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from clients import past, row_checks, rules, saml_fields, secrets, store, undoing
from clients.access import EVERYONE, Access
from clients.client import Client
from clients.errors import InvalidMetadata, Problem, TooManyWatched, UnknownClient
from clients.ids import new_client_id, new_id, own_id
from clients.kept_secrets import store as secret_store
from clients.ports import Record, Statements
from clients.search import store as search_store
from clients.secrets import StoredSecret
from clients.self_registered import store as self_registered_store
from clients.snapshots import Entry, Snapshots

RESTORABLE = 30 * 86_400  # seconds after removal in which a client can be brought back
TOUCH_EVERY = 60  # seconds between two notes of a secret's last use
MAX_SECRETS = 10  # valid at once, each is compared on every request
MAX_WATCHED = 20  # clients that are watched at once


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An application to register. `metadata` as RFC 7591 has it; its client_name holds where `name` is empty.

    `kind` "saml": `metadata` holds `sp_metadata` and settings of `saml_fields.SAML_FIELDS`; there is no profile.
    `unfinished`: it is registered turned off, and its redirect URI may follow before it is turned on.
    `off`: it is registered turned off, with nothing missing. `id`, `secret`: what it had in another installation;
    empty: new ones. `document`: the address that is its id.
    """

    name: str = ""
    kind: str = "oidc"
    profile: str = "web"
    metadata: Mapping[str, Any] = field(default_factory=dict)
    access: Access = EVERYONE
    unfinished: bool = False
    off: bool = False
    id: str = ""
    secret: str = field(default="", repr=False)
    document: str = ""


#: What a look outside may find wrong: the values that it compares.
_LOOKED_AT = frozenset((
    "redirect_uris", "sector_identifier_uri", "jwks", "jwks_uri", "id_token_encrypted_response_alg",
    "userinfo_encrypted_response_alg", "authorization_encrypted_response_alg", "introspection_encrypted_response_alg",
))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Registered:
    """What registration gives. The secret is shown this once; `warnings` are sentences for the admin."""

    client: Client
    client_secret: str | None = field(repr=False)
    warnings: tuple[str, ...] = ()


class Registry(Snapshots):
    """Every application. Snapshots are at most `max_staleness` seconds old; changes made here are seen at once.

    `allow_loopback`: redirect URIs on the person's own machine are taken for all profiles, for development.
    Errors: those of the store; `InvalidMetadata`, `UnknownClient` from the verbs that change something.
    """

    # -- changing ------------------------------------------------------------------------------------------------

    def register(self, draft: Draft, *, record: Record | None = None) -> Registered:
        """Add an application. The id is ours, never the client's choice. Errors: `InvalidMetadata`."""
        row = self._drafted(draft)
        self._look_outside(row)
        now, name = row.created_at, row.name
        client, secret = store.to_client(row), None
        with self._db.transaction() as tx:
            version = store.raise_version(tx)
            row_checks.check_free(tx, client)
            store.insert_client(tx, row)
            store.replace_origins(tx, row.id, client.oidc.allowed_origins)
            search_store.put(tx, row)
            past.put(tx, row, now)
            if client.saml is not None:
                store.insert_entity(tx, client.saml.entity_id, row.id)
            if takes_secret(client):
                secret = self._insert_secret(tx, row.id, now, draft.secret)
            if record is not None:
                told = {"client_id": row.id, "name": name, "profile": row.profile, **row_checks.shown(row)}
                record(tx, "client:register", told)
            client = _reread(tx, row.id)
        self._adopt(version)
        return Registered(client, secret, tuple(row_checks.find_warnings(row)))

    def update(
        self,
        client_id: str,
        changes: Mapping[str, Any],
        *,
        name: str | None = None,
        profile: str | None = None,
        access: Access | None = None,
        edition: str | None = None,
        settle: Callable[[store.Row, store.Row], store.Row] | None = None,
        record: Record | None = None,
    ) -> Client:
        """Change metadata by key; None takes one back to its default. Errors: `InvalidMetadata`, `UnknownClient`.

        `edition`: what `edition` said when the values were looked at; else `ChangedMeanwhile`, and nothing is changed.
        `settle`: what follows from a change, of the row before and after, in the same write.
        """

        if _LOOKED_AT & changes.keys():  # before the transaction: another server may take its time
            self.preview(client_id, changes, name=name, profile=profile)

        def changed(row: store.Row) -> store.Row:
            row_checks.check_edition(row, edition, changes)
            after = self._updated(row, changes, name, profile, access)
            return after if settle is None else settle(row, after)

        return self._change(client_id, "client:update", changed, record)

    def undo(self, client_id: str, changed: Mapping[str, Any], *, record: Record | None = None) -> Client:
        """Put back the old values of a change: key -> [old, new].

        Errors: `ChangedMeanwhile` where a value is not the new one any more; `InvalidMetadata`, `UnknownClient`.
        """

        def back(row: store.Row) -> store.Row:
            old = undoing.undone(row, changed)
            said = {"client_name": old.name, **old.said}
            valid = self._validate(
                row.kind, row_checks.profile_of(row.kind, old.profile), said, unfinished=not row.enabled
            )
            return replace(old, name=valid.pop("client_name"), said=valid)

        return self._change(client_id, "client:update", back, record)

    def edition(self, client_id: str) -> str:
        """A mark of the values that stand now, for `update(edition=…)`. Errors: `UnknownClient`."""
        return self.as_registered(client_id)[0]

    def as_registered(self, client_id: str) -> tuple[str, Mapping[str, Any]]:
        """The edition, and what was said of a client: its name among it, no default. Errors: `UnknownClient`."""
        row = store.find_row(self._db, client_id)
        if row is None or row.deleted_at is not None:
            raise UnknownClient(client_id, _NO_CLIENT)
        return undoing.edition(row), {**row.said, "client_name": row.name}

    def preview(
        self,
        client_id: str,
        changes: Mapping[str, Any],
        *,
        name: str | None = None,
        profile: str | None = None,
        access: Access | None = None,
    ) -> tuple[Client, Client]:
        """A client as it is, a removed one too, and as `update` would make it; nothing is written. Errors: its own."""
        row = store.find_row(self._db, client_id)
        if row is None:
            raise UnknownClient(client_id)
        stored = tuple(secret_store.listed(self._db, client_id))
        after = self._updated(row, changes, name, profile, access)
        if _LOOKED_AT & changes.keys():
            self._look_outside(after)
        return store.to_client(row, stored), store.to_client(after, stored)

    def preview_new(self, draft: Draft) -> Client:
        """An application as `register` would make it; nothing is written. Errors: `InvalidMetadata`."""
        row = self._drafted(draft)
        self._look_outside(row)
        client = store.to_client(row)
        row_checks.check_free(self._db, client)
        return client

    def hold(self) -> None:
        """In a transaction that this registry takes part in: every other change waits from here to its end."""
        store.raise_version(self._db)

    def change_access(
        self, client_id: str, change: Callable[[Access], Access], *, record: Record | None = None
    ) -> Client:
        """Another rule of who may open it, made from the one that stands at this moment. Errors: `UnknownClient`."""
        return self._change(client_id, "client:update", lambda row: replace(row, access=change(row.access)), record)

    def namesakes(self, name: str, *, but: str = "", vouched: bool = False) -> tuple[Entry, ...]:
        """Applications whose names people cannot tell from this one, but the client `but`; `vouched` as in `list`."""
        wanted, found, after = row_checks.plain(name), [], None
        while page := self.list(after, 1000, vouched=vouched):
            found += [entry for entry in page if row_checks.plain(entry.name) == wanted and entry.id != but]
            after = page[-1].key
        return tuple(found)

    def disable(self, client_id: str, *, record: Record | None = None) -> Client:
        """Turn a client off: seen here at once, elsewhere within `max_staleness`. Its tokens die for good (R7)."""
        return self._change(
            client_id, "client:disable", lambda row: replace(row, enabled=False, tokens_after=self._clock()), record
        )

    def enable(self, client_id: str, *, record: Record | None = None) -> Client:
        """Turn a client on again. Errors: `UnknownClient`; `InvalidMetadata` where its redirect URI never followed."""

        def turned_on(row: store.Row) -> store.Row:
            if row.kind == "oidc":
                rules.check_finished(row.profile, row.said)
            return replace(row, enabled=True)

        return self._change(client_id, "client:enable", turned_on, record)

    def remove(self, client_id: str, *, record: Record | None = None) -> None:
        """Take a client away; `restore` brings it back for 30 days."""
        now = self._clock()
        self._change(client_id, "client:remove", lambda row: replace(row, deleted_at=now, tokens_after=now), record)

    def restore(self, client_id: str, *, record: Record | None = None) -> Client:
        """Bring a removed client back as it was, secrets included. Errors: `UnknownClient`, also after 30 days."""
        return self._change(
            client_id, "client:restore", lambda row: replace(row, deleted_at=None), record, removed=True
        )

    def add_secret(self, client_id: str, keep_old_for: float, *, record: Record | None = None) -> str:
        """A new secret, shown this once. The others end `keep_old_for` seconds from now, or at their earlier end."""
        now = self._clock()
        with self._db.transaction() as tx:
            version = store.raise_version(tx)
            client = _reread(tx, client_id)
            if not takes_secret(client):
                method = next(iter(client.oidc.auth_methods), client.kind)
                raise InvalidMetadata(Problem("token_endpoint_auth_method", f"is {method}: it has no secret"))
            secret_store.end_all(tx, client_id, now + max(0.0, keep_old_for))
            if keep_old_for > 0 and sum(s.is_valid(now) for s in client.secrets) >= MAX_SECRETS:
                message = f"{MAX_SECRETS} are valid already; end them with keep_old_for=0, or wait until one has ended"
                raise InvalidMetadata(Problem("client_secret", message))
            secret = self._insert_secret(tx, client_id, now)
            if record is not None:
                record(tx, "client:secret", {"client_id": client_id, "name": client.name, "keep_old_for": keep_old_for})
        self._adopt(version)
        return secret

    def renew(
        self, client_id: str, changes: Mapping[str, Any], *, ends_tokens: bool = False, record: Record | None = None
    ) -> tuple[Client, str | None]:
        """Whoever could pose as a client until now cannot any more: its secrets end and one is made, shown this once.

        `changes`: of its metadata, such as its keys; `ends_tokens`: those that it has got end too. To be called in a
        transaction that this registry takes part in. Errors: `InvalidMetadata`, `UnknownClient`.
        """

        def changed(row: store.Row) -> store.Row:
            after = self._updated(row, changes, None, None, None)
            return replace(after, tokens_after=self._clock()) if ends_tokens else after

        client = self._change(client_id, "client:update", changed, record)
        secret = self.add_secret(client_id, 0, record=record) if takes_secret(client) else None
        return self.get(client_id), secret

    def end_secret(self, client_id: str, secret_id: str, *, record: Record | None = None) -> None:
        """Let one secret end now. Errors: `UnknownClient`; `InvalidMetadata` where it has no such secret that works."""
        now = self._clock()
        with self._db.transaction() as tx:
            version = store.raise_version(tx)
            client = _reread(tx, client_id)
            if not any(one.id == secret_id and one.is_valid(now) for one in client.secrets):
                raise InvalidMetadata(Problem("client_secret", "there is no such secret, or it has ended already"))
            secret_store.end(tx, client_id, secret_id, now)
            if record is not None:
                detail = {"client_id": client_id, "name": client.name, "secret_id": secret_id}
                record(tx, "client:secret_ended", detail)
        self._adopt(version)

    def touch_secret(self, secret_id: str) -> None:
        """Note that a secret was used, at most once a minute. Not to be called inside a transaction."""
        now = self._clock()
        with self._fresh.lock:
            last = self._touched.find(secret_id)
            if last is not None and 0 <= now - last < TOUCH_EVERY:
                return
            self._touched.put(secret_id, now)
        secret_store.touch(self._db, secret_id, now, now - TOUCH_EVERY)

    def watch(self, client_id: str, until: float | None) -> None:
        """Have every process look at a client's requests until then; None: no longer. Others see it within seconds.

        Errors: `UnknownClient`; `TooManyWatched`.
        """
        self.get(client_id)
        now = self._clock()
        with self._db.transaction() as tx:
            version = store.raise_version(tx)
            _, stored = store.read_standing(tx)
            watched = {one: end for one, end in stored.items() if end > now and one != client_id}
            if until is not None:
                if len(watched) >= MAX_WATCHED:
                    raise TooManyWatched(client_id)
                watched[client_id] = until
            store.write_watched(tx, watched)
        with self._fresh.lock:
            self._fresh.adopt(version)
            self._watched = watched

    def sweep(self) -> int:
        """Forget clients removed, and secrets ended, more than 30 days ago; how many rows went."""
        with self._db.transaction() as tx:
            return store.purge(tx, self._clock() - RESTORABLE)

    def _change(
        self,
        client_id: str,
        action: str,
        change: Callable[[store.Row], store.Row],
        record: Record | None,
        *,
        removed: bool = False,
    ) -> Client:
        """Read, change and write one client in one transaction; what changes nothing is not recorded."""
        now = self._clock()
        with self._db.transaction() as tx:
            version = store.raise_version(tx)
            before = store.find_row(tx, client_id)
            if before is None or (before.deleted_at is not None) is not removed:
                raise UnknownClient(client_id, "there is no removed client with this id" if removed else _NO_CLIENT)
            if before.deleted_at is not None and now - before.deleted_at >= RESTORABLE:
                raise UnknownClient(client_id, "was removed more than 30 days ago and cannot be brought back")
            after = change(before)
            if after != before:
                after = replace(after, changed_at=now)
                store.update_client(tx, after)
                store.replace_origins(tx, client_id, store.to_client(after).oidc.allowed_origins)
                search_store.put(tx, after)
                past.put(tx, after, now, before)
                if after.deleted_at is not None:  # whoever brings it back has not given its word to it again
                    tx.run(self_registered_store.VOID, of_client=client_id)
                if record is not None:
                    detail = {"client_id": client_id, "name": after.name, "changed": undoing.difference(before, after)}
                    record(tx, action, detail)
            client = store.to_client(after, tuple(secret_store.listed(tx, client_id)))
        self._adopt(version)
        return client

    def _drafted(self, draft: Draft) -> store.Row:
        profile = row_checks.profile_of(draft.kind, draft.profile)
        said = dict(draft.metadata)
        said["client_name"] = draft.name or said.get("client_name") or ""
        said = self._validate(draft.kind, profile, said, unfinished=draft.unfinished)
        name, now = said.pop("client_name"), self._clock()
        client_id = draft.document or (own_id(draft.id) if draft.id else new_client_id())
        is_on = not (draft.unfinished or draft.off)
        return store.Row(client_id, draft.kind, name, profile, is_on, said, draft.access, now, now, None)

    def _look_outside(self, row: store.Row) -> None:
        """Errors: `InvalidMetadata`. Not to be called in a transaction of this registry's own."""
        if row.kind == "oidc" and (wrong := tuple(self._look(row.said))):
            raise InvalidMetadata(*wrong)

    def _updated(
        self,
        row: store.Row,
        changes: Mapping[str, Any],
        name: str | None,
        profile: str | None,
        access: Access | None,
    ) -> store.Row:
        said = {"client_name": row.name, **row.said, **changes}
        if name is not None:
            said["client_name"] = name
        said["client_name"] = said["client_name"] or ""
        new_profile = row_checks.profile_of(row.kind, profile or row.profile)
        valid = self._validate(row.kind, new_profile, said, unfinished=not row.enabled)
        row_checks.check_same_entity(row, valid)
        named = valid.pop("client_name")
        return replace(row, name=named, profile=new_profile, said=valid, access=access or row.access)

    def _validate(self, kind: str, profile: str, said: dict[str, Any], *, unfinished: bool = False) -> dict[str, Any]:
        if kind == "saml":
            return saml_fields.validate(said, allow_loopback=self._allow_loopback)
        return rules.validate(profile, said, allow_loopback=self._allow_loopback, unfinished=unfinished)

    def _insert_secret(self, tx: Statements, client_id: str, now: float, given: str = "") -> str:
        secret = given or secrets.generate()
        secret_store.insert_one(tx, client_id, StoredSecret(new_id("s"), secrets.hashed(secret), now, None))
        return secret


_NO_CLIENT = "there is no client with this id"


def takes_secret(client: Client) -> bool:
    """Whether the client proves itself by a secret of ours."""
    return "client_secret_basic" in client.oidc.auth_methods


def _reread(tx: Statements, client_id: str) -> Client:
    _, client = store.find_client(tx, client_id)
    if client is None:
        raise UnknownClient(client_id)
    return client
