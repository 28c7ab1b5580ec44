"""the key that whoever presents a token must prove to have"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"


def upgrade() -> None:
    for table in ("families", "access_tokens"):
        op.add_column(table, sa.Column("cnf", sa.Text(), nullable=False, server_default=""))
    op.add_column("families", sa.Column("answered_cnf", sa.Text(), nullable=False, server_default=""))
