"""What ends tokens: a whole family, a person's, a session's, or one access token alone; and the sweep behind them."""

from __future__ import annotations

import hmac
import json
from dataclasses import dataclass, replace
from typing import Any

from clients.client import Client
from idp.audit import Event, record
from idp.db import Transaction
from idp.oidc.ledger import store
from idp.oidc.ledger.devices import store as devices
from idp.oidc.ledger.grant import beside
from idp.protocols import Services
from idp.wire import Request


@dataclass(frozen=True, slots=True)
class Given:
    """What one authorization gave: the family's id, the application that has it, and whose it is."""

    family_id: str
    client_id: str
    person_id: str


def revoke_family(services: Services, request: Request, given: Given, why: str) -> bool:
    """Everything that one authorization gave is dead from here on; answers whether it lived."""
    now = services.clock()
    with services.db.transaction() as tx:
        done = tx.run(store.REVOKE, family_id=given.family_id, now=now, why=why) > 0
        if done:
            event = Event(
                "tokens:revoked", person_id=given.person_id, client_id=given.client_id, address=request.remote_address,
                request_id=request.id, detail={"family": given.family_id, "why": why},
            )  # fmt: skip
            record(tx, event, now)
    return done


def revoke_code(services: Services, request: Request, given: Given, why: str) -> None:
    """What a code gave is dead, and what went through the browser beside it: whoever has the one may have the other."""
    for family_id in (given.family_id, beside(given.family_id)):
        revoke_family(services, request, replace(given, family_id=family_id), why)


def revoke_person(tx: Transaction, person_id: str, now: float, why: str, *, keep_session: str = "") -> int:
    """Every family of a person but those of one session, in the caller's transaction; answers how many lived."""
    said = {"owner_id": person_id, "now": now, "why": why}
    if not keep_session:  # those too that no session is behind: their session_id is empty
        return tx.run(store.REVOKE_PERSON, **said)
    return tx.run(store.REVOKE_OTHERS, **said, except_session=keep_session)


def revoke_everything(tx: Transaction, now: float, why: str) -> int:
    """Every family of everybody and every opaque access token, in the caller's transaction; how many families lived."""
    tx.run(store.DELETE_EVERY_ACCESS)
    return tx.run(store.REVOKE_EVERY, now=now, why=why)


def count_live(services: Services, person_id: str) -> int:
    """How many families of a person are alive: what each application holds."""
    return int(services.db.one(store.COUNT_LIVE, owner_id=person_id, now=services.clock()).n)


def revoke_session(tx: Transaction, person_id: str, session_id: str, now: float, why: str) -> int:
    """Every family of one of a person's sessions, offline ones too; in the caller's transaction; how many lived."""
    return tx.run(store.REVOKE_SESSION, owner_id=person_id, of_session=session_id, now=now, why=why)


def revoke_access(
    services: Services, request: Request, token_id: str, client_id: str, expires_at: float, *, is_jwt: bool
) -> None:
    """One access token is dead from here on, and whatever was made of it (RFC 8693)."""
    now = services.clock()
    with services.db.transaction() as tx:
        if not is_jwt:
            tx.run(store.DELETE_ACCESS, token_id=token_id)
        tx.run(store.REVOKE_JTI, jti=token_id, expires_at=expires_at)
        record(tx, Event("token:revoked", actor=client_id, client_id=client_id, address=request.remote_address,
                         request_id=request.id, detail={"token": token_id}), now)  # fmt: skip


def revoke_reused_code(services: Services, request: Request, code_id: str, code_hash: str, client: Client) -> bool:
    """A code that is not in the state store any more: used before? Then what it gave is revoked (RFC 6749 §4.1.2)."""
    row = services.db.one(store.FAMILY, family_id=code_id, jti="")
    if row is not None and row.client_id == client.id and hmac.compare_digest(row.code_hash, code_hash):
        revoke_code(services, request, Given(code_id, client.id, row.person_id), "the code was used twice")
        return True
    return False


def holders(services: Services, client: Client) -> list[str]:
    """Whose grants of an application stand, a person once for each; so that a change can say what it ends."""
    rows = services.db.all(store.HOLDERS, of_client=client.id, now=services.clock(), since=client.tokens_after)
    return [row.person_id for row in rows]


def clients_of_session(services: Services, session_id: str, *, revoked: bool = False) -> list[str]:
    """The ids of the applications that this session signed somebody in to; `revoked`: also where that has ended."""
    statement = store.EVER_OF_SESSION if revoked else store.OF_SESSION
    return [row.client_id for row in services.db.all(statement, session_id=session_id)]


def granted(services: Services, session_id: str, client_id: str) -> tuple[frozenset[str], dict[str, Any]]:
    """What an application was granted in a session: scopes, and wishes of the claims parameter by claim."""
    scopes: set[str] = set()
    wishes: dict[str, Any] = {}
    for row in services.db.all(store.GRANTED, session_id=session_id, of_client=client_id):
        scopes.update(row.scope.split())
        for member in json.loads(row.claims or "{}").values():
            wishes |= member or {}
    return frozenset(scopes), wishes


def sweep(services: Services, many: int = 1000) -> int:
    """Delete at most `many` rows of each kind that ran out an hour ago or longer; answers how many."""
    before = services.clock() - 3600
    swept = (*store.SWEEPS, devices.SWEEP)
    return sum(services.db.run(statement, before=before, many=many) for statement in swept)
