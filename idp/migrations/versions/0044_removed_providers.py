"""providers that were removed can be brought back"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0044"
down_revision = "0052"


def upgrade() -> None:
    op.add_column("federation_providers", sa.Column("deleted_at", sa.Double(), nullable=True))
