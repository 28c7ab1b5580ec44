"""what a case is about

So that the same trouble, reported again, is found in the database. A case that was opened before is found without it,
as what it was about stood in State only: asked again about one application, it is a case of its own.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("cases", sa.Column("about", sa.Text(), server_default="", nullable=False))
