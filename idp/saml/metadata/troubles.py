"""What keeps people from signing in to a service provider, or will: said when it is registered, shown and examined.

Each trouble is a sentence with the setting that helps. Nothing here changes or refuses anything.
"""

from __future__ import annotations

from collections.abc import Iterator

from clients.client import Client
from clients.service_provider import ServiceProvider
from idp.audit import Event, record
from idp.errors import SamlError
from idp.protocols import Services
from idp.saml import provider_keys
from idp.saml.assertions import attributes, name_ids
from idp.saml.messages.encryption import CannotEncrypt, choose
from idp.saml.messages.signing import DIGESTS
from idp.saml.metadata.lexical import DAY, day_of

SOON = 14 * DAY  # before metadata that was given by hand runs out


def find_troubles(services: Services, client: Client) -> list[str]:
    """Every one of them, the worst first; none where it is no service provider."""
    provider = client.saml
    if provider is None:
        return []
    return [
        *_ended(client.id, provider, services.clock()),
        *_encryption(services, provider),
        *_signatures(services, provider),
        *_name_ids(provider),
        *_attributes(provider),
    ]


def of_everybody(services: Services) -> Iterator[tuple[Client, list[str]]]:
    """Every service provider that is turned on, with its troubles."""
    after = None
    while page := services.registry.list(after, 1000):
        for entry in page:
            client = services.registry.find(entry.id) if entry.kind == "saml" and entry.enabled else None
            if client is not None:
                yield client, find_troubles(services, client)
        after = page[-1].key


def record_ended(services: Services) -> int:
    """An audit event for each service provider whose metadata ran out, again after a month; answers how many."""
    now, recorded = services.clock(), 0
    for client, _ in of_everybody(services):
        until = None if client.saml is None else client.saml.valid_until
        if until is None or until > now or not services.state.add(f"saml:ended:{client.id}:{until:.0f}", 1, 30 * DAY):
            continue
        detail = {"valid_until": day_of(until), "in_use": client.saml is not None and client.saml.is_current(now)}
        record(services.db, Event("saml:metadata-ended", "system", client_id=client.id, detail=detail), now)
        recorded += 1
    return recorded


def _ended(client_id: str, provider: ServiceProvider, now: float) -> Iterator[str]:
    """IIP-MD04, and what nobody refreshes."""
    until = provider.valid_until
    if until is None:
        return
    day, by_hand = day_of(until), f"give newer: doorward client refresh {client_id} --metadata FILE_OR_URL"
    if until <= now and provider.source is not None:
        yield f"its metadata ran out on {day} (validUntil), so nobody can sign in: see why its source has none newer"
    elif until <= now:
        yield f"its metadata ran out on {day} (validUntil) and is used all the same, for an admin gave it; {by_hand}"
    elif until <= now + SOON and provider.source is None:
        yield f"its metadata runs out on {day} (validUntil), and no address is known to read it from; {by_hand}"


def _encryption(services: Services, provider: ServiceProvider) -> Iterator[str]:
    try:
        provider_keys.recipient(services, provider)
        return
    except SamlError as error:
        reason = error.detail
    yield f"nobody can sign in: assertions cannot be encrypted for it ({reason}). {_way_out(services, provider)}"


def _way_out(services: Services, provider: ServiceProvider) -> str:
    better = "ask the application for metadata with AES-GCM and RSA-OAEP"
    for key, _, methods in provider_keys.encryption_keys(provider):
        try:
            choose(key, methods, allow_cbc=True, blocked=provider_keys.blocked(services))
        except CannotEncrypt:
            continue
        return f"Set allow_cbc=true to encrypt by AES-CBC, or encrypt=never to send them signed only; or {better}"
    return f"Set encrypt=never to send them signed only, or {better}"


def _signatures(services: Services, provider: ServiceProvider) -> Iterator[str]:
    if provider.want_assertions_signed and provider.sign == "response":
        yield "its metadata wants signed assertions (WantAssertionsSigned): set sign=both or sign=assertion"
    if provider.has_own_algorithms:
        return
    stopped = provider_keys.blocked(services)
    declared = [method.algorithm for method in provider.signing_methods]
    if declared and not any(one in provider_keys.OURS and one not in stopped for one in declared):
        text = ", ".join(one.rpartition("#")[2] for one in declared[:5])
        yield f"its metadata reads no signature that we make ({text}): set signature_algorithm to what it does read"
    if provider.digest_methods and not any(one in DIGESTS and one not in stopped for one in provider.digest_methods):
        text = ", ".join(one.rpartition("#")[2] for one in provider.digest_methods[:5])
        yield f"its metadata reads no digest that we make ({text}): set digest_algorithm to what it does read"


def _name_ids(provider: ServiceProvider) -> Iterator[str]:
    declared = provider.name_id_formats
    if provider.name_id_format is not None or not declared:
        return
    issued = [one for one in declared if one in name_ids.SUPPORTED]
    if not issued:
        listed = ", ".join(declared[:5])
        yield f"none of its NameIDFormats is issued here ({listed}): it gets unspecified; set name_id_format=email"
    elif all(one in name_ids.BY_ATTRIBUTE for one in issued):
        needed = ", ".join(name_ids.BY_ATTRIBUTE[one] for one in issued)
        yield f"its NameIDFormats need an attribute ({needed}): give it to people, or set name_id_format=email"


def _attributes(provider: ServiceProvider) -> Iterator[str]:
    service = provider.find_attribute_service()
    if provider.attributes != "default" or service is None:
        return
    unknown = [one for one in service.requested if not attributes.is_known(one)]
    needed, others = (
        ", ".join(one.name for one in unknown if one.required is required)[:300] for required in (True, False)
    )
    way = 'give it a source: --set \'attributes=+{"NAME": "SOURCE"}\''
    if needed:
        yield f"its metadata needs attributes that nobody has here under these names: {needed}; {way}"
    if others:
        yield f"its metadata asks for attributes that nobody has here under these names: {others}; {way}"
