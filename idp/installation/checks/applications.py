"""Checks of what people sign in with and to: passkeys, applications, service providers."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from idp.installation.checks.findings import Finding, Found

if TYPE_CHECKING:
    from idp.protocols import Services

PROBING = 5.0  # seconds for all applications' addresses together


def examine_passkeys(services: Services) -> Found:
    """WebAuthn ties a passkey to the host name that it was made under: after a change, who is left behind?"""
    from idp.accounts import factors
    from idp.accounts.factors import webauthn

    party = webauthn.relying_party(services.settings)
    if party is None:
        fix = "give server.issuer a host name with https (http://localhost is enough to try them)"
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


def examine_service_providers(services: Services) -> Found:
    """What keeps people from signing in by SAML, application by application."""
    from idp.saml.metadata.troubles import of_everybody

    troubled = many = 0
    for client, texts in of_everybody(services):
        many += 1
        troubled += bool(texts)
        for text in texts:
            yield Finding("saml", "warning", f"{client.name}: {text}", f"doorward client show {client.id}")
    if many and not troubled:
        yield Finding("saml", "ok", f"nothing stands in the way of {many} service provider{'s' if many > 1 else ''}")
