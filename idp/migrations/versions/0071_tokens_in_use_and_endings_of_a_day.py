"""which token of a directory is in use, and what ended in an application within a day, by the hour"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0071"
down_revision = "0058"


def upgrade() -> None:
    op.add_column("provisioners", sa.Column("used_at", sa.Double(), nullable=True))
    op.add_column("provisioners", sa.Column("earlier_used_at", sa.Double(), nullable=True))
    op.add_column("provision_targets", sa.Column("endings", sa.Text(), nullable=False, server_default="{}"))
