"""Build the samlp:Response: with one assertion, or with a status that says why there is none (Core §3.3.3, §2.3)."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

from idp.errors import SamlError

from . import names
from .attributes import Released
from .encryption import Recipient, encrypted_assertion, encrypted_id
from .messages import NameID
from .signing import SigningKey, sign
from .xml import Element, child, clean_text, element, qualified


@dataclass(frozen=True, slots=True)
class Envelope:
    """What every Response of ours has. `in_response_to` None: nobody asked. Times are epoch seconds."""

    issuer: str
    destination: str
    in_response_to: str | None
    now: float
    key: SigningKey
    digest: str = names.SHA256
    new_id: Callable[[], str] = lambda: "_" + secrets.token_hex(16)  # Core §1.3.4: 128 random bits and more


@dataclass(frozen=True, slots=True)
class Authentication:
    """What the assertion says. `name_id` None: nobody is named. `sign`: assertion, response or both."""

    audience: str
    name_id: NameID | None
    session_index: str
    authn_instant: float
    context_class: str
    attributes: tuple[Released, ...]
    not_before: float
    not_on_or_after: float
    session_not_on_or_after: float | None = None
    consent: str | None = None
    sign: str = "both"
    recipient: Recipient | None = None
    encrypt_name_id: bool = False


def build(envelope: Envelope, outcome: Authentication | SamlError) -> Element:
    """The whole Response, signed as it should be. An error's is always signed, and holds no assertion."""
    response = _message(envelope)
    status = child(response, names.SAMLP, "Status")
    if isinstance(outcome, SamlError):
        _add_status(status, outcome)
        sign(response, envelope.key, digest=envelope.digest)
        return response
    child(status, names.SAMLP, "StatusCode", {"Value": names.SUCCESS})
    if outcome.consent is not None:
        response.set("Consent", outcome.consent)
    assertion = _assertion(envelope, outcome)
    # Signed inside, then encrypted, then signed outside: each can be checked without the others.
    if outcome.sign in ("assertion", "both"):
        sign(assertion, envelope.key, digest=envelope.digest)
    recipient = outcome.recipient
    response.append(assertion if recipient is None else encrypted_assertion(assertion, recipient))
    if outcome.sign in ("response", "both"):
        sign(response, envelope.key, digest=envelope.digest)
    return response


def instant(at: float) -> str:
    """xs:dateTime in UTC."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))


def _message(envelope: Envelope) -> Element:
    about = {"ID": envelope.new_id(), "Version": "2.0", "IssueInstant": instant(envelope.now)}
    about["Destination"] = envelope.destination
    if envelope.in_response_to is not None:
        about["InResponseTo"] = envelope.in_response_to
    response = element(names.SAMLP, "Response", about)
    child(response, names.SAML, "Issuer", None, envelope.issuer)
    return response


def _add_status(status: Element, error: SamlError) -> None:
    # Core §3.2.2.2: one of four stands at the top, what it is about inside.
    code = child(status, names.SAMLP, "StatusCode", {"Value": error.status})
    if error.substatus is not None:
        child(code, names.SAMLP, "StatusCode", {"Value": error.substatus})
    child(status, names.SAMLP, "StatusMessage", None, clean_text(error.message))


def _assertion(envelope: Envelope, about: Authentication) -> Element:
    made = {"ID": envelope.new_id(), "Version": "2.0", "IssueInstant": instant(envelope.now)}
    assertion = element(names.SAML, "Assertion", made)
    child(assertion, names.SAML, "Issuer", None, envelope.issuer)
    _add_subject(child(assertion, names.SAML, "Subject"), envelope, about)
    window = {"NotBefore": instant(about.not_before), "NotOnOrAfter": instant(about.not_on_or_after)}
    conditions = child(assertion, names.SAML, "Conditions", window)
    child(child(conditions, names.SAML, "AudienceRestriction"), names.SAML, "Audience", None, about.audience)
    told = {"AuthnInstant": instant(about.authn_instant), "SessionIndex": about.session_index}
    if about.session_not_on_or_after is not None:
        told["SessionNotOnOrAfter"] = instant(about.session_not_on_or_after)
    statement = child(assertion, names.SAML, "AuthnStatement", told)
    context = child(statement, names.SAML, "AuthnContext")
    child(context, names.SAML, "AuthnContextClassRef", None, about.context_class)
    if about.attributes:
        # Core §2.7.3: an AttributeStatement has at least one Attribute.
        _add_attributes(child(assertion, names.SAML, "AttributeStatement"), about.attributes)
    return assertion


def _add_subject(subject: Element, envelope: Envelope, about: Authentication) -> None:
    if about.name_id is not None:
        _add_name_id(subject, about.name_id, about.recipient if about.encrypt_name_id else None)
    confirmation = child(subject, names.SAML, "SubjectConfirmation", {"Method": names.BEARER})
    # Prof §4.1.4.2: Recipient, NotOnOrAfter, InResponseTo where it answers something, and no NotBefore.
    bounds = {"Recipient": envelope.destination, "NotOnOrAfter": instant(about.not_on_or_after)}
    if envelope.in_response_to is not None:
        bounds["InResponseTo"] = envelope.in_response_to
    child(confirmation, names.SAML, "SubjectConfirmationData", bounds)


def _add_name_id(subject: Element, name_id: NameID, recipient: Recipient | None) -> None:
    about = {"Format": name_id.format}
    if name_id.name_qualifier is not None:
        about["NameQualifier"] = name_id.name_qualifier
    if name_id.sp_name_qualifier is not None:
        about["SPNameQualifier"] = name_id.sp_name_qualifier
    if recipient is None:
        child(subject, names.SAML, "NameID", about, clean_text(name_id.value))
    else:
        subject.append(encrypted_id(element(names.SAML, "NameID", about, clean_text(name_id.value)), recipient))


def _add_attributes(statement: Element, attributes: tuple[Released, ...]) -> None:
    for released in attributes:
        what = released.attribute
        about = {"Name": what.name, "NameFormat": what.name_format}
        if what.friendly_name:
            about["FriendlyName"] = what.friendly_name
        attribute = child(statement, names.SAML, "Attribute", about)
        for value in released.values:
            # Core §2.7.3.1: an empty value is an empty element, no value at all is xsi:nil.
            if value is None:
                child(attribute, names.SAML, "AttributeValue", {qualified(names.XSI, "nil"): "true"})
            else:
                child(attribute, names.SAML, "AttributeValue", None, value)
