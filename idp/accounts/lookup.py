"""Look people up: by id, by what they sign in with, by what somebody types who looks for them."""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches

from idp.accounts import known_claims, store
from idp.accounts.known_claims import Counts
from idp.accounts.person import MAX_LOGIN, Credentials, NoSuchPerson, Person, fold, is_person_id, spellings
from idp.db import Database

#: The id of whom an application knows by a name of its own; '' where it is none.
KnownAs = Callable[[str], str]


class Lookup:
    """Everybody there is, to be read. `Directory` is this, and changes them."""

    _db: Database
    _known_as: KnownAs = staticmethod(lambda _: "")

    def find(self, person_id: str) -> Person | None:
        """The person with this id, or None."""
        return store.find(self._db, person_id) if is_plain(person_id) else None

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

    def find_named(self, text: str) -> Person | None:
        """Whom somebody means: by their id, by anything that they sign in with, or by the name of one sector.

        What has the shape of an id is one, whatever somebody else is called: applications and records have ids.
        """
        text = self._known_as(text) or text
        by_id = self.find(text) if is_person_id(text) else None
        return by_id or self.find_by_login(text)

    def find_for_password(self, text: str) -> tuple[Person, Credentials] | None:
        """Who signs in with this text, and the hash to verify against; one statement, for whatever name (L7)."""
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
        return known_claims.names(self._db)

    def claim_counts(self) -> Counts:
        """How many people have each further claim; of very many people about."""
        return known_claims.counts(self._db)

    def claim_count(self, name: str) -> int:
        """How many people have a further claim, exactly."""
        return known_claims.count_of(self._db, name)

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
        return any(is_in_charge(person) for person in self.owners())


def is_plain(person_id: str) -> bool:
    """Whether every database takes it as a parameter: PostgreSQL refuses NUL, drivers refuse lone surrogates."""
    return person_id.isascii() and person_id.isprintable()


def is_in_charge(person: Person) -> bool:
    """Whether somebody is an owner who can sign in."""
    return "owner" in person.roles and person.enabled and person.has_password


def _containing(folded: str) -> str:
    """A pattern for LIKE: the text anywhere."""
    escaped = folded.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"
