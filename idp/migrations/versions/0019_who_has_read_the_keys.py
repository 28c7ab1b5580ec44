"""who has read our keys, from where clients come, and who is signed for with an older key"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    op.create_table(
        "key_fetches",
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("reader", sa.Text(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("document", "reader"),
    )
    op.create_index("key_fetches_at", "key_fetches", ["at"], unique=False)
    op.create_table(
        "client_addresses",
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("client_id", "address"),
    )
    op.create_index("client_addresses_at", "client_addresses", ["at"], unique=False)
    op.create_table(
        "told_keys",
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("kid", sa.Text(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("client_id", "kid"),
    )
    op.create_table(
        "key_pins",
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("slot", sa.Text(), nullable=False),
        sa.Column("kid", sa.Text(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("holder", "slot"),
    )
