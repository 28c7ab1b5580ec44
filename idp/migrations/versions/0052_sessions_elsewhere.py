"""by which session at another provider a session here began"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0052"
down_revision = "0054"


def upgrade() -> None:
    op.create_table(
        "sessions_elsewhere",
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("provider_id", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("sid", sa.Text(), nullable=False),
        sa.Column("id_token", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("session_id", "provider_id"),
    )
    op.create_index("sessions_elsewhere_sid", "sessions_elsewhere", ["provider_id", "sid"], unique=False)
    op.create_index("sessions_elsewhere_subject", "sessions_elsewhere", ["provider_id", "subject"], unique=False)
