"""how far a directory was read, and whom it turned off"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0046"
down_revision = "0051"


def upgrade() -> None:
    provider = "federation_providers.id"
    op.create_table(
        "federation_syncs",
        sa.Column("provider_id", sa.Text(), sa.ForeignKey(provider, ondelete="CASCADE"), primary_key=True),
        sa.Column("mark", sa.Text(), nullable=False),
        sa.Column("began_at", sa.Double(), nullable=False),
        sa.Column("report", sa.Text(), nullable=False),
    )
    op.create_table(
        "federation_turned_off",
        sa.Column("person_id", sa.Text(), primary_key=True),
        sa.Column("provider_id", sa.Text(), sa.ForeignKey(provider, ondelete="CASCADE"), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
    )
