"""accounts that are on until a moment"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    op.create_table(
        "planned_ends",
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("off_at", sa.Double(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("planned_at", sa.Double(), nullable=False),
        sa.Column("planned_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("person_id"),
    )
    op.create_index("planned_ends_off_at", "planned_ends", ["off_at"], unique=False)
