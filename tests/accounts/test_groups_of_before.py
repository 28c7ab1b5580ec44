"""Groups that a release before kept are carried over, and it goes on writing them while the new one is rolled out."""

from __future__ import annotations

from sqlalchemy import NullPool, create_engine, text

from idp import migrations
from idp.accounts import groups
from idp.accounts.directory import Directory
from idp.accounts.grouping import effective, nesting
from idp.accounts.person import Draft
from idp.db import Database

BEFORE = "0033"
_PERSON = (
    "INSERT INTO people (id, username, email_verified, name, claims, groups, roles, enabled, search, created_at, "
    "changed_at) VALUES (:id, :id, 0, :id, '{}', :names, '[]', 1, :id, 1, 1)"
)


def _as_before(url: str, *statements: tuple[str, dict[str, str]]) -> None:
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"), poolclass=NullPool)
    with engine.begin() as connection:
        for statement, values in statements:
            connection.execute(text(statement), values)


def _person(name: str, names: str) -> tuple[tuple[str, dict[str, str]], ...]:
    return (
        (_PERSON, {"id": name, "names": names}),
        ("INSERT INTO identifiers (key, person_id, kind) VALUES (:id, :id, 'username')", {"id": name}),
    )


def test_U1_groups_and_their_members_are_carried_over(database_url: str) -> None:
    migrations.upgrade(database_url, BEFORE)
    _as_before(
        database_url,
        ("INSERT INTO groups (id, name, key) VALUES ('g1', 'Sales', 'sales'), ('g2', 'Empty', 'empty')", {}),
        *_person("ann", '["Sales"]'),
        ("INSERT INTO memberships (group_id, person_id) VALUES ('g1', 'ann')", {}),
    )
    migrations.upgrade(database_url)
    db = Database(database_url)
    try:
        assert [(one.name, one.members, one.description, one.source, one.is_ours) for one in groups.list_of(db)] == [
            ("Empty", 0, "", "", True),
            ("Sales", 1, "", "", True),
        ]
        assert list(effective.drift(db)) == []
        empty = groups.find_by_id(db, "g2")
        sales = groups.find_by_id(db, "g1")
        assert empty is not None
        assert sales is not None
        nesting.put_in(db, sales, empty, 2.0, record=lambda *_: None)
        # A server of the release before, which still runs, puts somebody in, and takes the other group away.
        _as_before(
            database_url,
            *_person("ben", '["Sales"]'),
            ("INSERT INTO memberships (group_id, person_id) VALUES ('g1', 'ben')", {}),
        )
        assert list(effective.drift(db)) == ["ben"]
        assert effective.mend(db, 3.0) == 1
        _as_before(database_url, ("DELETE FROM groups WHERE id = 'g2'", {}))
        assert set(effective.drift(db)) == {"ann", "ben"}
        assert effective.mend(db, 4.0) == 2
        assert Directory(db).add(Draft(username="cy", groups=("sales",))).groups == ("Sales",)
    finally:
        db.close()
