"""A Response that was posted: opened under the provider's keys, which are read again once where none of them fits."""

from __future__ import annotations

from idp.federation.provider import Provider
from idp.federation.saml import metadata, refusals
from idp.federation.saml.entity import Entity
from idp.federation.saml.opening import Opened, open_response
from idp.protocols import Services
from idp.saml.messages.bindings import BadMessage
from idp.saml.messages.decryption import CannotDecrypt
from idp.saml.messages.public_keys import PublicKey, public_key
from idp.saml.messages.signature_gate import SECURE, BadSignature
from idp.saml.messages.xml import BadXml


def open_for(services: Services, provider: Provider, document: bytes) -> Opened:
    """What may be read of it. Errors: `Refused`."""
    entity = metadata.of(services, provider)
    try:
        return _opened(services, entity, document)
    except BadSignature as error:
        renewed = metadata.of(services, provider, renewed=True)
        if renewed.certificates == entity.certificates:
            raise refusals.signature(provider, error.reason) from None
    except (BadMessage, BadXml) as error:
        raise refusals.unreadable(provider, error.reason) from None
    except CannotDecrypt:
        raise refusals.encryption(provider) from None
    try:
        return _opened(services, renewed, document)
    except (BadSignature, BadMessage, BadXml, CannotDecrypt) as error:
        raise refusals.signature(provider, str(error)) from None


def keys_of(entity: Entity) -> tuple[PublicKey, ...]:
    """Each key that it may sign with: those of a kind that we do not use were left out when it was read."""
    return tuple(map(public_key, entity.certificates))


def _opened(services: Services, entity: Entity, document: bytes) -> Opened:
    allowed = SECURE.without(frozenset(services.settings.saml.blocked_algorithms))
    return open_response(document, keys_of(entity), services.certificates.private_keys(), allowed)
