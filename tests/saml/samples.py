"""One message of each kind that an identity provider takes signed, and one Response of ours."""

from __future__ import annotations

from collections.abc import Callable

from idp.saml.messages import names, signing
from idp.saml.messages.xml import Element, child, element, qualified, serialize
from tests.saml.pairs import Pair, rsa_pair

ID = "_0123456789abcdef0123456789abcdef"
SP = "https://sp.example.com/metadata"
IDP = "https://idp.example.com/saml/metadata"
WHO = "Älice & <Bob>"


def _message(name: str, **attributes: str) -> Element:
    common = {"ID": ID, "Version": "2.0", "IssueInstant": "2026-11-22T07:00:00Z"}
    made = element(names.SAMLP, name, common | attributes)
    child(made, names.SAML, "Issuer", None, SP)
    return made


def authn_request() -> Element:
    made = _message("AuthnRequest", Destination=f"{IDP}/sso", AssertionConsumerServiceURL="https://sp.example.com/acs")
    child(made, names.SAMLP, "NameIDPolicy", {"Format": names.NAMEID_TRANSIENT, "AllowCreate": "true"})
    return made


def logout_request() -> Element:
    made = _message("LogoutRequest", Destination=f"{IDP}/slo")
    child(made, names.SAML, "NameID", {"Format": names.NAMEID_PERSISTENT}, "abc")
    child(made, names.SAMLP, "SessionIndex", None, "s1")
    return made


def logout_response() -> Element:
    made = _message("LogoutResponse", Destination=f"{IDP}/slo", InResponseTo="_r")
    child(child(made, names.SAMLP, "Status"), names.SAMLP, "StatusCode", {"Value": names.SUCCESS})
    return made


def artifact_resolve() -> Element:
    made = _message("ArtifactResolve", Destination=f"{IDP}/artifact")
    child(made, names.SAMLP, "Artifact", None, "AAQAAA==")
    return made


def entity_descriptor() -> Element:
    made = element(names.MD, "EntityDescriptor", {"ID": ID, "entityID": SP, "validUntil": "2026-12-01T00:00:00Z"})
    role = child(made, names.MD, "SPSSODescriptor", {"protocolSupportEnumeration": names.SAMLP})
    where = {"Binding": names.HTTP_POST, "Location": "https://sp.example.com/acs", "index": "0"}
    child(role, names.MD, "AssertionConsumerService", where)
    return made


ROOTS: dict[str, Callable[[], Element]] = {
    "AuthnRequest": authn_request,
    "LogoutRequest": logout_request,
    "LogoutResponse": logout_response,
    "ArtifactResolve": artifact_resolve,
    "EntityDescriptor": entity_descriptor,
}


def signed(root: Element, pair: Pair | None = None, algorithm: str | None = None, **how: object) -> bytes:
    """The message on the wire, signed by us: by the service provider's pair, unless told."""
    signing.sign(root, (pair or rsa_pair()).signer(algorithm), **how)  # type: ignore[arg-type]
    return serialize(root)


def assertion(attributes: int = 6) -> Element:
    """An Assertion as a service provider gets it; its attribute values are xs:string."""
    about = {"ID": "_assertion", "Version": "2.0", "IssueInstant": "2026-11-22T07:00:00Z"}
    made = element(names.SAML, "Assertion", about, declare=("xs", "xsi"))
    child(made, names.SAML, "Issuer", None, IDP)
    subject = child(made, names.SAML, "Subject")
    child(subject, names.SAML, "NameID", {"Format": names.NAMEID_TRANSIENT}, "_transient")
    confirmation = child(subject, names.SAML, "SubjectConfirmation", {"Method": names.BEARER})
    bounds = {"Recipient": "https://sp.example.com/acs", "NotOnOrAfter": "2026-11-22T07:05:00Z", "InResponseTo": "_r"}
    child(confirmation, names.SAML, "SubjectConfirmationData", bounds)
    window = {"NotBefore": "2026-11-22T06:55:00Z", "NotOnOrAfter": "2026-11-22T07:05:00Z"}
    conditions = child(made, names.SAML, "Conditions", window)
    child(child(conditions, names.SAML, "AudienceRestriction"), names.SAML, "Audience", None, SP)
    statement = child(
        made, names.SAML, "AuthnStatement", {"AuthnInstant": "2026-11-22T07:00:00Z", "SessionIndex": "_s"}
    )
    context = child(statement, names.SAML, "AuthnContext")
    child(context, names.SAML, "AuthnContextClassRef", None, names.AC_PASSWORD_PROTECTED)
    statement = child(made, names.SAML, "AttributeStatement")
    for number in range(attributes):
        about = {"Name": f"urn:oid:1.2.{number}", "NameFormat": names.ATTRNAME_URI}
        attribute = child(statement, names.SAML, "Attribute", about)
        value = child(attribute, names.SAML, "AttributeValue", {qualified(names.XSI, "type"): "xs:string"}, WHO)
        assert value.prefix == "saml"
    return made


def response(*content: Element) -> Element:
    made = element(
        names.SAMLP, "Response", {"ID": "_response", "Version": "2.0", "IssueInstant": "2026-11-22T07:00:00Z"}
    )
    child(made, names.SAML, "Issuer", None, IDP)
    child(child(made, names.SAMLP, "Status"), names.SAMLP, "StatusCode", {"Value": names.SUCCESS})
    made.extend(content)
    return made
