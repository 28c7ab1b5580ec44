"""where a grant was used

Empty for what an older release writes: then only the later of two addresses is known.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"


def upgrade() -> None:
    op.add_column("families", sa.Column("used_from", sa.Text(), nullable=True))
