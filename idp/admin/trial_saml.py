"""A trial sign-in at a service provider: the assertion that would be sent, decoded. No identifier is made for it."""

from __future__ import annotations

from typing import Final

from clients.client import Client
from idp.accounts.person import Person
from idp.admin.preview import HIDDEN, Line, attributes_set_up, name_id_set_up
from idp.admin.trial import Section
from idp.errors import SamlError
from idp.protocols import Services
from idp.saml import provider_keys
from idp.saml.assertions import authn_context, issuing, name_ids
from idp.saml.header_checks import skew_seconds
from idp.saml.messages import names
from idp.saml.messages.schema_types import instant

_SIGNED: Final = {"assertion": "Assertion", "response": "Response", "both": "Assertion, Response"}
_MADE_ANEW: Final = "…"
_FIXED: Final = "a fixed value"


def sections(
    services: Services, client: Client, person: Person | None, methods: tuple[str, ...], auth_time: float, at: float
) -> tuple[tuple[Section, ...], str]:
    """The parts of the assertion, and why there would be none ("" where there would be one).

    `person`: None for what would be sent of anybody, without a value of theirs.
    """
    provider, problem = issuing.provider_of(client), ""
    subject, lines, why_none = _about(services, client, person)
    try:
        recipient = provider_keys.recipient(services, provider)
    except SamlError as error:
        recipient, problem = None, f"{error.message} {error.explanation.fix}"
    acs = provider.default_acs((names.HTTP_POST, names.HTTP_ARTIFACT))
    how, end = authn_context.asserted((), methods), at + services.settings.saml.assertion_seconds
    response = (
        Line("Issuer", services.settings.saml_entity_id, "our entity ID"),
        Line("Destination", acs.location if acs is not None else "", "its default address (ACS), by its metadata"),
        Line("Signature", _SIGNED[provider.sign], "what we sign: the setting “sign”"),
        Line("Encryption", "EncryptedAssertion" if recipient is not None else "none", "where its metadata has a key"),
    )
    assertion = (
        Line("Audience", provider.entity_id, "its entity ID"),
        Line("NotBefore", instant(at - skew_seconds(services, provider)), "our clock, less what clocks may differ"),
        Line("NotOnOrAfter", instant(end), "until when it holds"),
        Line("AuthnInstant", instant(auth_time), "when the person proved who they are"),
        Line("AuthnContextClassRef", HIDDEN if person is None else how, "how strongly"),
        Line("SessionIndex", _MADE_ANEW, "the person’s session, for signing out"),
    )
    found = (
        Section("Response", response), Section("Assertion", assertion), Section("Subject", subject),
        Section("Attributes", lines),
    )  # fmt: skip
    return tuple(one for one in found if one.lines), problem or why_none


def _about(services: Services, client: Client, person: Person | None) -> tuple[tuple[Line, ...], tuple[Line, ...], str]:
    """NameID, attributes, and why there is no NameID."""
    if person is None:
        return name_id_set_up(client), attributes_set_up(client), ""
    name = issuing.preview_name(services, client, person.id)
    named = not name.problem and name.format != name_ids.NONE
    lines = tuple(
        Line(one.attribute.name, ", ".join(value or "" for value in one.values), one.attribute.source or _FIXED)
        for one in issuing.preview_attributes(services, client, person.id)
    )
    return (Line("NameID", name.value or _MADE_ANEW, name.format),) if named else (), lines, name.problem
