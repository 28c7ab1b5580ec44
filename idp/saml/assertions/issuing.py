"""From a proven person to a signed Response with an assertion. Nothing else here makes assertions."""

from __future__ import annotations

from dataclasses import dataclass, replace

from clients.client import Client
from clients.service_provider import ServiceProvider
from idp.errors import SamlError
from idp.login.browser.sessions import Session
from idp.protocols import Services
from idp.saml import provider_keys, store
from idp.saml.assertions import attributes, authn_context, name_ids, response
from idp.saml.assertions.attribute_catalogue import Attribute
from idp.saml.assertions.naming import Naming, SessionEnded, name_id_of, name_subject
from idp.saml.assertions.response import AssertionContent, ResponseHeader
from idp.saml.header_checks import skew_seconds
from idp.saml.messages import names
from idp.saml.messages.xml import Element
from idp.saml.store import SubjectRecord
from idp.wire import Request

__all__ = [
    "AssertionSpec", "PreviewedName", "SessionEnded", "issue", "preview", "preview_attributes", "preview_name",
    "preview_rows", "provider_of", "refuse",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class AssertionSpec:
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


def issue(services: Services, request: Request, client: Client, session: Session, spec: AssertionSpec) -> Element:
    """A signed Response for the session's person. One read; a write only the first time in a session.

    Errors: `SamlError`, `SessionEnded`.
    """
    provider = provider_of(client)
    now = services.clock()
    # Whatever may fail comes before anything is saved.
    provider_keys.signer(services, provider)
    recipient = provider_keys.recipient(services, provider)
    if spec.encrypt_name_id and recipient is None:
        raise name_ids.invalid(
            "An encrypted NameID needs an encryption key in the service provider's metadata.", kind="cannot_encrypt"
        )
    class_ref = authn_context.asserted(spec.classes, session.methods)
    subject = _subject_record(services, client, session.person_id, session.id)
    kind = name_ids.choose_format(
        spec.name_id_formats, subject.attributes, has_persistent=bool(subject.persistent_id),
        may_create=spec.may_create,
    )  # fmt: skip
    chosen = _to_release(provider, spec)
    pairwise = any(attribute.source == "pairwise_id" for attribute in chosen)
    naming = Naming(request, client, provider, session, kind, pairwise, spec.may_create, now)
    subject = name_subject(services, naming, subject)
    skew, end = skew_seconds(services, provider), now + services.settings.saml.assertion_seconds
    content = AssertionContent(
        audience=provider.entity_id,
        name_id=name_id_of(services, provider, subject, kind),
        session_index=subject.session_index,
        # Core §2.7.2 has no way to leave it out: since when they are signed in here, where nobody says when it was.
        authn_instant=session.auth_time or session.created_at,
        context_class=class_ref,
        attributes=attributes.release(chosen, _known(services, provider, subject, subject.persistent_id)),
        not_before=now - skew,
        not_on_or_after=end if spec.not_on_or_after is None else min(end, spec.not_on_or_after),
        session_not_on_or_after=_session_end(provider, session, now),
        consent=spec.consent,
        sign=provider.sign,
        recipient=recipient,
        encrypt_name_id=spec.encrypt_name_id,
        advice=spec.advice,
    )
    return response.build(response_header(services, provider, spec.destination, spec.in_response_to), content)


def refuse(
    services: Services, client: Client, destination: str, in_response_to: str | None, error: SamlError
) -> Element:
    """A signed Response that says why there is no assertion. Errors: `SamlError` where it cannot be signed."""
    return response.build(response_header(services, provider_of(client), destination, in_response_to), error)


def response_header(
    services: Services, provider: ServiceProvider, destination: str, in_response_to: str | None
) -> ResponseHeader:
    """What every Response to this service provider has."""
    return ResponseHeader(
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
    """What would be released, with the values, for the consent page. Saves nothing."""
    provider = provider_of(client)
    subject = _subject_record(services, client, session.person_id, session.id)
    known = _known(services, provider, subject, subject.persistent_id or "…")
    return list(attributes.release(attributes.to_release(provider, service_index), known))


@dataclass(frozen=True, slots=True)
class PreviewedName:
    """The NameID that a person would have. `value` is "" where it is made at the first sign-in, or each time.

    `problem`: why they can have none; '' where they can.
    """

    format: str
    value: str
    problem: str = ""


def preview_name(services: Services, client: Client, person_id: str) -> PreviewedName:
    """The NameID that this person would have at an application that asks for none in particular. Saves nothing."""
    provider = provider_of(client)
    subject = _subject_record(services, client, person_id)
    try:
        formats = name_ids.choose_formats(provider, None)
        kind = name_ids.choose_format(formats, subject.attributes, has_persistent=bool(subject.persistent_id))
        if kind in (name_ids.NONE, names.NAMEID_TRANSIENT):
            return PreviewedName(kind, "")
        if kind == names.NAMEID_PERSISTENT:
            return PreviewedName(kind, subject.persistent_id)
        return PreviewedName(kind, name_ids.of_person(kind, subject.attributes))
    except SamlError as error:
        return PreviewedName("", "", error.message)


def preview_attributes(services: Services, client: Client, person_id: str) -> list[attributes.Released]:
    """What would be released of this person, with the values. Saves nothing."""
    provider = provider_of(client)
    subject = _subject_record(services, client, person_id)
    known = _known(services, provider, subject, subject.persistent_id or "…")
    return list(attributes.release(attributes.to_release(provider, None), known))


def preview_rows(services: Services, client: Client, person_id: str) -> dict[str, str]:
    """By the source of each attribute that rows make, the row that decides for this person."""
    rules = provider_of(client).claim_rules
    if not rules:
        return {}
    known = _subject_record(services, client, person_id).attributes
    found = rules.explain(known, known.get("groups") or ())
    return {attributes.RULED + one.name: f"claim_rules: row {one.row}" for one in found if one.row}


def provider_of(client: Client) -> ServiceProvider:
    """The service provider that a client of the kind "saml" is."""
    assert client.saml is not None, client.kind
    return client.saml


# -- below -----------------------------------------------------------------------------------------------------------


def _subject_record(services: Services, client: Client, person_id: str, session_id: str = "") -> SubjectRecord:
    """The person as this application may know them: what no table tells it, no NameID tells it either."""
    subject = store.get_subject_record(
        services.db, person_id=person_id, session_id=session_id, client_id=client.id,
        qualifier=provider_of(client).entity_id,
    )  # fmt: skip
    told = services.registry.release_to(client.id).without_hidden(subject.attributes)
    return replace(subject, attributes=told)


def _to_release(provider: ServiceProvider, spec: AssertionSpec) -> tuple[Attribute, ...]:
    chosen = attributes.to_release(provider, spec.service_index)
    # What was added to the registration since the consent page was shown waits for the next one.
    return chosen if spec.scopes is None else tuple(one for one in chosen if one.scope in spec.scopes)


def _known(services: Services, provider: ServiceProvider, subject: SubjectRecord, pairwise: str) -> dict[str, object]:
    known = attributes.scoped(subject.attributes, subject.person_id, services.settings.saml_scope, pairwise)
    if provider.claim_rules:  # of the person's own attributes: who else knows them by which name is no app's business
        made = provider.claim_rules.values(subject.attributes, subject.attributes.get("groups") or ())
        known |= {attributes.RULED + name: value for name, value in made.items()}
    return known


def _session_end(provider: ServiceProvider, session: Session, now: float) -> float | None:
    if provider.session_lifetime is None:
        return None
    return min(now + provider.session_lifetime, session.expires_at)
