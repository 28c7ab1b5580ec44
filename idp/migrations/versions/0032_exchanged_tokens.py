"""whose token an access token was made of"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"


def upgrade() -> None:
    op.add_column("access_tokens", sa.Column("exchanged", sa.Text(), nullable=False, server_default=""))
