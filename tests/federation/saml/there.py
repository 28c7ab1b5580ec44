"""Somebody else's identity provider, as SAML 2.0 describes one: by default a plain one that keeps all rules.

Each test says where it strays.
"""

from __future__ import annotations

import secrets
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from cryptography import x509
from lxml import etree

from idp.admin import providers
from idp.cli.installation import shell
from idp.federation import snapshot
from idp.federation.saml.entity import Entity, short
from idp.saml.messages import encryption, http_redirect, names
from idp.saml.messages.encryption import Recipient
from idp.saml.messages.schema_types import instant
from idp.saml.messages.signing import sign
from idp.saml.messages.xml import child, element, serialize
from tests.federation.visiting import Office
from tests.federation.visiting import Upstream as Kept
from tests.provider import Answer, App, Browser
from tests.saml.pairs import Pair, rsa_pair
from tests.saml.relying import NS

ENTITY = "https://idp.company.example/saml"
SSO = "https://idp.company.example/sso"
SLO, SLO_ANSWERS = "https://idp.company.example/logout", "https://idp.company.example/logout/answers"
MAIL, GROUPS = "urn:oid:0.9.2342.19200300.100.1.3", "urn:oid:1.3.6.1.4.1.5923.1.5.1.1"


@dataclass(frozen=True)
class Asked:
    """One of our requests, as it came there."""

    request: Any
    relay_state: str
    raw: str = ""

    @property
    def id(self) -> str:
        return str(self.request.get("ID"))

    @property
    def issuer(self) -> str:
        return str(self.request.findtext("saml:Issuer", "", NS))

    @property
    def acs(self) -> str:
        return str(self.request.get("AssertionConsumerServiceURL"))


@dataclass
class Strays:
    """Where a Response strays: an empty text leaves it out, None keeps the rule."""

    issuer: str = ENTITY
    response_issuer: str = ENTITY
    destination: str | None = None
    recipient: str | None = None
    audience: str | None = None
    in_response_to: str | None = None
    confirmed_for: str | None = None
    until: float = 300.0  # seconds from now
    begins: float = -60.0
    ends: float = 300.0
    authn_instant: float = 0.0
    id: str = ""
    status: tuple[str, ...] = (names.SUCCESS,)
    name_id: str = "there-1"
    format: str = names.NAMEID_PERSISTENT
    qualifier: str = ""
    context: str = names.AC_PASSWORD_PROTECTED
    attributes: Mapping[str, Any] = field(default_factory=dict)
    conditions: Callable[[Any], None] = lambda node: None


class There:
    """It answers our requests; what it signs with may be another key than its metadata has."""

    def __init__(self, clock: Callable[[], float], pair: Pair | None = None) -> None:
        self.clock, self.pair = clock, pair or rsa_pair("upstream")

    def metadata(self, *pairs: Pair, until: float | None = None, post_only: bool = False) -> str:
        """What it publishes."""
        certificates = tuple(b64encode(one.certificate).decode() for one in pairs or (self.pair,))
        sso = {names.HTTP_POST: SSO} if post_only else {names.HTTP_REDIRECT: SSO, names.HTTP_POST: SSO}
        slo = {names.HTTP_REDIRECT: SLO, names.HTTP_POST: SLO}
        return short(Entity(ENTITY, certificates, sso, slo, {names.HTTP_REDIRECT: SLO_ANSWERS}, until))

    def asked(self, location: str) -> Asked:
        """Our request, out of the address that the browser was sent to."""
        query = parse_qs(urlsplit(location).query)
        assert location.startswith(SSO + "?"), location
        message = http_redirect.inflate(b64decode(query["SAMLRequest"][0]))
        return Asked(etree.fromstring(message), query["RelayState"][0], urlsplit(location).query)

    def assertion(self, asked: Asked, strays: Strays) -> Any:
        now, who = self.clock(), strays
        about = {"ID": who.id or "_" + secrets.token_hex(16), "Version": "2.0", "IssueInstant": instant(now)}
        made = element(names.SAML, "Assertion", about, declare=("xs", "xsi"))
        child(made, names.SAML, "Issuer", None, who.issuer)
        subject = child(made, names.SAML, "Subject")
        if who.name_id:
            about = {"Format": who.format} | ({"NameQualifier": who.qualifier} if who.qualifier else {})
            child(subject, names.SAML, "NameID", about, who.name_id)
        confirmation = child(subject, names.SAML, "SubjectConfirmation", {"Method": names.BEARER})
        bounds = {
            "Recipient": _or(who.recipient, asked.acs), "InResponseTo": _or(who.confirmed_for, asked.id),
            "NotOnOrAfter": instant(now + who.until) if who.until else "",
        }  # fmt: skip
        child(confirmation, names.SAML, "SubjectConfirmationData", {k: v for k, v in bounds.items() if v})
        window = {"NotBefore": instant(now + who.begins), "NotOnOrAfter": instant(now + who.ends)}
        conditions = child(made, names.SAML, "Conditions", window)
        if audience := _or(who.audience, asked.issuer):
            child(child(conditions, names.SAML, "AudienceRestriction"), names.SAML, "Audience", None, audience)
        who.conditions(conditions)
        about = {"AuthnInstant": instant(now + who.authn_instant), "SessionIndex": "_s1"}
        statement = child(made, names.SAML, "AuthnStatement", about)
        child(child(statement, names.SAML, "AuthnContext"), names.SAML, "AuthnContextClassRef", None, who.context)
        if who.attributes:
            statement = child(made, names.SAML, "AttributeStatement")
            for name, values in who.attributes.items():
                attribute = child(statement, names.SAML, "Attribute", {"Name": name})
                for value in [values] if isinstance(values, str) else values:
                    child(attribute, names.SAML, "AttributeValue", None, value)
        return made

    def response(self, asked: Asked, strays: Strays, *content: Any) -> Any:
        about = {
            "ID": "_" + secrets.token_hex(16), "Version": "2.0", "IssueInstant": instant(self.clock()),
            "Destination": _or(strays.destination, asked.acs), "InResponseTo": _or(strays.in_response_to, asked.id),
        }  # fmt: skip
        made = element(names.SAMLP, "Response", {name: value for name, value in about.items() if value})
        if strays.response_issuer:
            child(made, names.SAML, "Issuer", None, strays.response_issuer)
        code = child(made, names.SAMLP, "Status")
        for value in strays.status:
            code = child(code, names.SAMLP, "StatusCode", {"Value": value})
        made.extend(content)
        return made

    def answer(self, asked: Asked, *, of: str = "assertion", pair: Pair | None = None, **strays: Any) -> bytes:
        """A Response; `of`: what is signed: "assertion", "response", "both", "nothing"."""
        said, key = Strays(**strays), (pair or self.pair).signer()
        content = [self.assertion(asked, said)] if said.status == (names.SUCCESS,) else []
        if of in ("assertion", "both") and content:
            sign(content[0], key)
        made = self.response(asked, said, *content)
        if of in ("response", "both"):
            sign(made, key)
        return serialize(made)

    def sign_out(self, acs: str, *, index: str = "_s1", name_id: str = "there-1", **about: str) -> Any:
        """A LogoutRequest for what began by an assertion, not signed yet. `acs`: our address that it was posted to."""
        now, to = self.clock(), acs.replace("/saml/", "/slo/")
        known = {"ID": "_" + secrets.token_hex(16), "Version": "2.0", "IssueInstant": instant(now), "Destination": to}
        made = element(names.SAMLP, "LogoutRequest", known | about)
        child(made, names.SAML, "Issuer", None, ENTITY)
        child(made, names.SAML, "NameID", {"Format": names.NAMEID_PERSISTENT}, name_id)
        if index:
            child(made, names.SAMLP, "SessionIndex", None, index)
        return made

    def encrypted(self, asked: Asked, certificate: bytes, *, of: str = "response", **strays: Any) -> bytes:
        """The same with its assertion encrypted for a certificate."""
        said = Strays(**strays)
        assertion = self.assertion(asked, said)
        if of in ("assertion", "both"):
            sign(assertion, self.pair.signer())
        public: Any = x509.load_der_x509_certificate(certificate).public_key()
        hidden = encryption.encrypted_assertion(assertion, Recipient(public))
        made = self.response(asked, said, hidden)
        if of in ("response", "both"):
            sign(made, self.pair.signer())
        return serialize(made)


def _or(given: str | None, rule: str) -> str:
    return rule if given is None else given


class SamlOffice(Office):
    """Our provider with somebody else's that speaks SAML."""

    def __init__(self, provider: Any, there: There) -> None:
        super().__init__(provider, there)  # type: ignore[arg-type]
        self.saml = there

    def add_saml(self, name: str = "Company", **said: Any) -> Kept:
        """A provider that people may come through, added as an owner adds it."""
        services = self.provider.services
        given = {"name": name, "kind": "saml", "metadata": self.saml.metadata(), **said}
        if "metadata_url" in said:
            given.pop("metadata")
        added = providers.add(services, shell(), given, "")
        services.part(snapshot.Providers).forget()
        return added.provider

    def ask(self, browser: Browser, app: App, one: Kept, **asked: Any) -> Asked:
        """Our request, as it comes there."""
        return self.saml.asked(self.leave(browser, app, one, **asked))

    def post(self, browser: Browser, asked: Asked, document: bytes, *, relay_state: str | None = None) -> Answer:
        """The browser posts a Response to our address from there: without our cookies, and is led on with them."""
        state = asked.relay_state if relay_state is None else relay_state
        fields = {"SAMLResponse": b64encode(document).decode(), "RelayState": state}
        answer = browser.post(asked.acs, {k: v for k, v in fields.items() if v}, cookies=False)
        return browser.get(answer.location) if answer.is_redirect and "answer=" in answer.location else answer

    def come_saml(
        self, browser: Browser, app: App, one: Kept, *, wish: Mapping[str, Any] | None = None, **answer: Any
    ) -> Answer:
        """All of it, up to what our callback answers."""
        asked = self.ask(browser, app, one, **(wish or {}))
        return self.post(browser, asked, self.saml.answer(asked, **answer))
