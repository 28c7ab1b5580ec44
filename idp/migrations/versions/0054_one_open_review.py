"""one open review of an application or a group"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0054"
down_revision = "0035"

# Of several, the one that began first stays open: its reviewers were told first.
_STOP_LATER_ONES = """
UPDATE reviews SET state = 'stopped', ended_at = started_at
WHERE state = 'open' AND EXISTS (
    SELECT 1 FROM reviews AS earlier WHERE earlier.state = 'open' AND earlier.kind = reviews.kind
    AND earlier.about = reviews.about AND earlier.id < reviews.id
)
"""


def upgrade() -> None:
    op.execute(_STOP_LATER_ONES)
    is_open = sa.text("state = 'open'")
    op.create_index(
        "reviews_alone", "reviews", ["kind", "about"], unique=True, sqlite_where=is_open, postgresql_where=is_open
    )
