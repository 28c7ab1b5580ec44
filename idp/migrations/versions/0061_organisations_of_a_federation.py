"""the organisations of a federation that people may come from"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0061"
down_revision = "0059"


def upgrade() -> None:
    op.create_table(
        "federation_members",
        sa.Column("provider_id", sa.Text(), nullable=False),
        sa.Column("entity_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("seen_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["provider_id"], ["federation_providers.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("provider_id", "entity_id"),
    )
    op.create_index("federation_members_name", "federation_members", ["provider_id", "name"])
