"""The evidence of an application, and what the rules say of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from clients.client import Client
from idp import readers
from idp.answers import products
from idp.answers.symptoms import keeping, store
from idp.answers.symptoms.evidence import WINDOW, Evidence, Key, Refusal, counts_of
from idp.answers.symptoms.rules import RULES
from idp.answers.symptoms.symptom import Symptom
from idp.audit import Event
from idp.audit.searching import Wanted, latest
from idp.protocols import Services
from idp.readers import Readers

_LOOKED_AT: Final = 300  # errors of one application
_CHANGES: Final = 20
_PAGE: Final = 500


def flush(services: Services) -> None:
    """What this process knows can be read."""
    keeping.flush(services)
    services.part(Readers).flush(services.db)


def of_application(services: Services, client: Client, keys: Iterable[Key] = ()) -> tuple[Symptom, ...]:
    """What its traffic looks like, what keeps people out first. `keys`: what is known of it and the keys that sign."""
    flush(services)
    return judge(evidence_of(services, client, keys))


def of_everybody(services: Services, until: float, clock: Any) -> Iterator[tuple[Client, tuple[Symptom, ...]]]:
    """Those that have any, in the order of their ids, until `clock()` is past that."""
    keeping.flush(services)
    after = ""
    while page := services.db.all(store.ACTIVE, since=services.clock() - WINDOW, after=after, many=_PAGE):
        for row in page:
            client = services.registry.find(row.client_id)
            found = judge(evidence_of(services, client, ())) if client is not None and client.enabled else ()
            if client is not None and found:
                yield client, found
            if clock() > until:
                return
        after = page[-1].client_id


def judge(evidence: Evidence) -> tuple[Symptom, ...]:
    """Every rule's say."""
    found = [one for rule in RULES for one in rule(evidence)]
    return tuple(sorted(found, key=lambda one: one.weight != "wrong"))


def evidence_of(services: Services, client: Client, keys: Iterable[Key]) -> Evidence:
    """A handful of reads."""
    now, tokens = services.clock(), services.settings.tokens
    return Evidence(
        client=client, now=now, counts=counts_of(services.db.all(store.OF_CLIENT, of=client.id)),
        refusals=tuple(_refusals(services, client, now - WINDOW)), places=readers.places_of(services.db, client.id),
        keys=tuple(keys), changes=tuple(_changes(services, client)), old_secret=_old_secret(services, client, now),
        access_life=client.oidc.access_token_lifetime or tokens.access_token, grace=tokens.refresh_grace,
        issuer=services.issuer, reads=products.names_read(products.of_client(client)),
    )  # fmt: skip


def _refusals(services: Services, client: Client, since: float) -> Iterator[Refusal]:
    for event in latest(services.db, Wanted(client_id=client.id, action="error:*", since=since), _LOOKED_AT):
        wrong = _wrong(event)
        code = event.action.removeprefix("error:")
        yield Refusal(
            str(wrong.get("code") or code), str(wrong.get("field") or code), event.error_id or event.id,
            int(event.detail.get("times") or 1), event.at, float(event.detail.get("last_at") or event.at),
            event.address, str(event.detail.get("what") or ""),
        )  # fmt: skip


def _wrong(event: Event) -> Mapping[str, Any]:
    found = event.detail.get("findings")
    kept = [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []
    return next((one for one in kept if one.get("weight") == "wrong"), {})


def _changes(services: Services, client: Client) -> Iterator[tuple[float, str]]:
    for event in latest(services.db, Wanted(client_id=client.id, action="client:*"), _CHANGES):
        if event.action not in ("client:refused", "client:previewed"):
            changed = ", ".join(sorted(event.detail.get("changed") or ()))
            yield event.at, f"{event.action.removeprefix('client:')} {changed}".strip()


def _old_secret(services: Services, client: Client, now: float) -> tuple[float, float] | None:
    """When the old secret was used last and when it ends, where a newer one is there and was never used."""
    valid = [one for one in services.registry.list_secrets(client.id) if one.is_valid(now)]
    newest = max(valid, key=lambda one: one.created_at, default=None)
    if newest is None or newest.last_used_at is not None:
        return None
    old = [one for one in valid if one is not newest and one.expires_at is not None and one.last_used_at is not None]
    ending = min(old, key=lambda one: one.expires_at or 0.0, default=None)
    return None if ending is None else (ending.last_used_at or 0.0, ending.expires_at or 0.0)
