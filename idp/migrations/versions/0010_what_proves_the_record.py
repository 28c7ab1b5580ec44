"""what proves the record

An older release goes on writing events beside this one: its rows have no MAC and stand in segment 0, outside the chain.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

_INDEXES = {
    "events_session_id": (["session_id", "id"], "session_id IS NOT NULL"),
    "events_request_id": (["request_id"], "request_id <> ''"),
    "events_address": (["address", "id"], "address <> ''"),
    "events_actor": (["actor", "id"], "actor <> '' AND (person_id IS NULL OR actor <> person_id)"),
    "events_waiting": (["id"], "segment IS NULL"),
}


def upgrade() -> None:
    op.create_table(
        "audit_segments",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("first_id", sa.Text(), nullable=False),
        sa.Column("last_id", sa.Text(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("chain", sa.Text(), nullable=False),
        sa.Column("kept", sa.Integer(), nullable=False),
        sa.Column("kept_body", sa.Text(), nullable=False),
        sa.Column("marks", sa.Text(), nullable=False),
        sa.Column("since_id", sa.Text(), nullable=True),
        sa.Column("since_at", sa.Double(), nullable=True),
        sa.Column("sealed_at", sa.Double(), nullable=False),
        sa.Column("mac", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    # Constant defaults: neither database writes the rows anew.
    op.add_column("events", sa.Column("salt", sa.Text(), nullable=True))
    op.add_column("events", sa.Column("mac", sa.Text(), server_default="", nullable=False))
    op.add_column("events", sa.Column("blanked", sa.Text(), nullable=True))
    op.add_column("events", sa.Column("again", sa.Text(), nullable=True))
    op.add_column("events", sa.Column("again_mac", sa.Text(), server_default="", nullable=False))
    op.add_column("events", sa.Column("segment", sa.Integer(), server_default="0", nullable=True))
    op.create_index("events_action", "events", ["action", "id"], unique=False)
    for name, (columns, condition) in _INDEXES.items():
        where = sa.text(condition)
        op.create_index(name, "events", columns, unique=False, sqlite_where=where, postgresql_where=where)
