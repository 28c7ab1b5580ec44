"""The people and groups of one company: look up, add, change.

Each verb that changes something takes `record(tx, action, detail)`, called in the transaction of the change, so that
the audit event is written with it or not at all.
"""

from __future__ import annotations

import contextlib
import copy
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Unpack

from idp.accounts import break_glass, effects, inviting, memberships, past, store
from idp.accounts.effects import Changes, Ended, Forgotten, Guard, Guarded, Replaced, Tells
from idp.accounts.lookup import KnownAs, Lookup
from idp.accounts.person import (
    Credentials,
    Draft,
    Person,
    PersonChanged,
    Problems,
    check_roles,
    cleaned,
    fold,
    group_name,
    identifiers,
    new_person_id,
    to_json,
)
from idp.accounts.rows import (
    ask_devices_again,
    check_an_owner_stays,
    check_free,
    check_id,
    columns,
    draft_of,
    identify,
    locked,
    stored,
    tell,
    with_consequences,
    with_roles,
)
from idp.audit import Recorder
from idp.db import Conflict, Database, Transaction
from idp.texts import N_

IS_FIXED = N_("This is a break-glass account: its password is made by us. An owner makes a new one under Settings.")


class Directory(Lookup):
    """People and groups. `ended` ends sessions and tokens wherever a change must (S58): pass it once, here.

    `replaced` keeps earlier passwords (P3, L6), however they are replaced; `guarded` sees to recovery (N6).
    """

    def __init__(
        self,
        db: Database,
        clock: Callable[[], float] = time.time,
        ended: Ended | None = None,
        replaced: Replaced | None = None,
        guarded: Guarded | None = None,
        forgotten: Forgotten | None = None,
        known_as: KnownAs | None = None,
    ) -> None:
        self._db, self._clock = db, clock
        self.ended: Ended = ended or effects.nothing_to_end
        self._replaced, self._forgotten = replaced, forgotten
        self._known_as = known_as or self._known_as
        self._guarded: Guarded = guarded or effects.nothing_to_end

    # -- changing --------------------------------------------------------------------------------------------------

    def within(self, db: Database) -> Directory:
        """The same people, changed in a transaction that stands open: `db` is that one, joined."""
        joined = copy.copy(self)
        joined._db = db
        return joined

    def check_changes(self, person: Person, changes: Changes) -> None:
        """As `update` would refuse them. Errors: `InvalidPerson`, with every problem."""
        problems = Problems()
        before = draft_of(person)
        wanted = replace(before, **changes)
        problems.of(check_free, self._db, problems.of(cleaned, wanted, before) or wanted, person.id)
        problems.check()

    def check(self, draft: Draft, person_id: str = "") -> Draft:
        """The draft as it would be stored. Errors: `InvalidPerson`, with every problem, as `add` would find them."""
        problems = Problems()
        draft = problems.of(cleaned, draft) or draft
        problems.of(check_free, self._db, draft, "")
        if person_id:
            problems.of(check_id, self._db, person_id, draft, self._clock())
        problems.check()
        return draft

    def add(
        self, draft: Draft, *, password_hash: str | None = None, record: Recorder | None = None, person_id: str = ""
    ) -> Person:
        """Add a person; groups that do not exist yet are made. Errors: `InvalidPerson`.

        `person_id`: one that another installation gave, which nobody has or had here; else they get one of ours.
        """
        draft = cleaned(draft)
        if person_id:
            check_id(self._db, person_id, draft, self._clock())
        person_id = person_id or new_person_id()
        with self._naming_duplicates(draft, person_id), self._db.transaction() as tx:
            return self._add(tx, draft, person_id, password_hash, record)

    def add_all(self, drafts: Iterable[Draft], *, record: Recorder | None = None) -> int:
        """Add people without passwords, all or nobody; answers how many. Errors: `InvalidPerson`, `Conflict`."""
        added = 0
        with self._db.transaction() as tx:
            for draft in map(cleaned, drafts):
                self._add(tx, draft, new_person_id(), None, record)
                added += 1
        return added

    def _add(
        self, tx: Transaction, draft: Draft, person_id: str, password_hash: str | None, record: Recorder | None
    ) -> Person:
        check_free(tx, draft, person_id)
        now = self._clock()
        tx.run(
            store.INSERT,
            id=person_id,
            **columns(draft),
            groups="[]",
            roles=to_json(draft.roles),
            enabled=1,
            password_hash=password_hash,
            password_changed_at=None if password_hash is None else now,
            created_at=now,
            changed_at=now,
        )
        identify(tx, person_id, draft)
        past.stands(tx, person_id, draft.username, True, now)
        person = memberships.join(tx, person_id, draft.groups, now) if draft.groups else stored(tx, person_id)
        tell(record, tx, "person:added", person, username=person.username, groups=person.groups, roles=person.roles)
        return person

    def update(
        self,
        person_id: str,
        *,
        merge: Mapping[str, Any] = MappingProxyType({}),
        record: Recorder | None = None,
        told: Tells | None = None,
        as_of: float | None = None,
        **changes: Unpack[Changes],
    ) -> Person:
        """Change what is known of a person; a new e-mail address is unverified unless said.

        `merge`: claims to set, or with None to take out, beside those that stay as they are at this moment. A new
        phone number is nobody's until it is proven, unless said. `as_of`: the `changed_at` that the caller looked at.
        Errors: `InvalidPerson`, `NoSuchPerson`; `PersonChanged` where somebody has changed them since `as_of`.
        """
        with self._naming_duplicates(None, person_id, changes), self._db.transaction() as tx:
            person = locked(tx, person_id)
            if as_of is not None and person.changed_at != as_of:
                raise PersonChanged
            before = draft_of(person)
            draft = replace(before, **changes)
            merge = with_consequences(merge, before.claims)
            merged = {**draft.claims, **merge}
            draft = replace(draft, claims={key: value for key, value in merged.items() if value is not None})
            if "email_verified" not in changes and fold(draft.email or "") != fold(before.email or ""):
                draft = replace(draft, email_verified=False)
            draft = cleaned(draft, before)
            changed = [name for name in Changes.__annotations__ if getattr(draft, name) != getattr(before, name)]
            if not changed:
                return person
            check_free(tx, draft, person_id)
            tx.run(store.UPDATE, person_id=person_id, **columns(draft), changed_at=self._later(person))
            if draft.username != before.username:
                past.stands(tx, person_id, draft.username, person.enabled, self._clock())
            if fold(draft.email or "") != fold(before.email or ""):
                self._guarded(tx, person_id, "reset")
            ask_devices_again(tx, person_id, before, draft)
            if identifiers(draft) != identifiers(before):
                tx.run(store.FORGET_KEYS, person_id=person_id)
                identify(tx, person_id, draft)
            if "claims" in changed and "claims" not in changes:
                changed.remove("claims")
                changed += [key for key in merge if draft.claims.get(key) != before.claims.get(key)]
            tell(record, tx, "person:changed", person, fields=changed)
            return effects.tell_after(told, tx, stored(tx, person_id))

    def confirm_address(self, person_id: str, address: str, *, record: Recorder | None = None) -> bool:
        """The person reads the mail of this address; False where it is not, or no longer, their account's.

        Errors: `NoSuchPerson`.
        """
        with self._db.transaction() as tx:
            person = locked(tx, person_id)
            if not person.email or fold(person.email) != fold(address):
                return False
            if not person.email_verified:
                draft = replace(draft_of(person), email_verified=True)
                tx.run(store.UPDATE, person_id=person_id, **columns(draft), changed_at=self._clock())
                tell(record, tx, "person:changed", person, fields=["email_verified"])
        return True

    def disable(self, person_id: str, *, record: Recorder | None = None, ended: Ended | None = None) -> Person:
        """Shut a person out at once: everything they have open ends (S58).

        Errors: `NoSuchPerson`, `InvalidPerson` for the last owner.
        """
        with self._db.transaction() as tx:
            owners = tx.all(store.OWNERS_LOCKED)
            person = locked(tx, person_id)
            check_an_owner_stays(tx, person, owners, "enabled")
            if self._guarded(tx, person_id, "off") or person.enabled:
                tx.run(store.SET_ENABLED, person_id=person_id, enabled=0, changed_at=self._clock())
                past.stands(tx, person_id, person.username, False, self._clock())
                tell(record, tx, "person:disabled", person)
            (ended or self.ended)(tx, person_id, "account disabled")
            effects.end_tokens(tx, person_id)
            return stored(tx, person_id)

    def remove(self, person_id: str, *, record: Recorder | None = None) -> Person:
        """Take a person away for good; everything they have open ends (S58). What stays: see `forgetting`.

        Errors: `NoSuchPerson`, `InvalidPerson` for the last owner.
        """
        from idp.accounts.forgetting import forget

        with self._db.transaction() as tx:
            owners = tx.all(store.OWNERS_LOCKED)
            person = locked(tx, person_id)
            check_an_owner_stays(tx, person, owners, "enabled")
            self.ended(tx, person_id, "account removed")
            if self._forgotten is not None:
                self._forgotten(tx, person_id)
            forget(tx, person_id)
            past.is_gone(tx, person_id, self._clock())
            tell(record, tx, "person:removed", person, username=person.username)
        return person

    def enable(self, person_id: str, *, record: Recorder | None = None) -> Person:
        """Let a person in again; what had ended stays ended. Errors: `NoSuchPerson`."""
        with self._db.transaction() as tx:
            person = locked(tx, person_id)
            self._guarded(tx, person_id, "on")
            if not person.enabled:
                # What was just being issued as the account was disabled has slipped past that end; not past this one.
                self.ended(tx, person_id, "account was disabled")
                tx.run(store.SET_ENABLED, person_id=person_id, enabled=1, changed_at=self._clock())
                past.stands(tx, person_id, person.username, True, self._clock())
                tell(record, tx, "person:enabled", person)
            return stored(tx, person_id)

    def set_roles(self, person_id: str, roles: Iterable[str], *, record: Recorder | None = None) -> Person:
        """Give exactly these roles. Errors: `NoSuchPerson`, `InvalidPerson` for an unknown role or the last owner."""
        wanted = tuple(roles)
        check_roles(wanted)
        with self._db.transaction() as tx:
            owners = tx.all(store.OWNERS_LOCKED)
            person = locked(tx, person_id)
            if set(wanted) == set(person.roles):
                return person
            if "owner" not in wanted:
                check_an_owner_stays(tx, person, owners, "roles")
            after = with_roles(tx, person, wanted, self._clock())
            tell(record, tx, "person:roles", person, before=person.roles, after=after)
            return stored(tx, person_id)

    def set_groups(self, person_id: str, names: Iterable[str], *, record: Recorder | None = None) -> Person:
        """Put a person in exactly these groups, missing ones made; what other groups put them in stays.

        Errors: `NoSuchPerson`, `InvalidPerson`.
        """
        return self._regroup(person_id, tuple(map(group_name, names)), record, only=True)

    def add_to_group(self, person_id: str, name: str, *, record: Recorder | None = None, by: str = "") -> Person:
        """Put a person in a group, made where it is missing. `by`: as `memberships` has it.

        Errors: `NoSuchPerson`, `InvalidPerson`.
        """
        return self._regroup(person_id, (group_name(name),), record, by=by)

    def remove_from_group(self, person_id: str, name: str, *, record: Recorder | None = None, by: str = "") -> Person:
        """Take a person out of a group; fine where they are not in it.

        Errors: `NoSuchPerson`, `InvalidPerson` where somebody else than `by` put them in.
        """
        return self._regroup(person_id, (), record, leave=fold(name), by=by)

    def store_password(
        self,
        person_id: str,
        password_hash: str,
        *,
        detail: Mapping[str, Any],
        known: Person | None = None,
        record: Recorder | None = None,
        ended: Ended | None = None,
        guard: Guard = "password",
        told: Tells | None = None,
    ) -> Person:
        """Keep a new password's hash and end what the old one opened; `set_password` is the verb to call.

        `known`: the person as the caller proved them. Errors: `PersonChanged` where that is not how things are now.
        """
        with self._db.transaction() as tx:
            person = locked(tx, person_id)
            if known is not None and (not person.enabled or person.password_changed_at != known.password_changed_at):
                raise PersonChanged
            if known is not None and inviting.is_withdrawn(tx, person):  # while it was chosen
                raise PersonChanged
            self._replace(tx, person, password_hash)
            tell(record, tx, "password:set", person, **detail)
            self._guarded(tx, person_id, guard)
            (ended or self.ended)(tx, person_id, "password changed")
            return effects.tell_after(told, tx, stored(tx, person_id))

    def drop_password(
        self, person_id: str, *, detail: Mapping[str, Any], record: Recorder | None = None, ended: Ended | None = None
    ) -> Person:
        """Take the password away and end everything: nobody signs in, by any way, until a new one is set (A3).

        Only ever restricts. Links for setting a password that are out already are void. Errors: `NoSuchPerson`.
        """
        with self._db.transaction() as tx:
            person = locked(tx, person_id)
            self._replace(tx, person, None)
            tell(record, tx, "person:secured", person, **detail)
            self._guarded(tx, person_id, "restrict")
            (ended or self.ended)(tx, person_id, "the person said that it was not them")
            effects.end_tokens(tx, person_id)
            return stored(tx, person_id)

    def restrict(self, person_id: str) -> None:
        """Somebody else may have planted a way back in: it is worth nothing from now on. Errors: `NoSuchPerson`."""
        with self._db.transaction() as tx:
            locked(tx, person_id)
            self._guarded(tx, person_id, "restrict")

    def rehash(self, credentials: Credentials, password_hash: str) -> bool:
        """Keep the same password under a new cost (P1); False where it has been changed meanwhile."""
        old, person_id = credentials.password_hash, credentials.person_id
        return self._db.run(store.REHASH, person_id=person_id, old_hash=old, password_hash=password_hash) == 1

    def fixed(self, person: Person) -> list[str]:
        """Why nobody gives this person another password: one who knows it must not make it a guessable one (U5)."""
        return [IS_FIXED] if break_glass.is_one(self._db, person) else []

    # -- below -----------------------------------------------------------------------------------------------------

    def _later(self, person: Person) -> float:
        """Now, and never a moment that they were changed at before: forms are told apart by it (complaint 7)."""
        return max(self._clock(), person.changed_at + 0.00001)

    def _replace(self, tx: Transaction, person: Person, password_hash: str | None) -> None:
        """Another password, or none, at a moment that no earlier one was set at: links and proofs are told by it."""
        now = max(self._clock(), (person.password_changed_at or 0.0) + 0.001)
        before = tx.one(store.CREDENTIALS, person_id=person.id).password_hash
        if self._replaced is not None and before:
            self._replaced(tx, person.id, before, now)
        tx.run(store.SET_PASSWORD, person_id=person.id, password_hash=password_hash, password_changed_at=now)

    @contextlib.contextmanager
    def _naming_duplicates(self, draft: Draft | None, person_id: str, changes: Changes | None = None) -> Iterator[None]:
        """Another process took a name between our look and our write: say which, as if we had seen it."""
        try:
            yield
        except Conflict:
            if draft is None:
                before = draft_of(self.get(person_id))
                draft = cleaned(replace(before, **(changes or {})), before)
            check_free(self._db, draft, person_id)
            raise

    def _regroup(
        self,
        person_id: str,
        names: tuple[str, ...],
        record: Recorder | None,
        *,
        only: bool = False,
        leave: str = "",
        by: str = "",
    ) -> Person:
        with self._db.transaction() as tx:
            before = locked(tx, person_id)
            if only:
                names = memberships.only(tx, before, names)
            if leave:
                memberships.leave(tx, before, leave, by=by)
            after = memberships.join(tx, person_id, names, self._later(before), by=by)
            memberships.tell_difference(record, tx, before, after)
            return after
