"""types of authorization details, and what was granted of them (RFC 9396)"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0041"


def upgrade() -> None:
    op.create_table(
        "details_types",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("schema", sa.Text(), nullable=False),
        sa.Column("sentences", sa.Text(), nullable=False),
        sa.Column("resources", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    for table in ("families", "access_tokens"):
        op.add_column(table, sa.Column("details", sa.Text(), nullable=False, server_default=""))
    op.add_column("families", sa.Column("answered_details", sa.Text(), nullable=False, server_default=""))
