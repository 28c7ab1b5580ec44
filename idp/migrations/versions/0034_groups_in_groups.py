"""groups with a description, owners, who provides them, and groups in them"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"

#: Everything has a default and nothing is taken away: the release before goes on writing groups and memberships as it
#: did. It knows no groups in groups; whose names it writes without them is found and mended within the hour.
_NEW = {
    "groups": (
        sa.Column("description", sa.Text(), server_default="", nullable=False),
        sa.Column("source", sa.Text(), server_default="", nullable=False),
        sa.Column("added_only", sa.Integer(), server_default="0", nullable=False),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.Column("changed_at", sa.Double(), server_default="0", nullable=False),
    ),
    "memberships": (sa.Column("source", sa.Text(), server_default="", nullable=False),),
}
_PAIRS = {
    "group_nesting": (("group_id", "groups"), ("parent_id", "groups")),
    "group_above": (("group_id", "groups"), ("above_id", "groups")),
    "group_owners": (("group_id", "groups"), ("person_id", "people")),
}


def upgrade() -> None:
    for table, columns in _NEW.items():
        for column in columns:
            op.add_column(table, column)
    op.create_index("groups_source", "groups", ["source", "external_id"], unique=False)
    for table, pair in _PAIRS.items():
        op.create_table(
            table,
            *(sa.Column(name, sa.Text(), nullable=False) for name, _ in pair),
            *(sa.ForeignKeyConstraint([name], [f"{of}.id"], ondelete="CASCADE") for name, of in pair),
            sa.PrimaryKeyConstraint(*(name for name, _ in pair)),
        )
        second = pair[1][0]
        op.create_index(f"{table}_{second}", table, [second], unique=False)
