"""Live check: service providers by python3-saml that have one thing wrong each, and what is said of it. R3."""

from __future__ import annotations

import json
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from clients.access import Access
from idp.answers.durations import off
from idp.saml.messages import names
from idp.saml.messages.http_redirect import deflate, inflate
from tests.admin.checking.conftest import Watched
from tests.backends import Clock
from tests.provider import Provider
from tests.saml.pairs import rsa_pair
from tests.saml.relying import ACS, SP, Toolkit, certificate, facts, register, sign_in


@dataclass(frozen=True)
class Broken:
    """One mistake, and what must be named. `change`: of the request's XML."""

    code: str
    side: str
    field_: str
    got: str = ""
    fix: str = ""
    kit: Mapping[str, Any] = field(default_factory=dict)
    said: Mapping[str, Any] = field(default_factory=dict)
    registered: Mapping[str, Any] = field(default_factory=dict)
    login: Mapping[str, Any] = field(default_factory=dict)
    change: Callable[[str], str] = str
    person: Mapping[str, Any] = field(default_factory=dict)


MINE, OTHER = rsa_pair("mine"), rsa_pair("other")
SIGNED = {"authnRequestsSigned": True}
CLASS = "urn:oasis:names:tc:SAML:2.0:ac:classes:SmartcardPKI"
BROKEN = {
    "an entity ID with a slash more": Broken(
        "issuer", "application", "Issuer", f"{SP}/", "slash", kit={"entity_id": f"{SP}/"}),
    "an entity ID in upper case": Broken(
        "issuer", "application", "Issuer", "METADATA", "upper and lower case",
        kit={"entity_id": SP.replace("metadata", "METADATA")}),
    "an address with a slash more": Broken(
        "acs", "application", "AssertionConsumerServiceURL", f"{ACS}/", "slash", kit={"acs": f"{ACS}/"}),
    "an address by http": Broken(
        "acs", "application", "AssertionConsumerServiceURL", "http://", "X-Forwarded-Proto",
        kit={"acs": ACS.replace("https", "http")}),
    "an index that is not there": Broken(
        "acs_index", "application", "AssertionConsumerServiceIndex", "7", "register the address here",
        change=lambda xml: xml.replace(f'AssertionConsumerServiceURL="{ACS}"', 'AssertionConsumerServiceIndex="7"')),
    "no signature where one is required": Broken(
        "unsigned", "application", "Signature", "no signature", "signing of requests",
        said={"signing_certificates": [certificate(MINE)], "authn_requests_signed": True}),
    "a signature by another key": Broken(
        "certificate", "application", "certificate", "no registered certificate", "signs with a key that its metadata",
        said={"signing_certificates": [certificate(MINE)]}, kit={"pair": OTHER, "security": SIGNED}),
    "SHA-1": Broken(
        "signature_algorithm", "application", "SignatureMethod", "sha1", "RSA-SHA256",
        said={"signing_certificates": [certificate(MINE)]},
        kit={"pair": MINE, "security": {**SIGNED, "signatureAlgorithm": names.RSA_SHA1}}),
    "the Destination of an old host": Broken(
        "destination", "application", "Destination", "old.example", "the host is old.example",
        change=lambda xml: xml.replace('Destination="https://login.example', 'Destination="https://old.example')),
    "SAML 1.1": Broken(
        "version", "application", "Version", "1.1",
        change=lambda xml: xml.replace('Version="2.0"', 'Version="1.1"', 1)),
    "a NameID format that is not issued": Broken(
        "name_id_format", "application", "NameIDPolicy", "entity", "name_id_format=email",
        kit={"sp": {"NameIDFormat": names.NAMEID_ENTITY}}),
    "a NameID that this person has not": Broken(
        "name_id_of_person", "person", "NameID", "this person has none", "attribute email",
        kit={"sp": {"NameIDFormat": names.NAMEID_EMAIL}}, person={"email": None}),
    "a class of sign-in that nobody reaches": Broken(
        "authn_context", "application", "RequestedAuthnContext", "SmartcardPKI", "Switch",
        kit={"security": {"requestedAuthnContext": [CLASS]}}),
    "IsPassive without a sign-in": Broken(
        "passive", "application", "IsPassive", "true", "IsPassive", login={"is_passive": True}),
    "another binding": Broken(
        "binding", "application", "ProtocolBinding", "PAOS", "HTTP-POST",
        change=lambda xml: xml.replace(names.HTTP_POST, names.PAOS)),
    "a message that cannot be read": Broken(
        "saml_unreadable", "application", "ID", fix="xs:ID",
        change=lambda xml: xml.replace(" ID=", " Id=", 1)),
}  # fmt: skip


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
def test_R3_what_is_wrong_with_the_service_provider_is_named_with_side_field_and_fix(
    provider: Provider, watched: Watched, broken: Broken
) -> None:
    provider.add_person("ann", **broken.person)
    wiki = register(provider, said=facts(**broken.said), **broken.registered)
    look = watched(wiki)
    _run(provider, Toolkit(provider, **broken.kit), broken)
    found = {one.code: one for one in look().findings}
    assert broken.code in found, (found, look().steps)
    one = found[broken.code]
    assert (one.side, one.field) == (broken.side, broken.field_)
    assert broken.got in one.got
    assert broken.fix.lower() in one.fix.lower()
    assert [other.code for other in found.values() if other.weight == "wrong"] == [broken.code]


def _run(provider: Provider, kit: Toolkit, broken: Broken) -> None:
    browser = provider.browser()
    answer = browser.get(_changed(kit.login_url(**broken.login), broken.change))
    if answer.status == 200 and answer.is_login_page:
        sign_in(browser, answer)


def _message(url: str) -> str:
    return inflate(b64decode(dict(parse_qsl(urlsplit(url).query))["SAMLRequest"])).decode()


def _changed(url: str, change: Callable[[str], str]) -> str:
    parts = urlsplit(url)
    pairs = dict(parse_qsl(parts.query))
    xml = _message(url)
    changed = change(xml)
    if changed == xml:
        return url
    pairs["SAMLRequest"] = b64encode(deflate(changed.encode())).decode()
    return f"{parts.path}?{urlencode(pairs)}"


def test_R3_of_a_service_provider_that_does_all_right_nothing_is_said(provider: Provider, watched: Watched) -> None:
    provider.add_person("ann")
    wiki = register(provider)
    look = watched(wiki)
    kit, browser = Toolkit(provider), provider.browser()
    kit.accept(sign_in(browser, browser.get(kit.login_url())))
    report = look()
    assert not report.findings
    states = {one.kind: one.state for one in report.milestones}
    assert (states["sso"], states["answered"], states["slo"]) == ("ok", "ok", "missing")
    assert states["saml_metadata"] == "guessed"  # the toolkit read it, and did not say who it is


@pytest.mark.parametrize(("seconds", "weight"), [(-400, "wrong"), (-45, "note"), (45, "note"), (400, "wrong")])
def test_R3_the_clock_of_a_service_provider_is_told_in_seconds(
    provider: Provider, watched: Watched, clock: Clock, seconds: int, weight: str
) -> None:
    wiki = register(provider)
    url = Toolkit(provider).login_url()  # python3-saml has no clock but the machine's: ours is set by it
    (instant,) = re.findall(r'IssueInstant="([^"]+)"', _message(url))
    clock.now = datetime.fromisoformat(instant).timestamp() - seconds
    look = watched(wiki)
    provider.browser().get(url)
    (found,) = [one for one in look().findings if one.code == "clock"]
    assert (found.side, found.weight) == ("application", weight)
    assert found.got == off(seconds)
    assert "NTP" in found.fix


def test_R3_a_person_who_may_not_is_told_without_their_name(provider: Provider, watched: Watched) -> None:
    provider.add_person("ann", name="Ann Bell")
    wiki = register(provider, access=Access.only(groups=["Board"]))
    look = watched(wiki)
    browser = provider.browser()
    sign_in(browser, browser.get(Toolkit(provider).login_url()))
    report = look()
    assert [one.code for one in report.findings] == ["no_access"]
    kept = json.dumps(report.to_json(), ensure_ascii=False)
    assert not [one for one in ("ann@example.com", "Ann Bell", '"ann"') if one in kept]


def test_R3_an_assertion_is_not_kept(provider: Provider, watched: Watched) -> None:
    provider.add_person("ann", name="Ann Bell")
    look = watched(register(provider))
    browser = provider.browser()
    answer = sign_in(browser, browser.get(Toolkit(provider).login_url("https://wiki.example/where-from")))
    kept = json.dumps(look().to_json(), ensure_ascii=False)
    for told in ("Ann Bell", "ann@example.com", answer.sent["SAMLResponse"][:40], "where-from"):
        assert told not in kept
