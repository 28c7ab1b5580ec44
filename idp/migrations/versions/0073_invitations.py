"""when somebody was invited, by whom, until when, and who withdrew it"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0073"
down_revision = "0068"


def upgrade() -> None:
    op.create_table(
        "invitations",
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("sent_at", sa.Double(), nullable=True),
        sa.Column("sent_by", sa.Text(), nullable=False),
        sa.Column("way", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=True),
        sa.Column("withdrawn_at", sa.Double(), nullable=True),
        sa.Column("withdrawn_by", sa.Text(), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("person_id"),
    )
    op.create_index("invitations_expires_at", "invitations", ["expires_at"], unique=False)
    where = sa.text("withdrawn_at IS NOT NULL")
    op.create_index(
        "invitations_withdrawn", "invitations", ["person_id"], unique=False, sqlite_where=where, postgresql_where=where
    )  # fmt: skip
