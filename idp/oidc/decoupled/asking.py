"""A person is asked for what an application began elsewhere (CIBA §8), and the application is told of their answer.

A job looks whether there is anybody to ask: the application learns nothing of it, not even by the time it takes.
"""

from __future__ import annotations

import json
from typing import Any, Final

from clients.access import decide
from clients.client import Client
from idp import mail, reach
from idp.audit import Event, record
from idp.audit.told import NOT_ANSWERED
from idp.http import OutboundFailed, OutboundRedirected, OutboundRefused
from idp.oidc.decoupled import pending, pushing
from idp.oidc.decoupled.pending import Pending
from idp.protocols import Services

ASK: Final = "oidc.ciba.ask"
NOTIFY: Final = "oidc.ciba.notify"
FIELD: Final = "backchannel_client_notification_endpoint"
PATH: Final = "/requests"
PUSH: Final = "push"
OPEN: Final = 3  # questions that wait for one person at once: nobody is worn down (ASVS 6.6.4)
AN_HOUR: Final = 10  # questions of one application to one person
OF_ALL: Final = 40  # of all applications together
RETRIES: Final = 6
BEFORE_RETRY: Final = 5.0  # seconds; a program waits
#: It does not take our token, which is the same at every try (RFC 9110 §15.5.2, §15.5.4); admins are told.
REFUSED: Final = (401, 403)


class NotTaken(Exception):
    """The application did not take our word, but answered with this status."""

    def __init__(self, status: int) -> None:
        super().__init__(f"it answered with status {status}")
        self.status = status


def register(services: Services) -> None:
    """Let the queue know how people are asked, and applications told."""
    services.jobs.register(ASK, lambda payload: ask(services, payload))
    services.jobs.register(NOTIFY, lambda payload: notify(services, payload), retries=RETRIES, retry_delay=BEFORE_RETRY)


def ask(services: Services, payload: dict[str, Any]) -> None:
    """Put the question to its person: on their page, and by mail. Nobody is asked who could not say yes."""
    asked = pending.find(services, payload["id"])
    if asked is None or pending.is_over(services, asked):
        return
    why = _why_not(services, asked)
    if not why and not _take_place(services, asked):
        why = "too many questions wait for this person, or came within the hour"
    with services.db.transaction() as tx:
        detail = {"scopes": asked.scope, "message": asked.message, **({"why": why} if why else {})}
        event = Event(
            "ciba:not_asked" if why else "ciba:asked", person_id=asked.person_id or None, client_id=asked.client_id,
            address=asked.address, detail=detail,
        )  # fmt: skip
        record(tx, event, services.clock())
        if not why:
            client = services.registry.get(asked.client_id)
            minutes = max(1, round((asked.expires_at - asked.asked_at) / 60))
            about = {"app": client.name, "link": services.url(PATH), "minutes": minutes, "note": asked.message}
            mail.tell(services, services.directory.get(asked.person_id), "asked_elsewhere", about, tx=tx)


def _why_not(services: Services, asked: Pending) -> str:
    client, person = services.registry.find(asked.client_id), services.directory.find(asked.person_id)
    if client is None or not client.enabled:
        return "the application is turned off"
    if person is None:
        return "nobody is meant by the hint"
    if not person.enabled:
        return "the person is disabled"
    return "" if decide(client, person.id, person.groups, services.clock()).allowed else "no access to the application"


def _take_place(services: Services, asked: Pending) -> bool:
    """One of the few places in a person's list: of any number of questions at once no more get one.

    An application has one at a time, and its own hour: it takes nothing from what the others may ask.
    """
    if services.state.count(f"ciba-hour:{asked.person_id}:{asked.client_id}", 3600) > AN_HOUR:
        return False
    if services.state.count(f"ciba-hour:{asked.person_id}", 3600) > OF_ALL:
        return False
    life = max(1.0, asked.expires_at - services.clock())
    if not services.state.add(_place_of(asked), asked.id, life):
        return False
    if any(services.state.add(_place(asked.person_id, n), asked.id, life) for n in range(OPEN)):
        return True
    services.state.take(_place_of(asked))
    return False


def waiting(services: Services, person_id: str) -> list[Pending]:
    """What waits for a person's answer, the oldest first."""
    ids = [services.state.get(_place(person_id, n)) for n in range(OPEN)]
    found = [pending.find(services, str(one)) for one in ids if one is not None]
    own = [
        one for one in found if one is not None and one.person_id == person_id and not pending.is_over(services, one)
    ]
    return sorted(own, key=lambda one: one.id)


def answered(services: Services, asked: Pending) -> None:
    """It waits no more; who wants to be told of it is."""
    if services.state.get(_place_of(asked)) == asked.id:
        services.state.take(_place_of(asked))
    for n in range(OPEN):
        if services.state.get(_place(asked.person_id, n)) == asked.id:
            services.state.take(_place(asked.person_id, n))
    if services.state.get(_notice(asked.id)) is not None:
        services.jobs.enqueue(NOTIFY, {"id": asked.id})


def keep_notice(services: Services, asked: Pending, token: str, auth_req_id: str) -> None:
    """What we show when we call (§10.2); jobs carry no secrets, so it waits in State, which is sealed."""
    life = asked.expires_at - services.clock() + pending.KEPT
    services.state.put(_notice(asked.id), {"token": token, "auth_req_id": auth_req_id}, life)


def notify(services: Services, payload: dict[str, Any]) -> None:
    """Ping (§10.2): "ask now"; push (§10.3): the tokens, or why there are none (§12).

    `over` in the payload: the request has ended, and is told of where nobody answered it.
    Errors: `NotTaken`, `OutboundRefused`, `OutboundFailed`, `Stale`.
    """
    asked, kept = pending.find(services, payload["id"]), services.state.get(_notice(payload["id"]))
    client = services.registry.find(asked.client_id) if asked is not None else None
    uri = str(client.metadata.get(FIELD) or "") if client is not None else ""
    if asked is None or client is None or kept is None or not uri:
        return
    if payload.get("over") and not (pending.is_over(services, asked) and pending.said(services, asked.id) is None):
        return  # the answer has a notice of its own
    told: dict[str, Any] = {"auth_req_id": kept["auth_req_id"]}
    is_push = client.metadata.get("backchannel_token_delivery_mode") == PUSH
    if is_push:
        told = pushing.body(services, client, asked, kept["auth_req_id"])
    try:
        is_taken = _tell(services, client, uri, kept["token"], told)
    except (NotTaken, OutboundFailed, OutboundRefused):
        if is_push and services.state.count(f"ciba-tries:{asked.id}", pending.KEPT) > RETRIES:
            pushing.give_up(services, asked)
        raise
    services.state.take(_notice(asked.id))
    end = pushing.forget if is_taken or not is_push else pushing.give_up
    end(services, asked)


def _tell(services: Services, client: Client, uri: str, token: str, told: dict[str, Any]) -> bool:
    """Call the application; that it did not take it stands among its errors, for admins. Answers whether it did.

    Errors: `NotTaken`, `OutboundRefused`, `OutboundFailed`, where another try may help.
    """
    body = json.dumps(told).encode()
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    try:
        fetched = reach.outbound(services, client.metadata).post(uri, body, headers)
        if fetched.status not in (200, 204):  # §10.2: 204, and 200 is taken as well
            raise NotTaken(fetched.status)
    except (NotTaken, OutboundFailed, OutboundRefused) as error:
        services.faults.undelivered(client.id, f"{uri}: {error}", reach.explain(uri, error, FIELD), NOT_ANSWERED)
        # CIBA §10.2: a redirect is not followed; the next try would be led elsewhere as well.
        if not isinstance(error, OutboundRedirected) and getattr(error, "status", 0) not in REFUSED:
            raise
        return False
    return True


def _place_of(asked: Pending) -> str:
    return f"ciba-place-of:{asked.person_id}:{asked.client_id}"


def _place(person_id: str, number: int) -> str:
    return f"ciba-place:{person_id}:{number}"


def _notice(pending_id: str) -> str:
    return f"ciba-notice:{pending_id}"
