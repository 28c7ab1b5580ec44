"""how many people an application may lose in a day, who is to end there, and how often it failed in a row"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0057"
down_revision = "0056"


def upgrade() -> None:
    op.add_column("provision_objects", sa.Column("ends", sa.Integer(), nullable=False, server_default="0"))
    op.create_index(
        "provision_objects_ends",
        "provision_objects",
        ["client_id", "kind", "local_id"],
        unique=False,
        sqlite_where=sa.text("ends = 1"),
        postgresql_where=sa.text("ends = 1"),
    )
    for name in ("ended", "braked", "let_end", "unwell"):
        op.add_column("provision_targets", sa.Column(name, sa.Integer(), nullable=False, server_default="0"))
    for name in ("ended_since", "let_until"):
        op.add_column("provision_targets", sa.Column(name, sa.Double(), nullable=False, server_default="0"))
