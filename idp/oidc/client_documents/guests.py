"""Clients that a document makes known and nobody has let in yet: in State, so that looking stores nothing for good."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from clients import client, rules, store
from clients.access import EVERYONE
from clients.client import Client
from clients.documents import hosts
from clients.documents.address import PREFIX
from clients.documents.address import read as read_address
from clients.errors import UnknownClient
from clients.ports import Record, Statements
from clients.registry import Draft
from clients.self_registered import kept
from clients.self_registered.policy import Policy
from clients.self_registered.standard import Wanted
from idp.db import Conflict
from idp.ids import digest
from idp.oidc.registration.registering import as_left, ensure_keys
from idp.protocols import Services

#: Seconds that a guest is known after its document was read: a sign-in takes no longer.
KEPT: Final = 7200.0
#: Readings of guests of one host in a day, after which each is kept for a moment alone, whatever its headers say:
#: a host that answers at any address fills State with nothing.
OF_A_HOST: Final = 1000
A_DAY, A_MOMENT = 86_400.0, 300.0
AGAIN: Final = 300.0  # seconds after which a process asks State again
MOST: Final = 10_000  # that a process remembers


@dataclass(frozen=True, slots=True)
class Guest:
    """`fresh_until`: epoch seconds up to which its document counts."""

    client: Client
    policy: Policy
    wanted: Wanted
    fresh_until: float


class Known:
    """What this process has seen of documents, by their address."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._fresh: dict[str, float] = {}

    def is_fresh(self, url: str, now: float) -> bool:
        """Whether the document counts without another look."""
        until = self._fresh.get(url, 0.0)
        return now < until <= now + AGAIN  # not where the clock was set back

    def put(self, url: str, now: float, until: float) -> None:
        """It counts until then; what an admin changes meanwhile is seen within `AGAIN`."""
        with self._lock:
            if len(self._fresh) >= MOST:
                self._fresh.pop(next(iter(self._fresh)))
            self._fresh[url] = min(until, now + AGAIN)

    def forget(self, host: str) -> None:
        """Look again at all documents of a host."""
        with self._lock:
            for url in [one for one in self._fresh if one.startswith(f"{PREFIX}{host}/")]:
                del self._fresh[url]


def check(services: Services, url: str, wanted: Wanted, policy: Policy) -> None:
    """See that a document may be a client's. Errors: `InvalidMetadata`, by the rules of the registry."""
    _built(services, url, _said(wanted, policy, 0.0))


def keep(services: Services, url: str, wanted: Wanted, policy: Policy, life: float) -> None:
    """Remember what a document said that was checked, as long as it counts."""
    now, many = services.clock(), _is_one_of_many(services, url)
    life = min(life, A_MOMENT) if many else life
    services.state.put(_key(url), _said(wanted, policy, now + life), A_MOMENT if many else max(life, KEPT))
    services.part(Known).put(url, now, now + life)


def _is_one_of_many(services: Services, url: str) -> bool:
    """Whether its host has had so many guests read that State is kept for others; never one that was let in."""
    if services.registry.find_registered(url) is not None:
        return False
    host = digest(read_address(url).host)
    return services.state.count(f"client-document-guests:{host}", A_DAY) > OF_A_HOST


def _said(wanted: Wanted, policy: Policy, until: float) -> dict[str, Any]:
    return {"profile": wanted.profile, "said": dict(wanted.said), "policy": policy.to_json(), "until": until}


def read(services: Services, url: str) -> Guest | None:
    """What its document said the last time; None: nobody has read it lately."""
    found = services.state.get(_key(url))
    return None if found is None else _built(services, url, found)


def find(services: Services, client_id: str) -> Client | None:
    """A client that is no row yet: for the registry, which asks for ids alone that are an address."""
    if services.settings.oauth.client_id_documents == "off":
        return None
    found = read(services, client_id)
    if found is None:
        return None
    # Whom an admin removed is kept out, for all that its document says.
    return replace(found.client, enabled=False) if _is_kept_out(services, client_id) else found.client


def _is_kept_out(services: Services, client_id: str) -> bool:
    """Whether an admin removed it, or turned it off before something else did."""
    removed = services.registry.find_removed(client_id)
    return removed is not None and not removed.enabled


def forget(services: Services, client_id: str) -> None:
    """Ask for its document again with the next request; in other processes within `AGAIN`."""
    services.state.take(_key(client_id))
    services.part(Known).put(client_id, services.clock(), 0.0)


def settle(services: Services, client_id: str, record: Record) -> None:
    """Register a guest, now that somebody lets it in. Errors: `UnknownClient`."""
    guest = read(services, client_id)
    host = hosts.find(services.db, read_address(client_id).host) if guest is not None else None
    if guest is None or host is None or host.state != hosts.ALLOWED or _is_kept_out(services, client_id):
        raise UnknownClient(client_id)
    if services.registry.find_removed(client_id) is not None:  # nobody used it for long: it comes back as it is now
        services.registry.restore(client_id, record=record)
        forget(services, client_id)
        return

    def noted(tx: Statements, action: str, detail: dict[str, Any]) -> None:
        said = as_left(guest.wanted.profile, {**detail["metadata"], "client_name": detail["name"]})
        kept.put(tx, client_id, token_id="", token_name="", policy=guest.policy, said=said, now=services.clock())
        record(tx, action, {**detail, "why": "somebody let it in; its document is at its client id"})

    metadata = {**guest.wanted.said, **guest.policy.settings}
    try:
        done = services.registry.register(
            Draft(document=client_id, profile=guest.wanted.profile, metadata=metadata), record=noted
        )  # fmt: skip
    except Conflict:  # somebody else let it in at the same moment
        services.registry.refresh()
        return
    ensure_keys(services, done.client)


def _built(services: Services, url: str, kept_: Mapping[str, Any]) -> Guest:
    policy, now = Policy.from_json(kept_["policy"]), services.clock()
    profile, said = str(kept_["profile"]), dict(kept_["said"])
    valid = rules.validate(profile, {**said, **policy.settings}, allow_loopback=services.registry.allow_loopback)
    name = valid.pop("client_name")
    row = store.Row(url, "oidc", name, profile, True, valid, EVERYONE, now, now, None)
    return Guest(client.build(row), policy, Wanted(profile, said), float(kept_["until"]))


def _key(url: str) -> str:
    return f"client-document:{digest(url)}"
