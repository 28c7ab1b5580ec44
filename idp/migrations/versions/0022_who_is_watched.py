"""which applications a live check watches, in the row that every process reads"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    op.add_column("clients_version", sa.Column("watched", sa.Text(), nullable=True))
