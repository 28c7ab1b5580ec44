"""secrets of sessions that turn, and where a session was used last"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0050"
down_revision = "0048"


def upgrade() -> None:
    for name, kind, default in (
        ("used_at", sa.Double(), None),
        ("seen_address", sa.Text(), ""),
        ("seen_browser", sa.Text(), ""),
        ("doubted_at", sa.Double(), None),
        ("doubted_address", sa.Text(), ""),
    ):
        op.add_column("sessions", sa.Column(name, kind, nullable=default is None, server_default=default))
