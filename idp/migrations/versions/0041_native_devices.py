"""devices whose apps share a sign-in, and what the person sees of a grant that lasts"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0040"


def upgrade() -> None:
    op.create_table(
        "native_devices",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("previous_hash", sa.Text()),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("auth_time", sa.Double(), nullable=False),
        sa.Column("methods", sa.Text(), nullable=False),
        sa.Column("began_at", sa.Double(), nullable=False),
        sa.Column("used_at", sa.Double(), nullable=False),
        sa.Column("used_from", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.Column("revoked_at", sa.Double()),
        sa.Column("revoked_why", sa.Text()),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("native_devices_person_id", "native_devices", ["person_id"], unique=False)
    op.create_index("native_devices_expires_at", "native_devices", ["expires_at"], unique=False)
    op.add_column("families", sa.Column("device_id", sa.Text()))
    op.add_column("families", sa.Column("browser", sa.Text()))
