"""the record's indexes by action and by application have each other's column, for counts and rare actions"""

from __future__ import annotations

from alembic import op

from idp.migrations.locks import beside_others

revision = "0023"
down_revision = "0022"

_BY_ACTION = "events_action_client ON events (action, id, client_id)"
_BY_CLIENT = "events_client_action ON events (client_id, id, action) WHERE client_id IS NOT NULL"
_OLD = ("events_action", "events_client_id")


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        # Of millions of events, while others write. One that was broken off is there, as invalid: it goes first.
        with beside_others():
            for new in (_BY_ACTION, _BY_CLIENT):
                op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {new.partition(' ')[0]}")
                op.execute(f"CREATE INDEX CONCURRENTLY {new}")
            for old in _OLD:
                op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {old}")
    else:
        for new in (_BY_ACTION, _BY_CLIENT):
            op.execute(f"CREATE INDEX {new}")
        for old in _OLD:
            op.execute(f"DROP INDEX {old}")
