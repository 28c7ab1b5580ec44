"""Two open reviews of one thing, which a release before let be: the one that began first stays open."""

from __future__ import annotations

import pytest
from sqlalchemy import NullPool, create_engine, text
from sqlalchemy.exc import IntegrityError

from idp import migrations
from idp.accounts import reviews
from idp.db import Database

_REVIEW = (
    "INSERT INTO reviews (id, kind, about, name, reviewers, unconfirmed, months, state, started_by, started_at, "
    "due_at, total, told, counts, settled_by, note) "
    "VALUES (:id, 'group', :about, 'Sales', '[]', 'report', 0, :state, 'cli:test', 5, 9, 0, 0, '{}', '', '')"
)


def test_U6_of_two_open_reviews_the_later_is_stopped(database_url: str) -> None:
    migrations.upgrade(database_url, "0035")
    engine = create_engine(database_url.replace("postgresql://", "postgresql+psycopg://"), poolclass=NullPool)
    rows = [("r1", "g1", "open"), ("r2", "g1", "open"), ("r3", "g2", "open"), ("r4", "g1", "planned")]
    with engine.begin() as connection:
        for id, about, state in rows:
            connection.execute(text(_REVIEW), {"id": id, "about": about, "state": state})
    migrations.upgrade(database_url)
    db = Database(database_url)
    try:
        assert [one.id for one in reviews.in_state(db, "open")] == ["r1", "r3"]
        assert [(one.id, one.ended_at) for one in reviews.in_state(db, "stopped")] == [("r2", 5)]
        planned = reviews.in_state(db, "planned")
        assert [one.id for one in planned] == ["r4"]
    finally:
        db.close()
    with pytest.raises(IntegrityError), engine.begin() as connection:
        connection.execute(text(_REVIEW), {"id": "r5", "about": "g1", "state": "open"})
