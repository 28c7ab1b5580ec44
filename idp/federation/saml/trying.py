"""All of a SAML provider that can be tried without a person: I11."""

from __future__ import annotations

from base64 import b64decode

from cryptography import x509

from idp.errors import Refused
from idp.federation.ports import Found, Question
from idp.federation.saml import asking, believing, metadata, ours
from idp.federation.saml.entity import Entity
from idp.protocols import Services
from idp.saml.metadata.lexical import day_of

SOON = 14 * 86400.0  # seconds


def test(services: Services, question: Question) -> tuple[Found, ...]:
    """Metadata and its end, the keys, the addresses. Whether it has read our metadata takes a person to see."""
    provider = question.provider
    try:
        entity = metadata.of(services, provider, renewed=True)
    except Refused as error:
        return (Found("metadata", False, f"{error.explanation.fix} ({error.explanation.got or error.detail})"),)
    seen = [Found(f"metadata: {entity.entity_id}", True), *_until(services, entity)]
    seen.append(Found(f"signing certificates: {len(believing.keys_of(entity))} {_names(entity)}", True))
    try:
        asking.send(services, question, entity)
        seen.append(Found(f"request: signed, to {', '.join(sorted(set(entity.sso.values())))}", True))
    except Refused as error:
        seen.append(Found("request", False, error.explanation.got or error.detail or error.explanation.fix))
    return (*seen, Found(f"our metadata, to register there: {ours.metadata_url(services, provider.id)}", True))


def _until(services: Services, entity: Entity) -> tuple[Found, ...]:
    if entity.until is None:
        return ()
    is_soon = entity.until - services.clock() < SOON
    fix = "Give newer metadata, or let the provider publish some: nobody signs in by it after that." if is_soon else ""
    return (Found(f"its metadata holds until {day_of(entity.until)}", not is_soon, fix),)


def _names(entity: Entity) -> str:
    loaded = [x509.load_der_x509_certificate(b64decode(one)) for one in entity.certificates]
    return "(" + ", ".join(one.subject.rfc4514_string()[:60] or "without a name" for one in loaded) + ")"
