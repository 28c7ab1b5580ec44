"""where a session was used by the other version of IP, by which browser an old secret came, when a sign-in was said"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0056"
down_revision = "0055"


def upgrade() -> None:
    for name in ("seen_beside", "doubted_browser"):
        op.add_column("sessions", sa.Column(name, sa.Text(), nullable=False, server_default=""))
    op.add_column("sessions_elsewhere", sa.Column("said_at", sa.Double(), nullable=False, server_default="0"))
