"""What was issued: families (everything that one authorization gave) and opaque access tokens."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    Column,
    Double,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    and_,
    bindparam,
    case,
    delete,
    func,
    insert,
    literal_column,
    null,
    or_,
    select,
    update,
)

from clients.store import CURRENT_VERSION
from idp.accounts.store import joined_person, people
from idp.db import Pair, sweep, upsert
from idp.login.store import SESSION_LIVES, consents, joined_session, sessions

metadata = MetaData()

families = Table(
    "families",
    metadata,
    Column("id", Text, primary_key=True),  # the authorization code's id: a second redemption collides here
    Column("code_hash", Text, nullable=False),
    Column("client_id", Text, nullable=False),
    Column("person_id", Text, nullable=False),
    Column("session_id", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("resource", Text, nullable=False),  # JSON array
    Column("claims", Text, nullable=False),  # the claims parameter, JSON
    Column("auth_time", Double, nullable=False),
    Column("methods", Text, nullable=False),
    Column("offline", Integer, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False),  # the absolute end; rotation does not move it
    Column("idle_seconds", Integer, nullable=False),
    Column("used_at", Double, nullable=False),
    Column("refresh_hash", Text),
    Column("previous_hash", Text),
    # What the latest refresh was answered with: within the grace it is answered again, word for word.
    Column("answered_scope", Text, nullable=False),
    Column("answered_resource", Text, nullable=False),
    Column("answered_cnf", Text, nullable=False, server_default=""),
    Column("answered_details", Text, nullable=False, server_default=""),
    Column("generation", Integer, nullable=False),
    Column("cnf", Text, nullable=False, server_default=""),  # of the refresh token (RFC 7800 §3.1), JSON, or empty
    Column("details", Text, nullable=False, server_default=""),  # authorization_details (RFC 9396), JSON, or empty
    Column("revoked_at", Double),
    Column("revoked_why", Text),
    Column(
        "used_from", Text
    ),  # the address of the latest use, to tell of two places; None: written by an older release
    Column("device_id", Text),  # whose apps share a sign-in (Native SSO 1.0)
    Column("browser", Text),  # the User-Agent at the sign-in, where this may outlive its session
)
Index("families_session_id", families.c.session_id)
Index("families_person_id", families.c.person_id, families.c.id)
Index("families_expires_at", families.c.expires_at)

access_tokens = Table(
    "access_tokens",
    metadata,
    Column("id", Text, primary_key=True),
    Column("hash", Text, nullable=False),
    Column("family_id", Text),  # none: client_credentials
    Column("client_id", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("resource", Text, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False),
    Column("cnf", Text, nullable=False, server_default=""),  # RFC 7800 §3.1, JSON, or empty
    Column(
        "exchanged", Text, nullable=False, server_default=""
    ),  # whose token it was made of (RFC 8693), JSON, or empty
    Column("details", Text, nullable=False, server_default=""),  # authorization_details (RFC 9396), JSON, or empty
)
Index("access_tokens_expires_at", access_tokens.c.expires_at)

revoked_tokens = Table(
    "revoked_tokens",  # JWT access tokens taken back one by one
    metadata,
    Column("jti", Text, primary_key=True),
    Column("expires_at", Double, nullable=False),
)
Index("revoked_tokens_expires_at", revoked_tokens.c.expires_at)

_f, _a, _p, _s, _c = families.c, access_tokens.c, joined_person, joined_session, consents.c
#: What the person let the application have whose token it is, where that is not the family's own (RFC 8693).
_own = consents.alias("own_consents")

_VERSION = CURRENT_VERSION.label("clients_version")
_PERSON = (
    _p.username, _p.email, _p.email_verified, _p.employee_number, _p.name, _p.claims.label("person_claims"),
    _p.groups, _p.roles, _p.enabled.label("person_enabled"), _p.changed_at,
)  # fmt: skip
_STANDING = (
    _s.ended_at.label("session_ended_at"),
    _s.expires_at.label("session_expires_at"),
    _c.revoked_before,
    _c.granted_at.label("consent_granted_at"),
    _VERSION,
)
_FAMILY = (
    _f.id.label("family_id"), _f.client_id, _f.person_id, _f.session_id, _f.scope.label("granted_scope"),
    _f.resource.label("granted_resource"), _f.claims, _f.auth_time, _f.methods, _f.offline,
    _f.created_at.label("family_created_at"), _f.expires_at.label("family_expires_at"), _f.idle_seconds, _f.used_at,
    _f.refresh_hash, _f.previous_hash, _f.generation, _f.answered_scope, _f.answered_resource, _f.answered_cnf,
    _f.revoked_at,
    _f.code_hash, _f.cnf.label("family_cnf"), _f.device_id, _f.details.label("granted_details"), _f.answered_details,
)  # fmt: skip


def circumstances(base: Any, person_id: Any, session_id: Any, client_id: Any) -> Any:
    """Of whom, in which session and with whose consent something was issued, joined to it."""
    return (
        base.outerjoin(people, _p.id == person_id)
        .outerjoin(sessions, _s.id == session_id)
        .outerjoin(consents, and_(_c.person_id == person_id, _c.client_id == client_id))
    )


FAMILY_STANDING = (*_FAMILY, *_PERSON, *_STANDING)  # what `families.why_dead` reads
_ID, _MOST = 26, 8  # characters of an id, and tokens that one may be made of, one after another


def _revoked_among(ids: Any, first: int) -> Any:
    """How many of some tokens were taken back: their ids stand in a text from there on, a blank between them."""
    places: list[Any] = [literal_column(str(first + n * (_ID + 1))) for n in range(_MOST)]
    each = [func.substr(ids, place, literal_column(str(_ID))) for place in places]
    return select(func.count()).select_from(revoked_tokens).where(revoked_tokens.c.jti.in_(each)).scalar_subquery()


#: Everything that a redemption looks at.
STANDING_OF_PERSON = (_p.id.label("person_id"), *_PERSON, *_STANDING)
#: The same in one read.
PERSON_STANDING = (
    select(*STANDING_OF_PERSON)
    .select_from(
        people.outerjoin(sessions, _s.id == bindparam("session_id")).outerjoin(
            consents, and_(_c.person_id == _p.id, _c.client_id == bindparam("client_id"))
        )
    )
    .where(_p.id == bindparam("person_id"))
    # On PostgreSQL a reset or a disable waits for the redemption, and then finds the family to revoke.
    .with_for_update(read=True, of=people)
)
#: The same for an ID token that comes back: whether anything stands that its sign-in gave its application, too.
SIGN_IN_STANDING = PERSON_STANDING.add_columns(
    select(func.count())
    .select_from(families)
    .where(
        _f.session_id == bindparam("session_id"),
        _f.person_id == bindparam("person_id"),
        _f.client_id == bindparam("client_id"),
        _f.revoked_at.is_(None),
    )
    .scalar_subquery()
    .label("grants")
)
#: Everything that userinfo and introspection look at, in one read: the token, its family, and all that may end it.
ACCESS = (
    select(
        _a.id.label("token_id"), _a.family_id.label("token_family_id"), _a.hash,
        _a.client_id.label("token_client_id"), _a.scope, _a.resource,
        _a.created_at, _a.expires_at, _a.cnf.label("token_cnf"), _a.details.label("token_details"),
        _a.exchanged, *_FAMILY, *_PERSON, *_STANDING,
        _own.c.revoked_before.label("own_revoked_before"),
        case((_a.exchanged != "", _revoked_among(_a.exchanged, len('{"of":"') + 1)), else_=0).label("revoked_of"),
    )
    .select_from(
        circumstances(
            access_tokens.outerjoin(families, _f.id == _a.family_id), _f.person_id, _f.session_id, _f.client_id
        ).outerjoin(
            _own, and_(_a.exchanged != "", _own.c.person_id == _f.person_id, _own.c.client_id == _a.client_id)
        )
    )
    .where(_a.id == bindparam("token_id"))
)  # fmt: skip
#: Everything that ends a JWT access token of a family, and what a refresh looks at, in one read.
FAMILY = (
    select(*_FAMILY, *_PERSON, *_STANDING, revoked_tokens.c.jti)
    .select_from(
        circumstances(families, _f.person_id, _f.session_id, _f.client_id).outerjoin(
            revoked_tokens, revoked_tokens.c.jti == bindparam("jti")
        )
    )
    .where(_f.id == bindparam("family_id"))
)
#: The same of a JWT that was made of another: what ends it at the application whose token it is, too.
FAMILY_OF_EXCHANGED = FAMILY.add_columns(
    select(_own.c.revoked_before)
    .where(_own.c.person_id == _f.person_id, _own.c.client_id == bindparam("token_client_id"))
    .scalar_subquery()
    .label("own_revoked_before"),
    _revoked_among(bindparam("made_of", type_=Text), 1).label("revoked_of"),
)
#: What a token that is made of another must stand on when it is made, beside what was read of that one.
CONSENT_OF = select(
    _VERSION,
    *(
        select(column).where(_c.person_id == bindparam("of_person"), _c.client_id == bindparam("of_client"))
        .scalar_subquery().label(name)
        for column, name in (
            (_c.revoked_before, "revoked_before"), (_c.granted_at, "consent_granted_at"), (_c.scopes, "agreed_scopes"),
        )
    ),
)  # fmt: skip
#: What ends a JWT of client_credentials: it has no family.
REVOKED = select(
    select(revoked_tokens.c.jti).where(revoked_tokens.c.jti == bindparam("jti")).scalar_subquery().label("jti"),
    _VERSION,
)

#: What became of a family, and of an access token, for whoever explains a refusal. Two reads, on no path of its own.
PAST = select(
    _f.id, _f.code_hash, _f.client_id, _f.person_id, _f.scope, _f.created_at, _f.expires_at, _f.idle_seconds,
    _f.used_at, _f.used_from, _f.refresh_hash, _f.previous_hash, _f.generation, _f.revoked_at, _f.revoked_why,
    _f.offline,
).where(_f.id == bindparam("family_id"))  # fmt: skip
PAST_ACCESS = select(_a.hash, _a.family_id, _a.client_id, _a.created_at, _a.expires_at).where(
    _a.id == bindparam("token_id")
)

INSERT_ACCESS = insert(access_tokens)
#: client_credentials: one statement that issues only while this process's view of the registry is the current one.
INSERT_ACCESS_GUARDED = insert(access_tokens).from_select(
    ["id", "hash", "family_id", "client_id", "scope", "resource", "created_at", "expires_at", "cnf", "details"],
    select(
        bindparam("id"), bindparam("hash"), null(), bindparam("client_id"), bindparam("scope"), bindparam("resource"),
        bindparam("created_at"), bindparam("expires_at"), bindparam("cnf"), bindparam("details"),
    ).where(literal_column("1") == literal_column("1"), _VERSION.element == bindparam("version")),
)  # fmt: skip
VERSION = select(_VERSION)
REGISTRY_VERSION = _VERSION.element  # in a condition


ISSUED = [column for column in _f if column.name not in ("previous_hash", "revoked_at", "revoked_why")]
#: One family per code id: the row count says whether this redemption was the first. It looks once more whether the
#: session stands: a reset that the lock waited for is newer than what was read before it.
INSERT_FAMILY = upsert(
    families, "id",
    source=(
        [column.name for column in ISSUED],
        select(*(bindparam(column.name, type_=column.type) for column in ISSUED)).where(SESSION_LIVES),
    ),
)  # fmt: skip
TOKEN = tuple(column.name for column in access_tokens.c)
#: Alone, and with the opaque access token that it gives.
FIRST = INSERT_FAMILY, Pair(INSERT_FAMILY, access_tokens, *TOKEN)
#: One that no session is behind.
INSERT_ALONE = insert(families).values({column.name: bindparam(column.name) for column in ISSUED})
ROTATE = (
    update(families)
    .where(_f.id == bindparam("family_id"), _f.refresh_hash == bindparam("presented"), _f.revoked_at.is_(None))
    .values(
        refresh_hash=bindparam("next_hash"),
        previous_hash=bindparam("presented"),
        answered_scope=bindparam("answered_scope"),
        answered_resource=bindparam("answered_resource"),
        answered_cnf=bindparam("answered_cnf"),
        answered_details=bindparam("answered_details"),
        cnf=bindparam("bound"),
        generation=_f.generation + 1,
        used_at=bindparam("now"),
        used_from=bindparam("address"),
    )
)
USED = (
    update(families)
    .where(_f.id == bindparam("family_id"), _f.revoked_at.is_(None))
    .values(used_at=bindparam("now"), used_from=bindparam("address"), cnf=bindparam("bound"))
)
ROTATION = ROTATE, Pair(ROTATE, access_tokens, *TOKEN)
USE = USED, Pair(USED, access_tokens, *TOKEN)
REVOKE = (
    update(families)
    .where(_f.id == bindparam("family_id"), _f.revoked_at.is_(None))
    .values(revoked_at=bindparam("now"), revoked_why=bindparam("why"))
)
REVOKE_PERSON = (
    update(families)
    .where(_f.person_id == bindparam("owner_id"), _f.revoked_at.is_(None))
    .values(revoked_at=bindparam("now"), revoked_why=bindparam("why"))
)
REVOKE_OTHERS = REVOKE_PERSON.where(_f.session_id != bindparam("except_session"))
REVOKE_EVERY = (
    update(families).where(_f.revoked_at.is_(None)).values(revoked_at=bindparam("now"), revoked_why=bindparam("why"))
)
DELETE_EVERY_ACCESS = delete(access_tokens)
COUNT_LIVE = (
    select(func.count().label("n"))
    .select_from(families)
    .where(_f.person_id == bindparam("owner_id"), _f.revoked_at.is_(None), _f.expires_at > bindparam("now"))
)
REVOKE_SESSION = (
    update(families)
    .where(_f.session_id == bindparam("of_session"), _f.person_id == bindparam("owner_id"), _f.revoked_at.is_(None))
    .values(revoked_at=bindparam("now"), revoked_why=bindparam("why"))
)
DELETE_ACCESS = delete(access_tokens).where(_a.id == bindparam("token_id"))
OF_SESSION = select(_f.client_id).where(_f.session_id == bindparam("session_id"), _f.revoked_at.is_(None)).distinct()
#: Whose grants of an application stand, as far as rows say: see `families.why_dead`.
HOLDERS = (
    select(_f.person_id)
    .select_from(families.outerjoin(sessions, _s.id == _f.session_id))
    .where(
        _f.client_id == bindparam("of_client"),
        _f.revoked_at.is_(None),
        _f.expires_at > bindparam("now"),
        _f.created_at > bindparam("since"),
        or_(_f.offline >= 1, and_(_s.ended_at.is_(None), _s.expires_at > bindparam("now"))),
    )
)
LAST_OF_SESSION = select(func.max(_f.created_at).label("at")).where(
    _f.session_id == bindparam("session_id"), _f.client_id == bindparam("of_client")
)
#: It looks through all families: for the sweep alone.
LAST_OF_CLIENT = select(
    func.max(_f.used_at).label("at"),
    func.max(case(
        (and_(_f.revoked_at.is_(None), _f.expires_at > bindparam("now"), _f.refresh_hash.is_not(None),
              _f.used_at + _f.idle_seconds > bindparam("now")), 1),
        else_=0,
    )).label("lives"),
).where(_f.client_id == bindparam("of_client"))  # fmt: skip
#: What an application was granted in a session, ended or not.
GRANTED = select(_f.scope, _f.claims).where(
    _f.session_id == bindparam("session_id"), _f.client_id == bindparam("of_client")
)
EVER_OF_SESSION = select(_f.client_id).where(_f.session_id == bindparam("session_id")).distinct()
REVOKE_JTI = upsert(revoked_tokens, "jti")  # take one JWT back

SWEEPS = tuple(sweep(column.table.c.expires_at, column) for column in (_a.id, _f.id, revoked_tokens.c.jti))
