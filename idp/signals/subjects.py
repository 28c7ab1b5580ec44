"""Whom a receiver hears of: who has opened its application, and whom it has named itself (RFC 9493, SSF §8.1.3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from clients.access import decide
from clients.client import Client
from idp.accounts.own import uses
from idp.accounts.person import fold
from idp.db import Executor, Transaction
from idp.login import consent
from idp.oidc import claims
from idp.oidc.scopes import SIGNALS
from idp.protocols import Services
from idp.signals import store
from idp.signals.stream import Stream

MOST_NAMED: Final = 100_000  # people that one receiver has added or removed


def account(services: Services, client: Client, person_id: str) -> dict[str, Any]:
    """A person as this receiver knows them: by the `sub` of its ID tokens, its own where those are pairwise."""
    return {"format": "iss_sub", "iss": services.issuer, "sub": claims.subject(services, client, person_id)}


def session(services: Services, client: Client, person_id: str, session_id: str) -> dict[str, Any]:
    """One session of a person, by the `sid` of its ID tokens (SSF §3.2: a complex subject)."""
    about = {"format": "opaque", "id": claims.session(services, client, session_id)}
    return {"format": "complex", "user": account(services, client, person_id), "session": about}


def may_listen(client: Client) -> bool:
    """Whether an application may have security events now: one that is turned off, or lost the scopes, has none."""
    return client.enabled and not client.oidc.scopes.isdisjoint(SIGNALS)


def sees_addresses(client: Client) -> bool:
    """Whether addresses may be told to it at all."""
    return "email" in client.oidc.scopes


def sees_address_of(services: Services, client: Client, person_id: str) -> bool:
    """Whether this person's may: where people are asked for their consent, they have given it for the scope email."""
    if client.consent != "explicit":
        return sees_addresses(client)
    return sees_addresses(client) and "email" in consent.given(services, person_id).get(client.id, ())


def read(services: Services, client: Client, subject: Mapping[str, Any]) -> str | None:
    """The id of the person that a receiver means; None for nobody whom it may name. Errors: `ValueError`."""
    kind = subject.get("format")
    if kind == "complex":
        user = subject.get("user")
        if not isinstance(user, Mapping) or set(subject) - {"format", "user"}:
            raise ValueError("subject: of a complex one we know user alone")
        return read(services, client, user)
    if kind == "iss_sub":
        return _of_sub(services, client, subject)
    if kind == "email":
        return _of_address(services, client, subject)
    raise ValueError("subject: expected the format iss_sub, or email where the application may have the scope email")


def _of_sub(services: Services, client: Client, subject: Mapping[str, Any]) -> str | None:
    iss, sub = subject.get("iss"), subject.get("sub")
    if not isinstance(iss, str) or not isinstance(sub, str):
        raise ValueError("subject: iss_sub has iss and sub, both texts")
    if iss != services.issuer or not 0 < len(sub) <= 255:
        return None
    return _may(services, client, services.directory.find(claims.read_subject(services, client, sub)))


def _of_address(services: Services, client: Client, subject: Mapping[str, Any]) -> str | None:
    address = subject.get("email")
    if not isinstance(address, str):
        raise ValueError("subject: email is a text")
    if not sees_addresses(client) or not 0 < len(address) <= 254:
        return None
    found = services.directory.find_by_login(address)
    is_theirs = found is not None and found.email is not None and fold(found.email) == fold(address)
    return _may(services, client, found) if is_theirs else None


def _may(services: Services, client: Client, person: Any) -> str | None:
    """Nobody is named who could not open the application, now that it is asked: it learns of nobody by that."""
    if person is None:
        return None
    allowed = decide(client, person.id, person.groups, services.clock()).allowed
    return person.id if allowed or client.id in uses.clients_of(services.db, person.id) else None


def name(tx: Transaction, stream: Stream, person_id: str, *, wanted: bool) -> None:
    """The receiver wants to hear of somebody, or not any more. Errors: `TooManyNamed`."""
    known = tx.one(store.NAMED, of_stream=stream.id, of_person=person_id) is not None
    if not known and tx.one(store.NAMED_MANY, of_stream=stream.id).many >= MOST_NAMED:
        raise TooManyNamed
    tx.run(store.NAME, stream_id=stream.id, person_id=person_id, wanted=int(wanted))


def hears_of(db: Executor, stream: Stream, person_id: str, clients: frozenset[str]) -> bool:
    """Whether a stream tells of somebody. `clients`: the applications that they have opened."""
    named = db.one(store.NAMED, of_stream=stream.id, of_person=person_id)
    return bool(named.wanted) if named is not None else stream.client_id in clients


class TooManyNamed(Exception):
    """A receiver has named as many people as it may."""
