"""sign-ins counted by application in one index: the record's index by action has the application, too"""

from __future__ import annotations

from alembic import op

revision = "0023"
down_revision = "0022"

_NEW, _OLD = "events_action_client", "events_action"


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        # Of millions of events, while others write. One that was broken off is there, as invalid: it goes first.
        with op.get_context().autocommit_block():
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {_NEW}")
            op.execute(f"CREATE INDEX CONCURRENTLY {_NEW} ON events (action, id, client_id)")
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {_OLD}")
    else:
        op.create_index(_NEW, "events", ["action", "id", "client_id"], unique=False)
        op.drop_index(_OLD, "events")
