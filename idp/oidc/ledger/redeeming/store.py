"""A redemption in one statement, on PostgreSQL: what it stands on, the family, its access token."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Text, and_, bindparam, func, insert, or_, select

from idp.accounts.store import joined_person, people
from idp.db import THEN, WRITES, Statement, upsert
from idp.login.store import consents, joined_session, sessions
from idp.oidc.ledger.store import ISSUED, REGISTRY_VERSION, STANDING_OF_PERSON, TOKEN, access_tokens, families

_p, _s, _c, _f = joined_person, joined_session, consents.c, families.c

#: The conditions of `families.why_dead` that SQL can say; its caller asks them all of the row that comes back.
#:
#: Both rows are locked, in this order, and looked at again once whoever held one has let go of it: a reset or a disable
#: that is under way is waited for, and what it left of the session counts (READ COMMITTED reads a row anew only where
#: it is locked). One that begins later waits for this, and finds the family to revoke.
_STANDS = (
    select(*STANDING_OF_PERSON)
    .select_from(
        people.join(sessions, _s.id == bindparam("session_id", type_=Text())).outerjoin(
            consents, and_(_c.person_id == _p.id, _c.client_id == bindparam("client_id", type_=Text()))
        )
    )
    .where(
        _p.id == bindparam("person_id", type_=Text()),
        _p.enabled == 1,
        _s.ended_at.is_(None),
        _s.expires_at > bindparam("used_at", type_=_f.used_at.type),
        or_(_c.revoked_before.is_(None), _c.revoked_before < bindparam("created_at", type_=_f.created_at.type)),
        bindparam("version") == REGISTRY_VERSION,
    )
    .with_for_update(read=True, of=(people, sessions))
    .cte("stands")
)
#: One family per code id: a second redemption adds none.
_FAMILY = upsert(
    families, "id", returning=(_f.id,),
    source=(
        [column.name for column in ISSUED],
        select(*(bindparam(column.name, type_=column.type) for column in ISSUED)).select_from(_STANDS),
    ),
)  # fmt: skip
_ACCESS = [bindparam(THEN + name, type_=access_tokens.c[name].type) for name in TOKEN]


def _redeemed(*, opaque: bool) -> Statement:
    """The row that it stands on, where there is a new family; else none."""

    def made(dialect: str) -> Any:
        family = _FAMILY(dialect).cte("family")
        found = select(*_STANDS.c).where(select(func.count()).select_from(family).scalar_subquery() == 1)
        if opaque:
            access = insert(access_tokens).from_select(list(TOKEN), select(*_ACCESS).select_from(family))
            found = found.add_cte(access.cte("access"))
        return found.execution_options(**{WRITES: True})

    return made


#: With an opaque access token; with a JWT, which stands for itself.
WITH_OPAQUE, WITH_JWT = _redeemed(opaque=True), _redeemed(opaque=False)
