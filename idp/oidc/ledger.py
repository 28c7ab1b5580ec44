"""What was issued, and what of it still stands.

A family is everything that one authorization gave. It dies by one row: its own, its person's, its session's, its
consent's, or its client's. Refresh tokens form a chain in which each one yields the next under a key of ours, so a
lost response can be answered again with the very same token, and an old one can be told from a made-up one.
"""

from __future__ import annotations

import hmac
import json
from base64 import urlsafe_b64encode
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

from clients.access import decide
from clients.client import Client
from idp.audit import Event, record
from idp.errors import OAuthError, Stale
from idp.ids import base32, digest, new_id, new_secret, split
from idp.oidc import store
from idp.oidc.scopes import check_parted
from idp.services import Services
from idp.wire import Request

CODE, ACCESS, REFRESH = "dwc_", "dwa_", "dwr_"  # prefixes that a secret scanner can look for
_CHAIN = "refresh-chain"
#: Compact; ASCII, since no driver takes a lone surrogate. Made once: `json.dumps` makes an encoder per call.
_json = json.JSONEncoder(separators=(",", ":")).encode
MAX_CHAIN = 4096  # generations that a reused refresh token is followed


@dataclass(frozen=True, slots=True)
class Grant:
    """What a code stands for: who let whom have what, and how it was proven."""

    id: str
    code_hash: str
    client_id: str
    person_id: str
    session_id: str
    redirect_uri: str
    scope: str
    nonce: str
    challenge: str
    claims: dict[str, Any]
    resource: list[str]
    auth_time: float
    methods: str
    offline: bool
    issued_at: float

    def to_json(self) -> dict[str, Any]:
        """As it is kept in State."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Holder:
    """Whom a token speaks of, and how they were proven. `person` is a row with the person's attributes."""

    family_id: str
    person_id: str
    session_id: str
    auth_time: float
    methods: tuple[str, ...]
    claims: dict[str, Any]
    person: Any


@dataclass(frozen=True, slots=True)
class Issued:
    """One answer of the token endpoint, before it is written as JSON."""

    access_token: str
    token_id: str
    lifetime: int  # seconds from `issued_at`
    expires_in: int  # seconds from now: less, where an answer is given once more
    scope: str
    resource: list[str]
    refresh_token: str | None
    holder: Holder | None  # None for client_credentials
    issued_at: float


class CodeReused(Exception):
    """The code was redeemed before; its family is revoked by now."""


def why_dead(row: Any, client: Client | None, now: float, *, issued_at: float | None = None) -> str:
    """Why a family does not stand any more, or ''. Every refresh, userinfo and introspection asks here.

    `issued_at`: when the code was, where the family is only about to be made.
    """
    since = row.family_created_at if issued_at is None else issued_at
    if client is None or not client.enabled:
        return "the application is disabled or removed"
    if since <= client.tokens_after:
        return "the application was disabled after this was issued"
    if getattr(row, "revoked_at", None) is not None:
        return "the grant was revoked"
    if not row.person_enabled:
        return "the account is disabled or gone"
    if row.revoked_before is not None and since <= row.revoked_before:
        return "the person took the consent back"
    # offline_access that an admin took away holds for grants that are out already.
    offline = getattr(row, "offline", 0) and "offline_access" in client.scopes
    if not offline and (
        row.session_expires_at is None or row.session_ended_at is not None or now >= row.session_expires_at
    ):
        return "the session has ended"
    if not decide(client, row.person_id, tuple(json.loads(row.groups))).allowed:
        return "the person may not use this application any more"
    return ""


def redeem(
    services: Services, request: Request, client: Client, grant: Grant, *, refresh: bool, resource: list[str]
) -> Issued:
    """Turn a grant into tokens, once. Errors: `CodeReused`, `OAuthError` (invalid_grant), `Stale`."""
    now, secret = services.clock(), new_secret()
    settings = services.settings.tokens
    access = _new_access(client, services, now)
    absolute = (client.refresh_token_absolute or settings.refresh_absolute) if refresh else access.expires_in + 60
    access = _until(access, now, now + absolute)
    with services.db.transaction(durable=False) as tx:
        row = tx.one(store.PERSON_STANDING, person_id=grant.person_id, session_id=grant.session_id, client_id=client.id)
        _check_version(services, row)
        reason = why_dead(row, client, now, issued_at=grant.issued_at) if row is not None else "no such person"
        first = not reason and tx.run(
            store.INSERT_FAMILY,
            id=grant.id,
            code_hash=grant.code_hash,
            client_id=client.id,
            person_id=grant.person_id,
            session_id=grant.session_id,
            scope=grant.scope,
            resource=_json(grant.resource),
            claims=_json(grant.claims),
            auth_time=grant.auth_time,
            methods=grant.methods,
            offline=int(grant.offline),
            created_at=grant.issued_at,  # what is taken back or disabled while this is under way ends it, too
            expires_at=now + absolute,
            idle_seconds=client.refresh_token_idle or settings.refresh_idle,
            used_at=now,
            refresh_hash=digest(secret) if refresh else None,
            answered_scope="",
            answered_resource="[]",
            generation=0,
        )
        if first:
            _insert_access(tx, access, grant.id, client, grant.scope, resource, now)
    if not first:
        # A second use ends what the first one gave, also where the grant itself does not stand any more.
        revoke_family(services, request, grant.id, client.id, grant.person_id, reason or "the code was used twice")
        if reason:
            raise OAuthError("invalid_grant", "The grant does not stand any more.", detail=reason)
        raise CodeReused
    token = f"{REFRESH}{grant.id}.{secret}" if refresh else None
    holder = Holder(
        grant.id, grant.person_id, grant.session_id, grant.auth_time, tuple(grant.methods.split()), grant.claims, row
    )
    return Issued(
        access.value, access.id, access.expires_in, access.expires_in, grant.scope, resource, token, holder, now
    )


def issue_to_client(services: Services, client: Client, scope: str, resource: list[str]) -> Issued:
    """client_credentials: a token for the application itself. One statement. Errors: `Stale`."""
    now = services.clock()
    access = _new_access(client, services, now)
    if client.access_token_format == "jwt":
        if services.db.one(store.VERSION).clients_version != services.registry.version:
            raise Stale
    elif not services.db.run(
        store.INSERT_ACCESS_GUARDED,
        durable=False,
        id=access.id,
        hash=digest(access.secret),
        client_id=client.id,
        scope=scope,
        resource=_json(resource),
        created_at=now,
        expires_at=now + access.expires_in,
        version=services.registry.version,
    ):
        raise Stale
    return Issued(access.value, access.id, access.expires_in, access.expires_in, scope, resource, None, None, now)


# -- refresh ---------------------------------------------------------------------------------------------------------


def refresh(
    services: Services, request: Request, client: Client, token: str, scope: str | None, resource: list[str]
) -> Issued:
    """Use a refresh token: rotate it, or within the grace answer just as before. Errors: `OAuthError`, `Stale`."""
    presented = split(token, REFRESH)
    if presented is None:
        raise _invalid("not a refresh token of ours")
    family_id, secret = presented
    now = services.clock()
    with services.db.transaction() as tx:
        row = tx.one(store.FAMILY, family_id=family_id, jti="")
        if row is None or row.client_id != client.id or row.refresh_hash is None:
            raise _invalid("unknown, or of another application")
        _check_version(services, row)
        if reason := _why_refused(row, client, now):
            raise _invalid(reason)
        narrowed, narrowed_resource = _narrowed(row, client, scope), _narrowed_resource(row, client, resource)
        hashed = digest(secret)
        issued_at = now
        if hmac.compare_digest(hashed, row.refresh_hash):
            successor = _successor(services, family_id, secret) if client.refresh_token_rotation else secret
            won = (
                tx.run(
                    store.ROTATE,
                    family_id=family_id,
                    presented=hashed,
                    next_hash=digest(successor),
                    now=now,
                    answered_scope=narrowed,
                    answered_resource=_json(narrowed_resource),
                )
                if client.refresh_token_rotation
                else tx.run(store.USED, family_id=family_id, now=now)
            )
            if not won:  # PostgreSQL only: another process rotated between our read and our write
                row = tx.one(store.FAMILY, family_id=family_id, jti="")
                if reason := _why_refused(row, client, now):  # or it was revoked
                    raise _invalid(reason)
        else:
            won, successor = 0, ""
        if won:
            access = (
                _derived_access(client, services, family_id, secret, now)
                if client.refresh_token_rotation
                else _new_access(client, services, now)
            )
            access = _until(access, now, row.family_expires_at)
            _insert_access(tx, access, family_id, client, narrowed, narrowed_resource, now)
    if not won:
        successor, issued_at = _in_grace(services, request, client, row, secret, hashed, now)
        access = _until(
            _derived_access(client, services, family_id, secret, issued_at), issued_at, row.family_expires_at
        )
        narrowed, narrowed_resource = row.answered_scope, json.loads(row.answered_resource)
    return Issued(
        access.value, access.id, access.expires_in, max(1, int(access.expires_in - (now - issued_at))), narrowed,
        narrowed_resource, f"{REFRESH}{family_id}.{successor}", _holder(row), issued_at,
    )  # fmt: skip


def _holder(row: Any) -> Holder:
    return Holder(
        row.family_id,
        row.person_id,
        row.session_id,
        row.auth_time,
        tuple(row.methods.split()),
        json.loads(row.claims),
        row,
    )


def _in_grace(
    services: Services, request: Request, client: Client, row: Any, secret: str, hashed: str, now: float
) -> tuple[str, float]:
    """The same answer for a lost response or a second tab; past it, reuse revokes the family (RFC 9700 §4.14.2)."""
    previous = row.previous_hash or ""
    if hmac.compare_digest(hashed, previous) and now - row.used_at <= services.settings.tokens.refresh_grace:
        return _successor(services, row.family_id, secret), row.used_at
    if _is_ancestor(services, row, secret):
        revoke_family(
            services, request, row.family_id, client.id, row.person_id, "a rotated refresh token was used again"
        )
        raise _invalid("a rotated refresh token was used again; the family is revoked")
    raise _invalid("not a token of this family")


def _successor(services: Services, family_id: str, secret: str) -> str:
    key = services.sealer.mac_key(_CHAIN)
    mac = hmac.new(key, f"next:{family_id}:{secret}".encode(), sha256).digest()
    return urlsafe_b64encode(mac).rstrip(b"=").decode("ascii")


def _is_ancestor(services: Services, row: Any, secret: str) -> bool:
    for _ in range(min(row.generation, MAX_CHAIN)):
        secret = _successor(services, row.family_id, secret)
        if hmac.compare_digest(digest(secret), row.refresh_hash):
            return True
    return False


def _why_refused(row: Any, client: Client | None, now: float) -> str:
    if now >= row.family_expires_at:
        return "the refresh token has reached its absolute end"
    if now >= row.used_at + row.idle_seconds:
        return "the refresh token was not used for too long"
    return why_dead(row, client, now)


def _narrowed(row: Any, client: Client, scope: str | None) -> str:
    # What an admin took from the application since is gone from its grants as well.
    granted = [s for s in row.granted_scope.split() if s in client.scopes]
    if scope is None:
        return " ".join(granted)
    asked = scope.split()
    check_parted(scope, granted)
    if not set(asked) <= set(granted):  # RFC 6749 §6: never more than was granted
        raise OAuthError("invalid_scope", "A refresh cannot ask for more than was granted.")
    return " ".join(asked)


def _narrowed_resource(row: Any, client: Client, resource: list[str]) -> list[str]:
    granted = [uri for uri in json.loads(row.granted_resource) if uri in client.resources]
    if not set(resource) <= set(granted):  # RFC 8707 §2.2
        raise OAuthError("invalid_target", "A refresh cannot ask for a resource that was not granted.")
    return resource or granted


def _invalid(reason: str) -> OAuthError:
    return OAuthError("invalid_grant", "The refresh token is invalid, expired or revoked.", detail=reason)


# -- lookup and revocation -------------------------------------------------------------------------------------------


def find_access(services: Services, token: str) -> Any | None:
    """The row of a live opaque access token with its person, or None. One read. Errors: `Stale`."""
    presented = split(token, ACCESS)
    if presented is None:
        return None
    row = services.db.one(store.ACCESS, token_id=presented[0])
    if row is None or not hmac.compare_digest(row.hash, digest(presented[1])):
        return None
    _check_version(services, row)
    now = services.clock()
    client = services.registry.find(row.token_client_id)
    if now >= row.expires_at or client is None or not client.enabled or row.created_at <= client.tokens_after:
        return None
    # A family that is gone has died: its tokens are no tokens of the client itself.
    if row.token_family_id is not None and (row.family_id is None or why_dead(row, client, now)):
        return None
    return row


def find_family(services: Services, family_id: str, jti: str) -> Any | None:
    """The row of the live family of a JWT access token, or None. One read. Errors: `Stale`."""
    row = services.db.one(store.FAMILY, family_id=family_id, jti=jti)
    if row is None or row.jti is not None:
        return None
    _check_version(services, row)
    return None if why_dead(row, services.registry.find(row.client_id), services.clock()) else row


def is_revoked(services: Services, jti: str) -> bool:
    """Whether a JWT of client_credentials was taken back. Errors: `Stale`."""
    row = services.db.one(store.REVOKED, jti=jti)
    _check_version(services, row)
    return row.jti is not None


def find_refresh(services: Services, token: str) -> Any | None:
    """The row of a live, current refresh token, or None."""
    presented = split(token, REFRESH)
    row = services.db.one(store.FAMILY, family_id=presented[0], jti="") if presented else None
    if row is None or presented is None or row.refresh_hash is None:
        return None
    _check_version(services, row)
    if not hmac.compare_digest(row.refresh_hash, digest(presented[1])):
        return None
    return None if _why_refused(row, services.registry.find(row.client_id), services.clock()) else row


def find_genuine(services: Services, token: str) -> Any | None:
    """The family of a refresh token of ours, current or rotated, dead or alive; None for a made-up one."""
    presented = split(token, REFRESH)
    row = services.db.one(store.FAMILY, family_id=presented[0], jti="") if presented else None
    if row is None or presented is None or row.refresh_hash is None:
        return None
    current = hmac.compare_digest(row.refresh_hash, digest(presented[1]))
    return row if current or _is_ancestor(services, row, presented[1]) else None


def revoke_family(
    services: Services, request: Request, family_id: str, client_id: str, person_id: str, why: str
) -> bool:
    """Everything that one authorization gave is dead from here on; answers whether it lived."""
    now = services.clock()
    with services.db.transaction() as tx:
        done = tx.run(store.REVOKE, family_id=family_id, now=now, why=why) > 0
        if done:
            record(tx, Event("tokens:revoked", person_id=person_id, client_id=client_id, address=request.remote_address,
                             request_id=request.id, detail={"family": family_id, "why": why}), now)  # fmt: skip
    return done


def revoke_person(tx: Any, person_id: str, now: float, why: str, *, keep_session: str = "") -> int:
    """Every family of a person but those of one session, in the caller's transaction; answers how many lived."""
    return int(tx.run(store.REVOKE_PERSON, owner_id=person_id, now=now, why=why, except_session=keep_session))


def revoke_session(tx: Any, person_id: str, session_id: str, now: float, why: str) -> int:
    """Every family of one of a person's sessions, offline ones too; in the caller's transaction; how many lived."""
    return int(tx.run(store.REVOKE_SESSION, owner_id=person_id, of_session=session_id, now=now, why=why))


def revoke_access(
    services: Services, request: Request, token_id: str, client_id: str, jwt_expires_at: float | None = None
) -> None:
    """One access token is dead from here on."""
    now = services.clock()
    with services.db.transaction() as tx:
        if jwt_expires_at is None:
            tx.run(store.DELETE_ACCESS, token_id=token_id)
        else:
            tx.run(store.REVOKE_JTI, jti=token_id, expires_at=jwt_expires_at)
        record(tx, Event("token:revoked", actor=client_id, client_id=client_id, address=request.remote_address,
                         request_id=request.id, detail={"token": token_id}), now)  # fmt: skip


def revoke_reused_code(services: Services, request: Request, code_id: str, code_hash: str, client: Client) -> None:
    """A code that is not in the state store any more: used before? Then what it gave is revoked (RFC 6749 §4.1.2)."""
    row = services.db.one(store.FAMILY, family_id=code_id, jti="")
    if row is not None and row.client_id == client.id and hmac.compare_digest(row.code_hash, code_hash):
        revoke_family(services, request, code_id, client.id, row.person_id, "the code was used twice")


def clients_of_session(services: Services, session_id: str, *, revoked: bool = False) -> list[str]:
    """The ids of the applications that this session signed somebody in to; `revoked`: also where that has ended."""
    statement = store.EVER_OF_SESSION if revoked else store.OF_SESSION
    return [row.client_id for row in services.db.all(statement, session_id=session_id)]


def sweep(services: Services, many: int = 1000) -> int:
    """Delete at most `many` rows of each kind that ran out an hour ago or longer; answers how many."""
    before = services.clock() - 3600
    return sum(services.db.run(statement, before=before, many=many) for statement in store.SWEEPS)


# -- access tokens ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Access:
    id: str
    secret: str
    expires_in: int

    @property
    def value(self) -> str:
        return f"{ACCESS}{self.id}.{self.secret}"


def _new_access(client: Client, services: Services, now: float) -> _Access:
    return _Access(new_id(now), new_secret(), client.access_token_lifetime or services.settings.tokens.access_token)


def _derived_access(client: Client, services: Services, family_id: str, secret: str, now: float) -> _Access:
    """The access token that goes with one use of one refresh token: the same however often that use is answered."""
    key = services.sealer.mac_key(_CHAIN)
    mac = hmac.new(key, f"access:{family_id}:{secret}".encode(), sha256).digest()
    raw = int(now * 1000).to_bytes(6, "big") + hmac.digest(key, b"id" + mac, "sha256")[:10]
    return _Access(
        base32(raw),
        urlsafe_b64encode(mac).rstrip(b"=").decode("ascii"),
        client.access_token_lifetime or services.settings.tokens.access_token,
    )


def _until(access: _Access, now: float, end: float) -> _Access:
    """The absolute end of the grant is the end of its access tokens, too."""
    return replace(access, expires_in=max(1, min(access.expires_in, int(end - now))))


def _insert_access(
    tx: Any, access: _Access, family_id: str, client: Client, scope: str, resource: list[str], now: float
) -> None:
    if client.access_token_format == "jwt":
        return
    tx.run(
        store.INSERT_ACCESS,
        id=access.id,
        hash=digest(access.secret),
        family_id=family_id,
        client_id=client.id,
        scope=scope,
        resource=_json(resource),
        created_at=now,
        expires_at=now + access.expires_in,
    )


def _check_version(services: Services, row: Any) -> None:
    if row is not None and row.clients_version != services.registry.version:
        raise Stale
