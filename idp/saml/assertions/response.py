"""Build the samlp:Response: with one assertion, or with a status that says why there is none (Core §3.3.3, §2.3)."""

from __future__ import annotations

import copy
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from idp.errors import SamlError
from idp.saml.assertions.attribute_catalogue import Attribute
from idp.saml.assertions.attributes import Released
from idp.saml.messages import names
from idp.saml.messages.encryption import Recipient, encrypted_assertion, encrypted_id
from idp.saml.messages.name_id import NameID
from idp.saml.messages.schema_types import instant
from idp.saml.messages.signing import SigningKey, sign
from idp.saml.messages.xml import Element, child, clean_text, element, qualified


@dataclass(frozen=True, slots=True)
class ResponseHeader:
    """What every Response of ours has. `in_response_to` None: nobody asked. Times are epoch seconds."""

    issuer: str
    destination: str
    in_response_to: str | None
    now: float
    key: SigningKey
    digest: str = names.SHA256
    new_id: Callable[[], str] = lambda: "_" + os.urandom(20).hex()  # Core §1.3.4: 128 random bits and more


@dataclass(frozen=True, slots=True)
class AssertionContent:
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
    advice: tuple[Element, ...] = ()


def build(header: ResponseHeader, content: AssertionContent | SamlError) -> Element:
    """The whole Response, signed as it should be. An error's is always signed, and holds no assertion."""
    response = _message(header)
    status = child(response, names.SAMLP, "Status")
    if isinstance(content, SamlError):
        _add_status(status, content)
        sign(response, header.key, digest=header.digest)
        return response
    child(status, names.SAMLP, "StatusCode", {"Value": names.SUCCESS})
    if content.consent is not None:
        response.set("Consent", content.consent)
    assertion = _assertion(header, content)
    # Signed inside, then encrypted, then signed outside: each can be checked without the others.
    if content.sign in ("assertion", "both"):
        sign(assertion, header.key, digest=header.digest)
    recipient = content.recipient
    response.append(assertion if recipient is None else encrypted_assertion(assertion, recipient))
    if content.sign in ("response", "both"):
        sign(response, header.key, digest=header.digest)
    return response


def _message(header: ResponseHeader) -> Element:
    about = {"ID": header.new_id(), "Version": "2.0", "IssueInstant": instant(header.now)}
    about["Destination"] = header.destination
    if header.in_response_to is not None:
        about["InResponseTo"] = header.in_response_to
    response = element(names.SAMLP, "Response", about)
    child(response, names.SAML, "Issuer", None, header.issuer)
    return response


def _add_status(status: Element, error: SamlError) -> None:
    # Core §3.2.2.2: one of four stands at the top, what it is about inside.
    code = child(status, names.SAMLP, "StatusCode", {"Value": error.status})
    if error.substatus is not None:
        child(code, names.SAMLP, "StatusCode", {"Value": error.substatus})
    child(status, names.SAMLP, "StatusMessage", None, clean_text(error.message))


# -- the assertion: a copy of a mould, with what is this person's own filled in --------------------------------------


def _assertion(header: ResponseHeader, about: AssertionContent) -> Element:
    shape = tuple((released.attribute, len(released.values)) for released in about.attributes)
    assertion = copy.deepcopy(_mould(header.issuer, about.audience, shape))
    subject, conditions, statement = assertion[1], assertion[2], assertion[3]
    assertion.set("ID", header.new_id())
    assertion.set("IssueInstant", instant(header.now))
    _fill_subject(subject, header, about)
    conditions.set("NotBefore", instant(about.not_before))
    conditions.set("NotOnOrAfter", instant(about.not_on_or_after))
    statement.set("AuthnInstant", instant(about.authn_instant))
    statement.set("SessionIndex", about.session_index)
    if about.session_not_on_or_after is not None:
        statement.set("SessionNotOnOrAfter", instant(about.session_not_on_or_after))
    statement[0][0].text = about.context_class
    if shape:
        _fill_attributes(assertion[4], about.attributes)
    if about.advice:
        # Core §2.3.3: after the Conditions.
        conditions.addnext(element(names.SAML, "Advice", None, *about.advice))
    return assertion


@lru_cache(maxsize=256)
def _mould(issuer: str, audience: str, shape: tuple[tuple[Attribute, int], ...]) -> Element:
    """An assertion for one service provider and one set of attributes, without anything of a person or a moment."""
    mould = element(names.SAML, "Assertion", {"ID": "", "Version": "2.0", "IssueInstant": ""})
    child(mould, names.SAML, "Issuer", None, issuer)
    confirmation = child(
        child(mould, names.SAML, "Subject"), names.SAML, "SubjectConfirmation", {"Method": names.BEARER}
    )
    child(confirmation, names.SAML, "SubjectConfirmationData")
    conditions = child(mould, names.SAML, "Conditions")
    child(child(conditions, names.SAML, "AudienceRestriction"), names.SAML, "Audience", None, audience)
    context = child(child(mould, names.SAML, "AuthnStatement"), names.SAML, "AuthnContext")
    child(context, names.SAML, "AuthnContextClassRef")
    if shape:
        # Core §2.7.3: an AttributeStatement has at least one Attribute.
        _add_attributes(child(mould, names.SAML, "AttributeStatement"), shape)
    return mould


def _add_attributes(statement: Element, shape: tuple[tuple[Attribute, int], ...]) -> None:
    for what, values in shape:
        about = {"Name": what.name, "NameFormat": what.name_format}
        if what.friendly_name:
            about["FriendlyName"] = what.friendly_name
        attribute = child(statement, names.SAML, "Attribute", about)
        for _ in range(values):
            child(attribute, names.SAML, "AttributeValue")


def _fill_attributes(statement: Element, attributes: tuple[Released, ...]) -> None:
    for attribute, released in zip(statement, attributes, strict=True):
        for node, value in zip(attribute, released.values, strict=True):
            # Core §2.7.3.1: an empty value is an empty element, no value at all is xsi:nil.
            if value is None:
                attribute.replace(node, element(names.SAML, "AttributeValue", {_NIL: "true"}, declare=("xsi",)))
            else:
                node.text = value


_NIL = qualified(names.XSI, "nil")


def _fill_subject(subject: Element, header: ResponseHeader, about: AssertionContent) -> None:
    if about.name_id is not None:
        recipient = about.recipient if about.encrypt_name_id else None
        name_id = _name_id(about.name_id)
        subject.insert(0, name_id if recipient is None else encrypted_id(name_id, recipient))
    # Prof §4.1.4.2: Recipient, NotOnOrAfter, InResponseTo where it answers something, and no NotBefore.
    data = subject[-1][0]
    data.set("Recipient", header.destination)
    data.set("NotOnOrAfter", instant(about.not_on_or_after))
    if header.in_response_to is not None:
        data.set("InResponseTo", header.in_response_to)


def _name_id(name_id: NameID) -> Element:
    about = {"Format": name_id.format}
    if name_id.name_qualifier is not None:
        about["NameQualifier"] = name_id.name_qualifier
    if name_id.sp_name_qualifier is not None:
        about["SPNameQualifier"] = name_id.sp_name_qualifier
    return element(names.SAML, "NameID", about, clean_text(name_id.value))
