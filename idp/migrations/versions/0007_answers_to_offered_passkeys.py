"""answers to offered passkeys"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "passkey_offers",
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("waits_until", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("person_id"),
    )
