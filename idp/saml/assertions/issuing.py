"""From a proven person to a signed Response. Nothing else here makes assertions."""

from __future__ import annotations

from dataclasses import dataclass

from clients.client import Client
from clients.service_provider import ServiceProvider
from idp.audit import Event, record
from idp.errors import SamlError
from idp.login.browser.sessions import Session
from idp.protocols import Services
from idp.saml import provider_keys, store
from idp.saml.assertions import attributes, authn_context, name_ids, response
from idp.saml.assertions.attributes import Attribute
from idp.saml.assertions.response import Authentication, Envelope
from idp.saml.messages import names
from idp.saml.messages.authn_request import NameID
from idp.saml.messages.xml import Element
from idp.saml.store import Standing, Told
from idp.wire import Request


class SessionEnded(Exception):
    """The session ended while the assertion was being made."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an assertion is to be, once somebody is proven. `destination`: the assertion consumer service's location.

    `name_id_formats`: the person is named by the first of these that they can have.
    `may_create`: whether a persistent identifier may be made. `scopes`: what the person agreed to, where that matters.
    `advice`: what else the assertion carries, for those who know it.
    """

    destination: str
    in_response_to: str | None
    name_id_formats: tuple[str, ...]
    may_create: bool = True
    encrypt_name_id: bool = False
    classes: tuple[str, ...] = ()
    service_index: int | None = None
    not_on_or_after: float | None = None
    scopes: frozenset[str] | None = None
    consent: str | None = None
    advice: tuple[Element, ...] = ()


def issue(services: Services, request: Request, client: Client, session: Session, wanted: Wanted) -> Element:
    """A signed Response for the session's person. One read; a write only the first time in a session.

    Errors: `SamlError`, `SessionEnded`.
    """
    provider = _provider(client)
    now = services.clock()
    # Whatever may fail comes before anything is kept.
    provider_keys.signer(services, provider)
    recipient = provider_keys.recipient(services, provider)
    if wanted.encrypt_name_id and recipient is None:
        raise name_ids.invalid("An encrypted NameID needs an encryption key in the service provider's metadata.")
    class_ref = authn_context.asserted(wanted.classes, session.methods)
    standing = store.get_standing(
        services.db, person_id=session.person_id, session_id=session.id, client_id=client.id,
        qualifier=provider.entity_id,
    )  # fmt: skip
    kind = name_ids.choose_format(
        wanted.name_id_formats, standing.attributes, has_persistent=bool(standing.persistent_id),
        may_create=wanted.may_create,
    )  # fmt: skip
    chosen = _to_release(provider, wanted)
    standing = _told(services, request, client, provider, session, standing.by(kind), kind, wanted, chosen, now)
    skew = services.settings.saml.skew_seconds if provider.skew_seconds is None else provider.skew_seconds
    end = now + services.settings.saml.assertion_seconds
    about = Authentication(
        audience=provider.entity_id,
        name_id=_name_id(services, provider, standing, kind),
        session_index=standing.session_index,
        authn_instant=session.auth_time,
        context_class=class_ref,
        attributes=attributes.release(chosen, _known(services, standing)),
        not_before=now - skew,
        not_on_or_after=end if wanted.not_on_or_after is None else min(end, wanted.not_on_or_after),
        session_not_on_or_after=_session_end(provider, session, now),
        consent=wanted.consent,
        sign=provider.sign,
        recipient=recipient,
        encrypt_name_id=wanted.encrypt_name_id,
        advice=wanted.advice,
    )
    return response.build(envelope(services, provider, wanted.destination, wanted.in_response_to), about)


def refuse(
    services: Services, client: Client, destination: str, in_response_to: str | None, error: SamlError
) -> Element:
    """A signed Response that says why there is no assertion. Errors: `SamlError` where it cannot be signed."""
    return response.build(envelope(services, _provider(client), destination, in_response_to), error)


def envelope(services: Services, provider: ServiceProvider, destination: str, in_response_to: str | None) -> Envelope:
    """What every Response to this service provider has."""
    return Envelope(
        issuer=services.settings.saml_entity_id,
        destination=destination,
        in_response_to=in_response_to,
        now=services.clock(),
        key=provider_keys.signer(services, provider),
        digest=provider_keys.digest(services, provider),
    )


def preview(
    services: Services, client: Client, session: Session, service_index: int | None
) -> list[attributes.Released]:
    """What would be released, with the values, for the consent page. Keeps nothing."""
    provider = _provider(client)
    standing = store.get_standing(
        services.db, person_id=session.person_id, session_id=session.id, client_id=client.id,
        qualifier=provider.entity_id,
    )  # fmt: skip
    known = attributes.scoped(
        standing.attributes, standing.person_id, services.settings.saml_scope, standing.persistent_id or "…"
    )
    return list(attributes.release(attributes.to_release(provider, service_index), known))


# -- below -----------------------------------------------------------------------------------------------------------


def _provider(client: Client) -> ServiceProvider:
    assert client.saml is not None, client.kind
    return client.saml


def _to_release(provider: ServiceProvider, wanted: Wanted) -> tuple[Attribute, ...]:
    chosen = attributes.to_release(provider, wanted.service_index)
    # What was added to the registration since the consent page was shown waits for the next one.
    return chosen if wanted.scopes is None else tuple(one for one in chosen if one.scope in wanted.scopes)


def _known(services: Services, standing: Standing) -> dict[str, object]:
    return attributes.scoped(
        standing.attributes, standing.person_id, services.settings.saml_scope, standing.persistent_id
    )


def _session_end(provider: ServiceProvider, session: Session, now: float) -> float | None:
    if provider.session_lifetime is None:
        return None
    return min(now + provider.session_lifetime, session.expires_at)


def _name_id(services: Services, provider: ServiceProvider, standing: Standing, kind: str) -> NameID | None:
    if kind == name_ids.NONE:
        return None
    own, theirs = _qualifiers(services, provider, kind)
    return NameID(standing.told, kind, own or None, theirs or None)


def _qualifiers(services: Services, provider: ServiceProvider, name_id_format: str) -> tuple[str, str]:
    if name_id_format in (names.NAMEID_PERSISTENT, names.NAMEID_TRANSIENT):
        return services.settings.saml_entity_id, provider.entity_id
    return "", ""


def _told(
    services: Services, request: Request, client: Client, provider: ServiceProvider, session: Session,
    standing: Standing, kind: str, wanted: Wanted, chosen: tuple[Attribute, ...], now: float,
) -> Standing:  # fmt: skip
    """The standing with NameID, SessionIndex and persistent identifier as told now; kept where they are new."""
    pairwise = any(attribute.source == "pairwise_id" for attribute in chosen)
    needs_id = (kind == names.NAMEID_PERSISTENT or pairwise) and not standing.persistent_id
    if needs_id and not wanted.may_create:
        if kind == names.NAMEID_PERSISTENT:
            raise name_ids.invalid("AllowCreate is false, and this person has no identifier here yet.")
        needs_id = False
    if kind == names.NAMEID_TRANSIENT:
        value = standing.told or name_ids.new_transient()
    elif kind == names.NAMEID_PERSISTENT:
        value = standing.persistent_id
    elif kind == name_ids.NONE:
        value = ""
    else:
        value = name_ids.of_person(kind, standing.attributes)
    if not needs_id and standing.session_index and standing.told == value:
        return standing
    return _keep(services, request, client, provider, session, standing, kind, value, needs_id, now)


def _keep(
    services: Services, request: Request, client: Client, provider: ServiceProvider, session: Session,
    standing: Standing, kind: str, value: str, needs_id: bool, now: float,
) -> Standing:  # fmt: skip
    persistent_id = standing.persistent_id
    own, theirs = _qualifiers(services, provider, kind)
    # A persistent identifier must outlive a power cut once it is told; a session need not.
    with services.db.transaction(durable=needs_id) as tx:
        if needs_id:
            fresh = name_ids.new_persistent()
            persistent_id = store.keep_name_id(tx, standing.person_id, provider.entity_id, fresh, now)
        if kind == names.NAMEID_PERSISTENT:
            value = persistent_id
        told = Told(
            "_" + name_ids.new_persistent(), session.id, client.id, standing.person_id, kind, value, own, theirs, now,
            session.expires_at,
        )  # fmt: skip
        kept = store.keep_session(tx, told, rename=kind != names.NAMEID_TRANSIENT)
        if kept is None:
            raise SessionEnded
        if not standing.session_index:
            record(tx, _event(request, client, session, kept[0], kind), now)
    return Standing(standing.person_id, standing.attributes, persistent_id, *kept)


def _event(request: Request, client: Client, session: Session, index: str, kind: str) -> Event:
    return Event(
        "saml:signed-in",
        actor=session.person_id,
        person_id=session.person_id,
        client_id=client.id,
        session_id=session.id,
        address=request.remote_address,
        request_id=request.id,
        detail={"session_index": index, "format": kind},
    )
