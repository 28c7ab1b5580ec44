"""events of an application, by an index"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    of_an_app = sa.text("client_id IS NOT NULL")
    op.create_index(
        "events_client_id", "events", ["client_id", "id"], unique=False, sqlite_where=of_an_app,
        postgresql_where=of_an_app,
    )  # fmt: skip
