"""who could open what, at any time"""

from __future__ import annotations

import time

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"

#: How things are now is known from now on. What an older release changes meanwhile is taken over within the hour.
_KNOWN = (
    "INSERT INTO client_past SELECT id, id, :now, NULL, name, enabled, access, 1, 0 FROM clients "
    "WHERE deleted_at IS NULL",
    "INSERT INTO person_past SELECT id, id, :now, NULL, username, enabled, 1, 0 FROM people",
    "INSERT INTO member_past SELECT m.group_id || m.person_id, m.person_id, g.name, :now, NULL, 1, 0 "
    "FROM memberships AS m JOIN groups AS g ON g.id = m.group_id",
)
_INDEXES = {
    "client_past": {"client_id": ["client_id", "since"], "until": ["until"]},
    "person_past": {"person_id": ["person_id", "since"], "username": ["username"], "until": ["until"]},
    "member_past": {"name": ["name", "person_id"], "person_id": ["person_id", "since"], "until": ["until"]},
}


def upgrade() -> None:
    _table("client_past", "client_id", _text("name"), _number("enabled"), _text("access"))
    _table("person_past", "person_id", _text("username"), _number("enabled"))
    _table("member_past", "person_id", _text("name"), before=True)
    now = time.time()
    for statement in _KNOWN:
        op.execute(sa.text(statement).bindparams(now=now))
    for table, indexes in _INDEXES.items():
        for name, columns in indexes.items():
            op.create_index(f"{table}_{name}", table, columns, unique=False)


def _table(name: str, of: str, *more: sa.Column[object], before: bool = False) -> None:
    time_of: tuple[sa.Column[object], ...] = (
        sa.Column("since", sa.Double(), nullable=False),
        sa.Column("until", sa.Double(), nullable=True),
    )
    op.create_table(
        name, _text("id"), _text(of), *((*more, *time_of) if before else (*time_of, *more)), _number("since_seen"),
        _number("until_seen"), sa.PrimaryKeyConstraint("id"),
    )  # fmt: skip


def _text(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.Text(), nullable=False)


def _number(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.Integer(), nullable=False)
