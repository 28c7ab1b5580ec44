"""The people and groups of one company: look up, add, change.

Each verb that changes something takes `record(tx, action, detail)`, called in the transaction of the change, so that
the audit event is written with it or not at all.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any, Literal, TypedDict, Unpack

from idp.accounts import store
from idp.accounts.person import (
    MAX_LOGIN,
    ROLES,
    Credentials,
    Draft,
    InvalidPerson,
    NoSuchPerson,
    Person,
    PersonChanged,
    Problems,
    check_roles,
    cleaned,
    fold,
    group_name,
    identifiers,
    new_person_id,
    search_text,
    spellings,
    to_json,
)
from idp.audit import Recorder
from idp.db import Conflict, Database, Transaction
from idp.ids import new_id

#: Ends what a person has open: `ended(tx, person_id, why)`, in the transaction of the change that asks for it.
Ended = Callable[[Transaction, str, str], None]
#: How much a change takes from ways back in that somebody else may have planted: `password`, a new one was set by
#: whoever knew the old, or reads a recovery address; `reset`, the company's word was used or changed; `restrict`, an
#: admin or the person says that somebody else may be in.
Guard = Literal["password", "reset", "restrict"]
#: Does so: `guarded(tx, person_id, how)`, in the transaction of the change.
Guarded = Callable[[Transaction, str, Guard], None]
#: Keeps what a new password replaces: `replaced(tx, person_id, password_hash, now)`, in the same transaction.
Replaced = Callable[[Transaction, str, str, float], None]


#: Forgets what other rooms keep of a person: `forgotten(tx, person_id)`, in the transaction that removes them.
Forgotten = Callable[[Transaction, str], None]


class Changes(TypedDict, total=False):
    """What `Directory.update` takes; what is left out stays."""

    username: str
    email: str | None
    email_verified: bool
    employee_number: str | None
    name: str
    claims: Mapping[str, Any]


class Directory:
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
    ) -> None:
        self._db, self._clock = db, clock
        self._ended: Ended = ended or _nothing_to_end
        self._replaced, self._forgotten = replaced, forgotten
        self._guarded: Guarded = guarded or _nothing_to_end

    # -- looking up ------------------------------------------------------------------------------------------------

    def find(self, person_id: str) -> Person | None:
        """The person with this id, or None."""
        return store.find(self._db, person_id) if _is_plain(person_id) else None

    def get(self, person_id: str) -> Person:
        """The person with this id. Errors: `NoSuchPerson`."""
        person = self.find(person_id)
        if person is None:
            raise NoSuchPerson(person_id)
        return person

    def find_by_login(self, text: str) -> Person | None:
        """Who signs in with this e-mail address, username or employee number; one statement (L1)."""
        found = self.find_for_password(text)
        return found[0] if found else None

    def find_for_password(self, text: str) -> tuple[Person, Credentials] | None:
        """The same with the hash to verify against; also one statement, for names that exist and for others (L7)."""
        return store.find_by_key(self._db, *spellings(text[:MAX_LOGIN]))

    def find_credentials(self, person_id: str) -> Credentials | None:
        """The hash of somebody known, to ask for the password again."""
        row = self._db.one(store.CREDENTIALS, person_id=person_id)
        return None if row is None else Credentials(row.id, row.password_hash)

    def list(self, after: str = "", limit: int = 50, search: str = "") -> tuple[Person, ...]:
        """At most `limit` people in the order of their usernames, from the one after username `after`.

        `search` is looked for in usernames, names, e-mail addresses and employee numbers.
        """
        wanted = fold(search)
        if not wanted:
            rows = self._db.all(store.LIST, after=fold(after), many=limit)
        else:
            rows = self._db.all(store.SEARCH, after=fold(after), many=limit, pattern=_containing(wanted))
        return tuple(store.to_person(row) for row in rows)

    def claim_names(self) -> frozenset[str]:
        """The further claims that anybody has: for a check of what an admin typed, since it looks at everybody."""
        return store.claim_names(self._db)

    def similar(self, text: str, many: int = 3) -> tuple[Person, ...]:
        """People whose usernames look like this one, which nobody has: for "did you mean"."""
        wanted = fold(text[:MAX_LOGIN])
        rows = self._db.all(store.NEARBY, first=wanted[:1], end=wanted[:1] + "\U0010ffff") if wanted else []
        rows += [] if len(wanted) < 3 else self._db.all(store.SEARCH, after="", many=50, pattern=_containing(wanted))
        people = {fold(row.username): row for row in rows}
        near = get_close_matches(wanted, people, n=many, cutoff=0.7)
        near += [key for key in people if wanted in key and key not in near]
        return tuple(store.to_person(people[key]) for key in near[:many])

    def count(self) -> int:
        """How many people there are."""
        return int(self._db.one(store.COUNT).n)

    def owners(self) -> tuple[Person, ...]:
        """Everybody with the role owner, those too who cannot sign in yet."""
        return tuple(person for row in self._db.all(store.OWNERS) if "owner" in (person := store.to_person(row)).roles)

    def has_owner(self) -> bool:
        """Whether some owner can sign in: enabled, with a password."""
        return any(_is_in_charge(person) for person in self.owners())

    # -- changing --------------------------------------------------------------------------------------------------

    def check(self, draft: Draft) -> Draft:
        """The draft as it would be stored. Errors: `InvalidPerson`, with every problem, as `add` would find them."""
        problems = Problems()
        draft = problems.of(cleaned, draft) or draft
        problems.of(self._check_free, self._db, draft, "")
        problems.check()
        return draft

    def add(self, draft: Draft, *, password_hash: str | None = None, record: Recorder | None = None) -> Person:
        """Add a person; groups that do not exist yet are made. Errors: `InvalidPerson`."""
        draft = cleaned(draft)
        person_id = new_person_id()
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
        self._check_free(tx, draft, person_id)
        now = self._clock()
        tx.run(
            store.INSERT,
            id=person_id,
            **_columns(draft),
            groups="[]",
            roles=to_json(draft.roles),
            enabled=1,
            password_hash=password_hash,
            password_changed_at=None if password_hash is None else now,
            created_at=now,
            changed_at=now,
        )
        _identify(tx, person_id, draft)
        person = self._in_groups(tx, person_id, draft.groups) if draft.groups else _stored(tx, person_id)
        _tell(record, tx, "person:added", person, username=person.username, groups=person.groups, roles=person.roles)
        return person

    def update(
        self,
        person_id: str,
        *,
        merge: Mapping[str, Any] = MappingProxyType({}),
        record: Recorder | None = None,
        **changes: Unpack[Changes],
    ) -> Person:
        """Change what is known of a person; a new e-mail address is unverified unless said.

        `merge`: claims to set, or with None to take out, beside those that stay as they are at this moment. A new
        phone number is nobody's until it is proven, unless said.
        Errors: `InvalidPerson`, `NoSuchPerson`.
        """
        with self._naming_duplicates(None, person_id, changes), self._db.transaction() as tx:
            person = _locked(tx, person_id)
            before = _draft(person)
            draft = replace(before, **changes)
            merge = _with_consequences(merge, before.claims)
            merged = {**draft.claims, **merge}
            draft = replace(draft, claims={key: value for key, value in merged.items() if value is not None})
            if "email_verified" not in changes and fold(draft.email or "") != fold(before.email or ""):
                draft = replace(draft, email_verified=False)
            draft = cleaned(draft)
            changed = [name for name in Changes.__annotations__ if getattr(draft, name) != getattr(before, name)]
            if not changed:
                return person
            self._check_free(tx, draft, person_id)
            tx.run(store.UPDATE, person_id=person_id, **_columns(draft), changed_at=self._clock())
            if fold(draft.email or "") != fold(before.email or ""):
                self._guarded(tx, person_id, "reset")
            _ask_devices_again(tx, person_id, before, draft)
            if identifiers(draft) != identifiers(before):
                tx.run(store.FORGET_KEYS, person_id=person_id)
                _identify(tx, person_id, draft)
            if "claims" in changed and "claims" not in changes:
                changed.remove("claims")
                changed += [key for key in merge if draft.claims.get(key) != before.claims.get(key)]
            _tell(record, tx, "person:changed", person, fields=changed)
            return _stored(tx, person_id)

    def confirm_address(self, person_id: str, address: str, *, record: Recorder | None = None) -> bool:
        """The person reads the mail of this address; False where it is not, or no longer, their account's.

        Errors: `NoSuchPerson`.
        """
        with self._db.transaction() as tx:
            person = _locked(tx, person_id)
            if not person.email or fold(person.email) != fold(address):
                return False
            if not person.email_verified:
                draft = replace(_draft(person), email_verified=True)
                tx.run(store.UPDATE, person_id=person_id, **_columns(draft), changed_at=self._clock())
                _tell(record, tx, "person:changed", person, fields=["email_verified"])
        return True

    def disable(self, person_id: str, *, record: Recorder | None = None, ended: Ended | None = None) -> Person:
        """Shut a person out at once: everything they have open ends (S58).

        Errors: `NoSuchPerson`, `InvalidPerson` for the last owner.
        """
        with self._db.transaction() as tx:
            owners = tx.all(store.OWNERS_LOCKED)
            person = _locked(tx, person_id)
            _check_an_owner_stays(person, owners, "enabled")
            if person.enabled:
                tx.run(store.SET_ENABLED, person_id=person_id, enabled=0, changed_at=self._clock())
                _tell(record, tx, "person:disabled", person)
            self._guarded(tx, person_id, "restrict")
            (ended or self._ended)(tx, person_id, "account disabled")
            return _stored(tx, person_id)

    def remove(self, person_id: str, *, record: Recorder | None = None) -> Person:
        """Take a person away for good; everything they have open ends (S58). What stays: see `forgetting`.

        Errors: `NoSuchPerson`, `InvalidPerson` for the last owner.
        """
        from idp.accounts.forgetting import forget

        with self._db.transaction() as tx:
            owners = tx.all(store.OWNERS_LOCKED)
            person = _locked(tx, person_id)
            _check_an_owner_stays(person, owners, "enabled")
            self._ended(tx, person_id, "account removed")
            if self._forgotten is not None:
                self._forgotten(tx, person_id)
            forget(tx, person_id)
            _tell(record, tx, "person:removed", person, username=person.username)
        return person

    def enable(self, person_id: str, *, record: Recorder | None = None) -> Person:
        """Let a person in again; what had ended stays ended. Errors: `NoSuchPerson`."""
        with self._db.transaction() as tx:
            person = _locked(tx, person_id)
            if not person.enabled:
                # What was just being issued as the account was disabled has slipped past that end; not past this one.
                self._ended(tx, person_id, "account was disabled")
                tx.run(store.SET_ENABLED, person_id=person_id, enabled=1, changed_at=self._clock())
                _tell(record, tx, "person:enabled", person)
            return _stored(tx, person_id)

    def set_roles(self, person_id: str, roles: Iterable[str], *, record: Recorder | None = None) -> Person:
        """Give exactly these roles. Errors: `NoSuchPerson`, `InvalidPerson` for an unknown role or the last owner."""
        wanted = tuple(roles)
        check_roles(wanted)
        with self._db.transaction() as tx:
            owners = tx.all(store.OWNERS_LOCKED)
            person = _locked(tx, person_id)
            after = tuple(role for role in ROLES if role in wanted)
            if after == person.roles:
                return person
            if "owner" not in after:
                _check_an_owner_stays(person, owners, "roles")
            tx.run(store.SET_ROLES, person_id=person_id, roles=to_json(after), changed_at=self._clock())
            _tell(record, tx, "person:roles", person, before=person.roles, after=after)
            return _stored(tx, person_id)

    def set_groups(self, person_id: str, names: Iterable[str], *, record: Recorder | None = None) -> Person:
        """Put a person in exactly these groups; missing ones are made. Errors: `NoSuchPerson`, `InvalidPerson`."""
        return self._regroup(person_id, tuple(map(group_name, names)), record, only=True)

    def add_to_group(self, person_id: str, name: str, *, record: Recorder | None = None) -> Person:
        """Put a person in a group, made where it is missing. Errors: `NoSuchPerson`, `InvalidPerson`."""
        return self._regroup(person_id, (group_name(name),), record)

    def remove_from_group(self, person_id: str, name: str, *, record: Recorder | None = None) -> Person:
        """Take a person out of a group; fine where they are not in it. Errors: `NoSuchPerson`."""
        return self._regroup(person_id, (), record, leave=fold(name))

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
    ) -> Person:
        """Keep a new password's hash and end what the old one opened; `set_password` is the verb to call.

        `known`: the person as the caller proved them. Errors: `PersonChanged` where that is not how things are now.
        """
        with self._db.transaction() as tx:
            person = _locked(tx, person_id)
            if known is not None and (not person.enabled or person.password_changed_at != known.password_changed_at):
                raise PersonChanged
            self._replace(tx, person, password_hash)
            _tell(record, tx, "password:set", person, **detail)
            self._guarded(tx, person_id, guard)
            (ended or self._ended)(tx, person_id, "password changed")
            return _stored(tx, person_id)

    def drop_password(
        self, person_id: str, *, detail: Mapping[str, Any], record: Recorder | None = None, ended: Ended | None = None
    ) -> Person:
        """Take the password away and end everything: nobody signs in, by any way, until a new one is set (A3).

        Only ever restricts. Links for setting a password that are out already are void. Errors: `NoSuchPerson`.
        """
        with self._db.transaction() as tx:
            person = _locked(tx, person_id)
            self._replace(tx, person, None)
            _tell(record, tx, "person:secured", person, **detail)
            self._guarded(tx, person_id, "restrict")
            (ended or self._ended)(tx, person_id, "the person said that it was not them")
            return _stored(tx, person_id)

    def restrict(self, person_id: str) -> None:
        """Somebody else may have planted a way back in: it is worth nothing from now on. Errors: `NoSuchPerson`."""
        with self._db.transaction() as tx:
            _locked(tx, person_id)
            self._guarded(tx, person_id, "restrict")

    def rehash(self, credentials: Credentials, password_hash: str) -> bool:
        """Keep the same password under a new cost (P1); False where it has been changed meanwhile."""
        old, person_id = credentials.password_hash, credentials.person_id
        return self._db.run(store.REHASH, person_id=person_id, old_hash=old, password_hash=password_hash) == 1

    # -- below -----------------------------------------------------------------------------------------------------

    def _replace(self, tx: Transaction, person: Person, password_hash: str | None) -> None:
        """Another password, or none, at a moment that no earlier one was set at: links and proofs are told by it."""
        now = max(self._clock(), (person.password_changed_at or 0.0) + 0.001)
        before = tx.one(store.CREDENTIALS, person_id=person.id).password_hash
        if self._replaced is not None and before:
            self._replaced(tx, person.id, before, now)
        tx.run(store.SET_PASSWORD, person_id=person.id, password_hash=password_hash, password_changed_at=now)

    def _check_free(self, db: store.Reads, draft: Draft, person_id: str) -> None:
        problems = Problems()
        for key, kind in identifiers(draft).items():
            for spelling in dict.fromkeys((key, *spellings(key))):  # one address in two spellings is one address
                problems.of(_check_key, db, spelling, kind, str(getattr(draft, kind)), person_id)
        problems.check()

    @contextlib.contextmanager
    def _naming_duplicates(self, draft: Draft | None, person_id: str, changes: Changes | None = None) -> Iterator[None]:
        """Another process took a name between our look and our write: say which, as if we had seen it."""
        try:
            yield
        except Conflict:
            if draft is None:
                draft = cleaned(replace(_draft(self.get(person_id)), **(changes or {})))
            self._check_free(self._db, draft, person_id)
            raise

    def _regroup(
        self, person_id: str, names: tuple[str, ...], record: Recorder | None, *, only: bool = False, leave: str = ""
    ) -> Person:
        with self._db.transaction() as tx:
            before = _locked(tx, person_id)
            if only:
                tx.run(store.LEAVE_ALL, person_id=person_id)
            if leave and (group := tx.one(store.GROUP, key=leave)) is not None:
                tx.run(store.LEAVE, person_id=person_id, group_id=group.id)
            person = self._in_groups(tx, person_id, names)
            if person.groups != before.groups:
                added = sorted(set(person.groups) - set(before.groups))
                _tell(
                    record,
                    tx,
                    "person:groups",
                    person,
                    added=added,
                    removed=sorted(set(before.groups) - set(person.groups)),
                )
            return person

    def _in_groups(self, tx: Transaction, person_id: str, names: tuple[str, ...]) -> Person:
        """Join, then copy all memberships into the person's row: the hot path reads one row."""
        now = self._clock()
        for name in names:
            key = fold(name)
            if (group := tx.one(store.GROUP, key=key)) is None:
                tx.run(store.ADD_GROUP, id=new_id(now), name=name, key=key)
                group = tx.one(store.GROUP, key=key)
            tx.run(store.JOIN, group_id=group.id, person_id=person_id)
        after = to_json([row.name for row in tx.all(store.GROUP_NAMES, person_id=person_id)])
        tx.run(store.SET_GROUPS, person_id=person_id, groups=after, changed_at=now)
        return _stored(tx, person_id)


_WORDS = {"username": "username", "email": "e-mail address", "employee_number": "employee number"}


def _containing(folded: str) -> str:
    """A pattern for LIKE: the text anywhere."""
    escaped = folded.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


def _check_key(db: store.Reads, key: str, kind: str, value: str, person_id: str) -> None:
    holder = db.one(store.OWNER_OF_KEY, key=key)
    if holder is not None and holder.person_id != person_id:
        raise InvalidPerson(kind, f"“{value}” is already somebody's {_WORDS[holder.kind]}; use another one")


def _nothing_to_end(_tx: Transaction, _person_id: str, _why: str) -> None:
    """For programs without sessions and recovery: tests, imports."""


def _is_plain(person_id: str) -> bool:
    """Whether every database takes it as a parameter: PostgreSQL refuses NUL, drivers refuse lone surrogates."""
    return person_id.isascii() and person_id.isprintable()


def _locked(tx: Transaction, person_id: str) -> Person:
    person = store.find(tx, person_id, lock=True) if _is_plain(person_id) else None
    if person is None:
        raise NoSuchPerson(person_id)
    return person


def _stored(tx: Transaction, person_id: str) -> Person:
    return store.to_person(tx.one(store.BY_ID, person_id=person_id))


def _with_consequences(merge: Mapping[str, Any], before: Mapping[str, Any]) -> Mapping[str, Any]:
    """Core 1.0 §5.1: nobody has shown a new phone number to be theirs."""
    if merge.get("phone_number", before.get("phone_number")) == before.get("phone_number"):
        return merge
    return {"phone_number_verified": None, **merge}


def _draft(person: Person) -> Draft:
    return Draft(**{name: getattr(person, name) for name in Draft.__dataclass_fields__})


def _columns(draft: Draft) -> dict[str, Any]:
    return {
        "username": draft.username,
        "email": draft.email,
        "email_verified": int(draft.email_verified),
        "employee_number": draft.employee_number,
        "name": draft.name,
        "claims": to_json(draft.claims),
        "search": search_text(draft),
    }


def _ask_devices_again(tx: Transaction, person_id: str, before: Draft, after: Draft) -> None:
    """Codes that go to another number or address are another second step: no device is let off it (N7)."""

    def targets(draft: Draft) -> tuple[Any, ...]:
        claims = draft.claims
        return (fold(draft.email or ""), claims.get("phone_number"), claims.get("phone_number_verified") is True)

    if targets(before) != targets(after):
        from idp.accounts.factors import trusted_devices

        trusted_devices.forget_all(tx, person_id)


def _identify(tx: Transaction, person_id: str, draft: Draft) -> None:
    for key, kind in identifiers(draft).items():
        tx.run(store.IDENTIFY, key=key, person_id=person_id, kind=kind)


def _is_in_charge(person: Person) -> bool:
    return "owner" in person.roles and person.enabled and person.has_password


def _check_an_owner_stays(person: Person, owners: list[Any], field: str) -> None:
    others = (store.to_person(row) for row in owners if row.id != person.id)
    if _is_in_charge(person) and not any(map(_is_in_charge, others)):
        raise InvalidPerson(
            field, f"“{person.username}” is the last owner who can sign in; make somebody else an owner first"
        )


def _tell(record: Recorder | None, tx: Transaction, action: str, person: Person, **detail: Any) -> None:
    if record is not None:
        record(tx, action, {"person_id": person.id, **detail})
