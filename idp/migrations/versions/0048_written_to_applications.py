"""people and groups that are written to applications, and who follows the directory"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0048"
down_revision = "0044"


def upgrade() -> None:
    op.create_table("directory_followers", sa.Column("id", sa.Text(), nullable=False), sa.PrimaryKeyConstraint("id"))
    op.create_table(
        "directory_changes",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("follower", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("directory_changes_follower", "directory_changes", ["follower", "id"], unique=False)
    op.create_table(
        "provision_targets",
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("said", sa.Text(), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("retry_at", sa.Double(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("forbidden", sa.Integer(), nullable=False),
        sa.Column("seen", sa.Text(), nullable=False),
        sa.Column("walk", sa.Text(), nullable=True),
        sa.Column("again", sa.Integer(), nullable=False),
        sa.Column("abilities", sa.Text(), nullable=False),
        sa.Column("due", sa.Double(), nullable=True),
        sa.Column("claimed_until", sa.Double(), nullable=True),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("changed_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("client_id"),
    )
    op.create_table(
        "provision_objects",
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("local_id", sa.Text(), nullable=False),
        sa.Column("remote_id", sa.Text(), nullable=False),
        sa.Column("sent", sa.Text(), nullable=False),
        sa.Column("attempted", sa.Integer(), nullable=False),
        sa.Column("made", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("due", sa.Double(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("request", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["provision_targets.client_id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("client_id", "kind", "local_id"),
    )
    op.create_index("provision_objects_due", "provision_objects", ["client_id", "kind", "due"], unique=False)
    op.create_index("provision_objects_local_id", "provision_objects", ["local_id"], unique=False)
    op.create_index("provision_objects_remote_id", "provision_objects", ["client_id", "remote_id"], unique=False)
    op.create_table(
        "provision_members",
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("group_id", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("remote_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["provision_targets.client_id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("client_id", "group_id", "person_id"),
    )
    op.create_index("provision_members_person_id", "provision_members", ["client_id", "person_id"], unique=False)
