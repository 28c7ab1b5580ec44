"""recovery contacts that wait, and undos that know who holds them

What is null in an undo was made by the release before: nobody knows who holds its link, so it is dead from now on.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("recovery_contacts", sa.Column("suspended_at", sa.Double(), nullable=True))
    op.add_column("recovery_undos", sa.Column("reach", sa.Text(), nullable=True))
    op.add_column("recovery_undos", sa.Column("after", sa.Text(), nullable=True))
