"""Service providers to sign in to: python3-saml's toolkit and pysaml2, registered by what their metadata would say."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from lxml import etree
from onelogin.saml2.auth import OneLogin_Saml2_Auth
from onelogin.saml2.idp_metadata_parser import OneLogin_Saml2_IdPMetadataParser
from onelogin.saml2.settings import OneLogin_Saml2_Settings

from clients.access import EVERYONE, Access
from clients.client import Client
from clients.registry import Draft
from idp.saml.messages import names
from tests.provider import Answer, Browser, Provider
from tests.saml.pairs import Pair, rsa_pair

SP = "https://wiki.example/metadata"
ACS = "https://wiki.example/acs"
NS = {"saml": names.SAML, "samlp": names.SAMLP, "ds": names.DS, "xenc": names.XENC, "md": names.MD}


def facts(entity_id: str = SP, acs: str = ACS, **more: Any) -> dict[str, Any]:
    """`sp_metadata` of a service provider; each further fact as the registry names it."""
    listed = [{"index": 0, "binding": names.HTTP_POST, "location": acs, "is_default": True}]
    return {"entity_id": entity_id, "acs": listed, **more}


def certificate(pair: Pair) -> str:
    return b64encode(pair.certificate).decode()


def register(
    provider: Provider, name: str = "Wiki", said: Mapping[str, Any] | None = None, *, access: Access = EVERYONE,
    **settings: Any,
) -> Client:  # fmt: skip
    """Register a service provider: its facts, and what the admin decided."""
    metadata = {"sp_metadata": dict(said or facts()), **settings}
    return provider.services.registry.register(Draft(name=name, kind="saml", metadata=metadata, access=access)).client


@dataclass
class Toolkit:
    """A service provider by python3-saml."""

    provider: Provider
    entity_id: str = SP
    acs: str = ACS
    pair: Pair | None = None
    security: dict[str, Any] = field(default_factory=dict)
    sp: dict[str, Any] = field(default_factory=dict)
    last_request_id: str | None = None

    def settings(self) -> dict[str, Any]:
        # All that it knows of us is our metadata.
        text = self.provider.browser().get("/saml/metadata").text
        idp = OneLogin_Saml2_IdPMetadataParser.parse(text)["idp"]
        sp: dict[str, Any] = {
            "entityId": self.entity_id,
            "assertionConsumerService": {"url": self.acs, "binding": names.HTTP_POST},
            **self.sp,
        }
        if self.pair is not None:
            sp |= {"x509cert": self.pair.certificate_pem, "privateKey": self.pair.key_pem}
        return {
            "strict": True,
            "sp": sp,
            "idp": idp,
            "security": {
                "rejectUnsolicitedResponsesWithInResponseTo": True,
                "signatureAlgorithm": names.RSA_SHA256,
                "digestAlgorithm": names.SHA256,
                **self.security,
            },
        }

    def auth(self, url: str | None = None, post: Mapping[str, str] | None = None) -> OneLogin_Saml2_Auth:
        parts = urlsplit(url or self.acs)
        request = {
            "https": "on" if parts.scheme == "https" else "off",
            "http_host": parts.netloc,
            "script_name": parts.path,
            "get_data": {},
            "post_data": dict(post or {}),
        }
        return OneLogin_Saml2_Auth(request, OneLogin_Saml2_Settings(self.settings()))

    def login_url(self, relay_state: str = "", **options: Any) -> str:
        """Where the toolkit sends the browser: a Redirect request."""
        auth = self.auth()
        url = str(auth.login(return_to=relay_state or self.acs, **options))
        self.last_request_id = auth.get_last_request_id()
        return url

    def accept(self, answer: Answer, *, solicited: bool = True) -> OneLogin_Saml2_Auth:
        """Take our answer as the application does, and insist on it."""
        auth = self.read(answer, solicited=solicited)
        assert not auth.get_errors(), (auth.get_errors(), auth.get_last_error_reason())
        assert auth.is_authenticated()
        return auth

    def read(self, answer: Answer, *, solicited: bool = True) -> OneLogin_Saml2_Auth:
        assert answer.form.action == self.acs, answer.form.action
        auth = self.auth(post=answer.sent)
        auth.process_response(request_id=self.last_request_id if solicited else None)
        return auth


def message(answer: Answer) -> etree._Element:
    """The Response in an auto-post page."""
    assert "SAMLResponse" in answer.sent, (answer.status, answer.dom.text)
    return etree.fromstring(b64decode(answer.sent["SAMLResponse"]))


def status(answer: Answer) -> tuple[str, str, str]:
    """Top-level and nested status code, shortened, and the message."""
    root = message(answer)
    codes = [code.get("Value", "").rpartition(":")[2] for code in root.iterfind(".//samlp:StatusCode", NS)]
    assert root.find(".//saml:Assertion", NS) is None or codes == ["Success"]
    text = root.findtext(".//samlp:StatusMessage", "", NS)
    return codes[0], codes[1] if len(codes) > 1 else "", text


def sign_in(browser: Browser, answer: Answer, login: str = "ann") -> Answer:
    """On to the application, by name and password where they are asked for, and Allow."""
    if answer.is_redirect:
        answer = browser.follow(answer)
    if answer.is_login_page:
        answer = browser.log_in(answer, login)
    if answer.is_consent_page:
        answer = browser.submit(answer, "allow")
    return answer


__all__ = ["ACS", "NS", "SP", "Toolkit", "certificate", "facts", "message", "register", "rsa_pair", "sign_in", "status"]
