"""accounts for the day when nothing else lets anybody in"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"


def upgrade() -> None:
    op.create_table(
        "break_glass",
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("made_at", sa.Double(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("secrets_at", sa.Double(), nullable=False),
        sa.Column("used_at", sa.Double(), nullable=True),
        sa.Column("looked_at", sa.Double(), nullable=False),
        sa.Column("seen", sa.Text(), nullable=False),
        sa.Column("alarm_at", sa.Double(), nullable=True),
        sa.Column("alarm_latest", sa.Double(), nullable=True),
        sa.Column("alarm_uses", sa.Integer(), nullable=False),
        sa.Column("alarm_failures", sa.Integer(), nullable=False),
        sa.Column("told_at", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("person_id"),
    )
