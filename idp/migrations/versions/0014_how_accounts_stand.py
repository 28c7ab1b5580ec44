"""how accounts stand: the last sign-in, pauses, and a list of people that is searched in one index"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"

#: What is known so far; the code of before this one writes neither table.
_KNOWN = """
INSERT INTO sign_ins (person_id, last_at)
SELECT person_id, MAX(at) FROM (
  SELECT person_id, at FROM events WHERE action = 'session:started'
  UNION ALL SELECT person_id, auth_time FROM sessions
) AS seen
WHERE person_id IN (SELECT id FROM people) GROUP BY person_id
"""


def upgrade() -> None:
    op.create_table(
        "sign_ins",
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("last_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("person_id"),
    )
    op.create_table(
        "pauses",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=True),
        sa.Column("until", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_index("pauses_person_id", "pauses", ["person_id"], unique=False)
    op.create_index("pauses_until", "pauses", ["until"], unique=False)
    op.execute("UPDATE people SET search = substr(search, 1, 640) WHERE length(search) > 640")
    op.create_index("people_search", "people", ["search", "id"], unique=False)
    op.execute("CREATE INDEX people_shut_out ON people (id) WHERE enabled = 0")
    op.execute(
        "CREATE INDEX people_to_reset ON people (id) WHERE password_hash IS NULL AND password_changed_at IS NOT NULL"
    )
    op.execute("CREATE INDEX people_invited ON people (id) WHERE password_hash IS NULL AND password_changed_at IS NULL")
    op.execute(_KNOWN)
