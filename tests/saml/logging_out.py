"""A service provider that signs people in and out by python3-saml, and what it sees of a logout."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from lxml import etree
from onelogin.saml2.auth import OneLogin_Saml2_Auth
from onelogin.saml2.settings import OneLogin_Saml2_Settings

from clients.client import Client
from idp.saml.messages import http_redirect, names
from idp.saml.messages.public_keys import public_key
from idp.saml.messages.schema_types import instant
from idp.saml.messages.signatures import verify_enveloped
from idp.saml.messages.xml import Element, child, element, parse, serialize
from tests.provider import Answer, App, Browser, Provider
from tests.saml.pairs import Pair, rsa_pair
from tests.saml.relying import NS, Toolkit, certificate, facts, message, register, sign_in

BOTH = (names.HTTP_REDIRECT, names.HTTP_POST)


@dataclass
class Wiki:
    """A service provider with a key and logout endpoints, and whom it has signed in."""

    provider: Provider
    slug: str
    client: Client
    pair: Pair
    name_id: Element | None = None
    session_index: str = ""
    origin: str = ""

    @property
    def entity_id(self) -> str:
        return f"https://{self.slug}.example/metadata"

    @property
    def to(self) -> str:
        return self.provider.services.url("/saml/slo")

    @property
    def slo(self) -> str:
        return f"{self.origin or f'https://{self.slug}.example'}/slo"

    @property
    def toolkit(self) -> Toolkit:
        return Toolkit(
            self.provider, self.entity_id, f"https://{self.slug}.example/acs", self.pair,
            sp={"singleLogoutService": {"url": self.slo, "binding": names.HTTP_REDIRECT}},
            security={"wantNameId": True, "logoutRequestSigned": True, "logoutResponseSigned": True,
                      "wantMessagesSigned": True},
        )  # fmt: skip

    def auth(self, url: str, get: dict[str, str] | None = None, query: str = "") -> OneLogin_Saml2_Auth:
        settings = self.toolkit.settings()
        settings["idp"]["singleLogoutService"] = {"url": self.to, "binding": names.HTTP_REDIRECT}
        parts = urlsplit(url)
        request = {
            "https": "on", "http_host": parts.netloc, "script_name": parts.path, "get_data": get or {}, "post_data": {},
            "query_string": query,
        }  # fmt: skip
        return OneLogin_Saml2_Auth(request, OneLogin_Saml2_Settings(settings))

    def sign_in(self, browser: Browser, login: str = "ann") -> None:
        """By python3-saml; what it was told is kept."""
        toolkit = self.toolkit
        answer = sign_in(browser, browser.get(toolkit.login_url()), login)
        toolkit.accept(answer)
        root = message(answer)
        self.name_id = root.find(".//saml:NameID", NS)
        statement = root.find(".//saml:AuthnStatement", NS)
        assert statement is not None
        self.session_index = statement.get("SessionIndex", "")

    def request(self, *, index: str | None = "", **about: str | None) -> Element:
        """A LogoutRequest for whom it has signed in; an attribute of None is left out."""
        now = self.provider.clock()
        given = {
            "ID": "_" + secrets.token_hex(16), "Version": "2.0", "IssueInstant": instant(now), "Destination": self.to,
            **about,
        }  # fmt: skip
        root = element(names.SAMLP, "LogoutRequest", {k: v for k, v in given.items() if v is not None})
        child(root, names.SAML, "Issuer", None, self.entity_id)
        assert self.name_id is not None
        root.append(parse(serialize(self.name_id)))
        if index is not None:
            child(root, names.SAMLP, "SessionIndex", None, index or self.session_index)
        return root

    def redirect(self, root: Element, parameter: str = "SAMLRequest", *, signed: bool = True, **more: Any) -> str:
        key = self.pair.signer() if signed else None
        return http_redirect.encode_redirect(self.to, parameter, root, more.get("relay_state"), key).location

    def response(self, to: str, *, code: str = names.SUCCESS, **about: str | None) -> Element:
        given = {
            "ID": "_" + secrets.token_hex(16), "Version": "2.0", "IssueInstant": instant(self.provider.clock()),
            "Destination": self.to, "InResponseTo": to, **about,
        }  # fmt: skip
        root = element(names.SAMLP, "LogoutResponse", {k: v for k, v in given.items() if v is not None})
        child(root, names.SAML, "Issuer", None, self.entity_id)
        child(child(root, names.SAMLP, "Status"), names.SAMLP, "StatusCode", {"Value": code})
        return root


def add(
    provider: Provider, slug: str, *, slo: tuple[str, ...] = BOTH, soap: str = "", origin: str = "",
    responses_to: str = "", **settings: Any,
) -> Wiki:  # fmt: skip
    """`origin`: where it lives, for logout alone."""
    provider.services.certificates.active("signing")  # as reading our metadata makes it
    pair = rsa_pair(slug)
    endpoints: list[dict[str, Any]] = [
        {"binding": binding, "location": f"{origin or f'https://{slug}.example'}/slo"} for binding in slo
    ]
    if responses_to:
        endpoints = [{**one, "response_location": responses_to} for one in endpoints]
    if soap:
        endpoints.append({"binding": names.SOAP_BINDING, "location": soap})
    said = facts(
        f"https://{slug}.example/metadata", f"https://{slug}.example/acs", slo=endpoints,
        signing_certificates=[certificate(pair)], name_id_formats=[settings.pop("format", names.NAMEID_PERSISTENT)],
    )  # fmt: skip
    return Wiki(provider, slug, register(provider, slug.title(), said, **settings), pair, origin=origin)


def incoming(location: str) -> tuple[str, Element]:
    """What the browser brings to a service provider by HTTP-Redirect."""
    parts = urlsplit(location)
    received = http_redirect.decode_redirect(parts.query)
    return location.partition("?")[0], etree.fromstring(received.message)


def is_signed_in(provider: Provider, browser: Browser, app: App) -> bool:
    return "code" in provider.authorize(browser, app, prompt="none").sent


def codes(root: Element) -> list[str]:
    return [node.get("Value", "").rpartition(":")[2] for node in root.iterfind(".//samlp:StatusCode", NS)]


def is_signed_by_us(provider: Provider, root: Element) -> bool:
    key = public_key(provider.services.certificates.active("signing").certificate)
    return verify_enveloped(parse(serialize(root)), [key]) is not None


def open_sessions(provider: Provider) -> int:
    return len(provider.events("session:started")) - len(provider.events("session:ended"))


def hop_of(page: Answer) -> str:
    """Where the chain's page leads."""
    return page.dom.find("a", id="sign-out-hop")[0]["href"]
