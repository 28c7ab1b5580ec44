"""directories that write here: turned off, and what was refused to each last"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0058"
down_revision = "0061"


def upgrade() -> None:
    op.add_column("provisioners", sa.Column("is_off", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("provisioners", sa.Column("faults", sa.Text(), nullable=False, server_default="[]"))
