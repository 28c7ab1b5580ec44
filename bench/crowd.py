"""A company that has been here for a month: people, sessions and refresh tokens, loaded straight into the tables.

Rows are those that the provider itself writes. Their ids are spread over the last 30 days, in the order of time, as
they would be; the people that the measurement takes are spread evenly over all of them.
"""

from __future__ import annotations

import io
import os
import random
import secrets
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from bench.provider import PASSWORD, App, Installation
from bench.stories import SCOPE, Person
from idp.accounts import store as accounts
from idp.accounts.person import new_person_id
from idp.ids import digest, new_id
from idp.login import store as logins
from idp.oidc import ledger
from idp.oidc.ledger import store as tokens

MONTH = 30 * 86400.0
SAMPLE = 2_000  # people that the measurement takes turns with
_CHUNK = 20_000  # rows on their way at once

Row = tuple[Any, ...]


@dataclass(frozen=True)
class _Member:
    """One of the crowd. `secret` is the secret part of everything they hold."""

    number: int
    person_id: str
    session_id: str
    family_id: str
    token_id: str
    since: float


def fill(installation: Installation, many: int, say: Callable[[str], None]) -> list[Person]:
    """Load `many` people, each with a session, a family with its refresh token, and an access token.

    Answers the sample of them, ready to be told stories about.
    """
    app = installation.apps["es256"]
    with installation.services() as services:
        now, password_hash = services.clock(), services.passwords.hash(PASSWORD)
        url = services.settings.database_url
    secret = secrets.token_urlsafe(32)  # one for all: what is measured is finding rows, not guessing secrets
    sampled = set(random.Random(1).sample(range(many), min(SAMPLE, many)))
    sample: list[_Member] = []
    with _loader(url) as load:
        for first in range(0, many, _CHUNK):
            members = [_member(n, now - MONTH + MONTH * n / many) for n in range(first, min(first + _CHUNK, many))]
            sample += [member for member in members if member.number in sampled]
            for table, columns, rows in _rows(members, app, now, digest(secret), password_hash):
                load(table, columns, rows)
            say(f"{first + len(members):,} of {many:,} people")
    random.Random(2).shuffle(sample)
    return [_person(member, app, secret) for member in sample]


def _member(number: int, since: float) -> _Member:
    session_id, family_id, token_id = (new_id(since + n / 1000) for n in range(3))
    return _Member(number, new_person_id(), session_id, family_id, token_id, since)


def _person(member: _Member, app: App, secret: str) -> Person:
    return Person(
        f"p{member.number}@example.com",
        app,
        session=f"Cookie: doorward_session={member.session_id}.{secret}\r\n".encode(),
        access_token=f"{ledger.ACCESS}{member.token_id}.{secret}".encode(),
        refresh_token=f"{ledger.REFRESH}{member.family_id}.{secret}".encode(),
    )


def _rows(
    members: Sequence[_Member], app: App, now: float, secret_hash: str, password_hash: str
) -> Iterator[tuple[str, list[str], list[Row]]]:
    until = now + MONTH
    made: dict[Any, Callable[[_Member], list[dict[str, Any]]]] = {
        accounts.people: lambda m: [
            {
                "id": m.person_id, "username": f"p{m.number}", "email": f"p{m.number}@example.com",
                "email_verified": 1, "name": f"Person {m.number}", "claims": "{}", "groups": '["sales"]',
                "roles": "[]", "enabled": 1, "password_hash": password_hash, "password_changed_at": m.since,
                "search": f"p{m.number} person {m.number} p{m.number}@example.com", "created_at": m.since,
                "changed_at": m.since,
            }
        ],
        accounts.identifiers: lambda m: [
            {"key": f"p{m.number}", "person_id": m.person_id, "kind": "username"},
            {"key": f"p{m.number}@example.com", "person_id": m.person_id, "kind": "email"},
        ],
        logins.sessions: lambda m: [
            {
                "id": m.session_id, "secret_hash": secret_hash, "person_id": m.person_id, "methods": "pwd",
                "created_at": m.since, "auth_time": m.since, "last_seen": now, "idle_seconds": int(MONTH),
                "expires_at": until, "address": "192.0.2.1", "browser": "Mozilla/5.0 (X11; Linux x86_64)",
            }
        ],
        tokens.families: lambda m: [
            {
                "id": m.family_id, "code_hash": secret_hash, "client_id": app.id, "person_id": m.person_id,
                "session_id": m.session_id, "scope": SCOPE, "resource": "[]", "claims": "{}", "auth_time": m.since,
                "methods": "pwd", "offline": 0, "created_at": m.since, "expires_at": until,
                "idle_seconds": int(2 * MONTH), "used_at": m.since, "refresh_hash": secret_hash, "generation": 0,
                "answered_scope": SCOPE, "answered_resource": "[]",
            }
        ],
        tokens.access_tokens: lambda m: [
            {
                "id": m.token_id, "hash": secret_hash, "family_id": m.family_id, "client_id": app.id,
                "scope": SCOPE, "resource": "[]", "created_at": m.since, "expires_at": until,
            }
        ],
    }  # fmt: skip
    for table, make in made.items():
        dictionaries = [row for member in members for row in make(member)]
        columns = list(dictionaries[0])
        yield table.name, columns, [tuple(row.values()) for row in dictionaries]


class _loader:  # noqa: N801  reads as a verb
    """The fast way into either database; what is loaded is committed and analysed at the end."""

    def __init__(self, url: str) -> None:
        self._is_sqlite = url.startswith("sqlite:///")
        if self._is_sqlite:
            self._connection: Any = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
            self._connection.execute("PRAGMA synchronous=OFF")
            self._connection.execute("PRAGMA cache_size=-262144")
        else:
            import psycopg

            self._connection = psycopg.connect(url, autocommit=True)

    def __enter__(self) -> Callable[[str, list[str], list[Row]], None]:
        return self._into_sqlite if self._is_sqlite else self._into_postgresql

    def _into_sqlite(self, table: str, columns: list[str], rows: list[Row]) -> None:
        marks = ",".join("?" * len(columns))
        self._connection.execute("BEGIN IMMEDIATE")
        self._connection.executemany(f"INSERT INTO {table} ({','.join(columns)}) VALUES ({marks})", rows)
        self._connection.execute("COMMIT")

    def _into_postgresql(self, table: str, columns: list[str], rows: list[Row]) -> None:
        with self._connection.cursor() as cursor, cursor.copy(f"COPY {table} ({','.join(columns)}) FROM STDIN") as copy:
            text = io.StringIO()
            for row in rows:
                text.write("\t".join(str(value) for value in row) + "\n")
            copy.write(text.getvalue())

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is not None:
            self._connection.close()
            return
        if self._is_sqlite:
            self._connection.execute("ANALYZE")
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        else:
            self._connection.execute("VACUUM ANALYZE")
            self._connection.execute("CHECKPOINT")
        self._connection.close()
        os.sync()
