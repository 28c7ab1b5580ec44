"""the key of the device that a session is bound to"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0051"
down_revision = "0050"


def upgrade() -> None:
    op.add_column("sessions", sa.Column("bound_key", sa.Text(), nullable=True))
    op.add_column("sessions", sa.Column("bound_at", sa.Double(), nullable=True))
