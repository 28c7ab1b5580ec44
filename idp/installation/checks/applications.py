"""Checks of what people sign in with and to: passkeys, applications, service providers."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from idp.installation.checks.findings import Finding, Found

if TYPE_CHECKING:
    from clients.client import Client
    from idp.protocols import Services

PROBING = 5.0  # seconds for all applications' addresses together
NAMED = 3  # applications of so many that are named


def examine_passkeys(services: Services) -> Found:
    """WebAuthn ties a passkey to the host name that it was made under: after a change, who is left behind?"""
    from idp.accounts import factors
    from idp.accounts.factors import webauthn

    party = webauthn.relying_party(services.settings)
    if party is None:
        fix = "server.issuer: give it a host name with https (http://localhost is enough to try them)"
        yield Finding("passkeys", "warning", "there are none at an address without a host name", fix)
        return
    people: dict[str, set[str]] = {}
    counts: dict[str, int] = {}
    for enrolled in factors.of_kind(services.db, webauthn.KIND):
        domain = str(enrolled.data.get("rp_id"))
        people.setdefault(domain, set()).add(enrolled.person_id)
        counts[domain] = counts.get(domain, 0) + 1
    yield Finding("passkeys", "ok", f"{counts.pop(party.id, 0)} belong to {party.id}")
    for domain, count in sorted(counts.items()):
        text = f"{count} of {len(people[domain])} people belong to {domain}: they do not work at {party.id}"
        fix = (
            f"while {domain} still leads here, set passkeys.rp_id to it and name {party.origins[0]} in "
            "passkeys.related_origins; or ask these people to add new ones"
        )
        yield Finding("passkeys", "warning", text, fix)


def examine_applications(services: Services) -> Found:
    """Whether every address that we would call by ourselves can be called, and was when it mattered."""
    from idp import reach
    from idp.audit import since
    from idp.audit.told import UNDELIVERED

    until = time.monotonic() + PROBING
    clients = [services.registry.find(entry.id) for entry in services.registry.list(None, 1000)]
    found = [one for c in clients if c is not None for one in reach.find_unreachable(services, c, until)]
    for one in found:
        text = f"{one.name}: {one.setting} {one.url} cannot be called: {one.reason}"
        yield Finding("applications", "warning", text, one.explanation.fix)
    failed: dict[str, tuple[int, str]] = {}
    for event in since(services.db, UNDELIVERED, services.clock() - 86400):
        times = failed.get(event.client_id or "", (0, ""))[0] + int(event.detail.get("times", 1))
        failed[event.client_id or ""] = (times, event.error_id or "")
    for client_id, (times, error_id) in failed.items():
        client = services.registry.find(client_id)
        text = f"{client.name if client else client_id}: {times} sign-outs of the last day could not be told to it"
        yield Finding("applications", "warning", text, f"see `doorward explain {error_id}`")
    if not found and not failed:
        yield Finding("applications", "ok", "what is to be told to them can be")


def examine_registering(services: Services) -> Found:
    """Who makes an account themselves opens whatever everyone may open: is that meant?"""
    if not services.settings.self_registration.enabled:
        return
    named = [one.name for one in services.registry.every() if _is_open_to_everyone(one)]
    if not named:
        yield Finding("self_registration", "ok", "no application is open to everyone")
        return
    many = "1 application is" if len(named) == 1 else f"{len(named)} applications are"
    rest = " …" if len(named) > NAMED else ""
    text = f"{many} open to everyone, so to whoever makes an account themselves: {', '.join(named[:NAMED])}{rest}"
    fix = "where that is not meant, open them to groups only: `doorward client access APP --only --add-group NAME`"
    yield Finding("self_registration", "warning", text, fix)


def _is_open_to_everyone(client: Client) -> bool:
    return client.enabled and client.profile != "machine" and client.access.everyone


def examine_service_providers(services: Services) -> Found:
    """What keeps people from signing in by SAML, application by application."""
    from idp.saml.metadata.certificate_dates import find_doubts
    from idp.saml.metadata.troubles import of_everybody

    troubled = many = 0
    for client, texts in of_everybody(services):
        many += 1
        troubled += bool(texts)
        for text in texts:
            yield Finding("saml", "warning", f"{client.name}: {text}", f"doorward client show {client.id}")
        for text in find_doubts(services, client):
            yield Finding("saml", "warning", f"{client.name}: {text}", f"doorward client refresh {client.id}")
    if many and not troubled:
        yield Finding("saml", "ok", f"nothing stands in the way of {many} service provider{'s' if many > 1 else ''}")
