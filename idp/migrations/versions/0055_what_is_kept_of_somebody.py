"""indexes by which all that is kept of a person is found without reading a table"""

from __future__ import annotations

from alembic import op

from idp.migrations.locks import beside_others

revision = "0055"
down_revision = "0046"

_BY_PERSON = (
    "logout_tries_person_id ON logout_tries (person_id)",
    "provision_members_of_person ON provision_members (person_id)",
    "saml_sessions_person_id ON saml_sessions (person_id)",
)


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        # While others write. One that was broken off is there, as invalid: it goes first.
        with beside_others():
            for new in _BY_PERSON:
                op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {new.partition(' ')[0]}")
                op.execute(f"CREATE INDEX CONCURRENTLY {new}")
    else:
        for new in _BY_PERSON:
            op.execute(f"CREATE INDEX {new}")
