"""The entity ID that a SAML message bears, against the one that is registered."""

from __future__ import annotations

from collections.abc import Iterator

from clients.client import Client
from idp.answers import metadata
from idp.answers.differences import differences
from idp.answers.finding import Finding
from idp.answers.findings import client_id
from idp.answers.near_entities import near
from idp.answers.seen import Nameless, Seen, shown_uri


def nameless(seen: Nameless) -> Iterator[Finding]:
    """Of a message of nobody who is registered: whose it was."""
    if seen.issuer and seen.services.registry.find_entity(seen.issuer) is None:
        removed = seen.services.registry.find_removed_entity(seen.issuer)
        if removed is not None:
            yield client_id.of_removed(removed, "Issuer", shown_uri(seen.issuer))


def look(seen: Seen) -> Iterator[Finding]:
    """Core §2.2.5: compared character by character."""
    provider, client = seen.client.saml, seen.client
    if provider is None:
        if seen.issuer:
            fix = (
                f"{client.name} is registered for OpenID Connect here, and asks by SAML: switch it to OpenID Connect, "
            )
            fix += "or register it by its SAML metadata: doorward client add saml --metadata FILE_OR_URL"
            yield Finding(
                "issuer", "application", "Issuer", fix, "an entity ID of SAML", shown_uri(seen.issuer), reader="app"
            )
        return
    if not client.enabled:
        fix = f"The application is turned off here. Turn it on: doorward client enable {client.id}"
        yield Finding("turned_off", "doorward", "enabled", fix, "on", "off")
    if not provider.is_current(seen.services.clock()):
        until = metadata.day(provider.valid_until or 0.0)
        fix = f"Its metadata ran out on {until} (validUntil). {metadata.age(seen.services, client)} See why its source "
        fix += f"has none newer; then read it again: {metadata.read_again(client)}"
        if client.saml is not None and client.saml.source is not None:
            fix += f" – or give newer by hand: doorward client refresh {client.id} --metadata FILE_OR_URL"
        yield Finding("metadata_expired", "application", "validUntil", fix, "a date ahead", until, reader="app")
    if seen.issuer and seen.issuer != provider.entity_id:
        yield Finding("issuer", "application", "Issuer", _fix(seen, client), provider.entity_id, shown_uri(seen.issuer))
        yield from _others(seen)


def _fix(seen: Seen, client: Client) -> str:
    provider = client.saml
    assert provider is not None
    if seen.issuer in provider.acs_locations:
        how = "The address where the application takes answers stands in the place of its entity ID"
    elif seen.issuer == client.name:
        how = "The name of the application stands in the place of its entity ID"
    elif seen.issuer == client.id:
        how = "The client id of the application stands in the place of its entity ID"
    else:
        told = "; ".join(differences(seen.issuer, provider.entity_id))
        how = f"{told[:1].upper()}{told[1:]}"
    return (
        f"{how}. Correct the entity ID in the application, or register it anew by its metadata: doorward client add "
        "saml --metadata FILE_OR_URL"
    )


def _others(seen: Seen) -> Iterator[Finding]:
    """Other applications that are nearly called so: for whoever may know of them all."""
    others = [one for one in near(seen.services, seen.issuer) if one.id != seen.client.id]
    named = "; ".join(f"{one.saml.entity_id} ({one.name})" for one in others if one.saml is not None)
    if named:
        fix = "These are registered as well and nearly called so: one of them may be meant."
        yield Finding("issuer_near", "application", "Issuer", fix, named, shown_uri(seen.issuer), "note", "house")
