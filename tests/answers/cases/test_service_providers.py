"""SAML cases 21 to 26 and 28 by python3-saml and pysaml2: what person, developer and admin are told. Q1, Q4, Q5."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import pytest
from saml2 import BINDING_HTTP_POST

from idp.saml.messages import names
from idp.saml.messages.http_redirect import decode_redirect, deflate
from idp.saml.metadata.sources.taking import apply
from tests.answers.telling import tells
from tests.answers.test_findings import errors
from tests.backends import Clock
from tests.provider import Answer, Provider
from tests.saml.asking import SSO, authn_request, by_post, by_redirect, policy, redirect_query, requested_context
from tests.saml.pairs import rsa_pair
from tests.saml.relying import ACS, SP, Toolkit, certificate, facts, register, sign_in
from tests.saml.sign_on.test_pysaml2 import ACS as DESK_ACS
from tests.saml.sign_on.test_pysaml2 import ENTITY, Desk

MINE, OTHER, FORMER = rsa_pair("mine"), rsa_pair("other"), rsa_pair("former")
SIGNED = {"authnRequestsSigned": True}


def _found(provider: Provider) -> Mapping[str, Any]:
    """What an admin reads first under the one error's id."""
    (event,) = errors(provider)
    found: Mapping[str, Any] = event.detail["findings"][0]
    return found


def _page(answer: Answer) -> tuple[str, str]:
    """What the person and the developer read on our page."""
    text = answer.dom.text
    person = text[text.index("This sign-in cannot go on", 20) :].partition("Go to the start")[0]
    developer = text.partition("For the developer of")[2].partition("Details as text")[0]
    return person, developer


def _status(kit: Toolkit, answer: Answer) -> tuple[str, str]:
    """What the library reports, and its developer reads."""
    return "", str(kit.read(answer).get_last_error_reason())


def _also(client: Any) -> Mapping[str, str]:
    return {client.id: "<id>", **dict.fromkeys((), "<certificate>")}


def _without_age(found: Mapping[str, Any]) -> Mapping[str, Any]:
    text = re.sub(r"given by hand .*? before this", "given by hand … before this", found["fix"])
    pair = {name: re.sub(r"SHA-256 [0-9a-f]+…", "SHA-256 …", found[name]) for name in ("expected", "got")}
    return {**found, **pair, "fix": re.sub(r"until \d{4}-\d\d-\d\d", "until <day>", text)}


def test_Q5_case_21_an_entity_id_with_a_slash_more(provider: Provider) -> None:
    wiki = register(provider)
    page = provider.browser().get(Toolkit(provider, f"{SP}/").login_url())
    person, developer = _page(page)
    found = _found(provider)
    assert (found["side"], found["field"], found["expected"]) == ("application", "Issuer", SP)
    assert f"{SP}/" in developer  # what it sent itself
    tells(21, client="python3-saml", person=person, developer=developer, finding=found, also=_also(wiki))


@pytest.mark.parametrize(
    "issuer", [SP.upper(), SP.replace("https", "http"), f"{SP}#", "https://wiki.example/saml", ACS]
)
def test_Q5_case_21_other_ways_to_miss_an_entity_id(provider: Provider, issuer: str) -> None:
    register(provider)
    page = provider.browser().get(Toolkit(provider, issuer).login_url())
    found = _found(provider)
    assert (found["code"], found["field"], found["expected"]) == ("issuer", "Issuer", SP)
    assert f" {SP} " not in page.dom.text  # Q4: the registered one is for the admin
    assert "Wiki" not in page.dom.text


def test_Q5_case_21_of_several_near_ones_the_nearest_is_expected_and_the_others_are_named(provider: Provider) -> None:
    register(provider)
    other = "https://wiki-test.example/metadata"
    register(provider, "Wiki test", facts(other, "https://wiki-test.example/acs"))
    provider.browser().get(Toolkit(provider, "https://wikitest.example/metadata").login_url())
    (event,) = errors(provider)
    first, second = (one for one in event.detail["findings"] if one["field"] == "Issuer")
    assert first["expected"] == other
    assert SP in second["expected"]
    assert second["reader"] == "house"


def test_Q5_case_21_our_own_entity_id_as_the_issuer(provider: Provider) -> None:
    register(provider)
    page = provider.browser().get(Toolkit(provider, provider.services.settings.saml_entity_id).login_url())
    assert "mixed up" in _found(provider)["fix"]
    assert "mixed up" in page.dom.text


def test_Q5_case_22_an_address_that_is_not_in_the_metadata(provider: Provider) -> None:
    wiki = register(provider)
    page = provider.browser().get(Toolkit(provider, acs="https://new.wiki.example/acs").login_url())
    person, developer = _page(page)
    found = _found(provider)
    assert (found["side"], found["field"]) == ("application", "AssertionConsumerServiceURL")
    assert f"doorward client set {wiki.id} acs+=https://new.wiki.example/acs" in found["fix"]
    assert "without metadata" in found["fix"]
    assert "client refresh" not in found["fix"]
    assert ACS not in page.text  # Q4
    tells(22, client="python3-saml", person=person, developer=developer, finding=_without_age(found), also=_also(wiki))


def test_Q1_an_address_of_another_host_is_not_put_into_a_command_as_anybody_can_send_one(provider: Provider) -> None:
    wiki = register(provider)
    provider.browser().get(Toolkit(provider, acs="https://notwiki.example/acs").login_url())
    assert f"doorward client set {wiki.id} acs+=… (anybody can send such a request" in _found(provider)["fix"]


@pytest.mark.parametrize("more", [{}, {"display_names": {"en": "Wiki"}}], ids=["typed", "of a document"])
def test_Q1_an_address_of_the_same_host_is_registered_by_the_command_that_is_offered(
    provider: Provider, more: dict[str, Any]
) -> None:
    wiki = register(provider, said=facts(**more))
    provider.browser().get(Toolkit(provider, acs=f"{ACS}2").login_url())
    fix = _found(provider)["fix"]
    assert f"doorward client set {wiki.id} acs+={ACS}2" in fix
    assert ("client refresh" in fix) is bool(more)  # nobody is told of metadata that there never was


@pytest.mark.parametrize("url", [ACS.replace("https", "http"), f"{ACS}#there", f"{ACS}?RelayState=x"])
def test_Q1_an_address_that_may_not_be_registered_is_not_offered(provider: Provider, url: str) -> None:
    """A command that is refused, when it is pasted, sends a tired admin round in circles."""
    register(provider)
    provider.browser().get(Toolkit(provider, acs=url).login_url())
    fix = _found(provider)["fix"]
    assert "could not be registered either (" in fix
    assert "doorward client set" not in fix


@pytest.mark.parametrize("what", ["id", "name"])
def test_Q5_case_21_the_client_id_or_the_name_in_the_place_of_the_entity_id(provider: Provider, what: str) -> None:
    wiki = register(provider)
    named = {"id": wiki.id, "name": wiki.name}[what]
    provider.browser().get(Toolkit(provider, entity_id=named).login_url())
    assert "in the place of its entity ID" in _found(provider)["fix"]


def test_Q5_case_22_an_address_of_ours_and_an_address_named_twice(provider: Provider) -> None:
    register(provider)
    browser = provider.browser()
    by_redirect(browser, authn_request(provider, AssertionConsumerServiceURL=provider.services.url(SSO)))
    assert "mixed up" in _found(provider)["fix"]
    by_redirect(browser, authn_request(provider, AssertionConsumerServiceURL=ACS, AssertionConsumerServiceIndex="0"))
    found = errors(provider)[-1].detail["findings"][0]
    assert (found["code"], found["field"]) == ("acs_twice", "AssertionConsumerServiceIndex")


def test_Q5_case_23_a_key_that_is_not_in_the_metadata(provider: Provider, tmp_path: Path) -> None:
    said = facts(ENTITY, DESK_ACS, signing_certificates=[certificate(MINE)])
    desk_here = register(provider, "Desk", said)
    desk = Desk(provider, tmp_path, OTHER, authn_requests_signed=True)
    person, developer = _page(desk.send(provider.browser(), BINDING_HTTP_POST))
    found = _found(provider)
    assert "CN=a test, 2020-01-01 to 2040-01-01" in found["got"]
    assert found["got"] != found["expected"]
    assert f"doorward client refresh {desk_here.id}" in found["fix"]
    tells(23, client="pysaml2", person=person, developer=developer, finding=_without_age(found),
          also=_also(desk_here))  # fmt: skip


@pytest.mark.parametrize("by", ["redirect", "post"])
def test_Q5_case_23_the_key_that_it_had_before_is_told_with_the_day(provider: Provider, by: str) -> None:
    wiki = register(provider, said=facts(signing_certificates=[certificate(FORMER)]))
    apply(provider.services, wiki, facts(signing_certificates=[certificate(MINE)]), provider.services.clock())
    send = by_redirect if by == "redirect" else by_post
    send(provider.browser(), authn_request(provider), pair=FORMER)
    found = _found(provider)
    assert found["code"] == "certificate_former"
    assert re.search(r"the key that its metadata had until \d{4}-\d\d-\d\d", found["fix"])


ENCODED = {
    "lower case": lambda query: re.sub(r"%[0-9A-F]{2}", lambda one: one[0].lower(), query),
    "plus for spaces": lambda query: query.replace("%20", "+"),
    "a slash left": lambda query: query.replace("%2F", "/"),
}


@pytest.mark.parametrize("how", ENCODED)
def test_Q5_case_23_a_query_that_a_proxy_encodes_anew_is_known(provider: Provider, how: str) -> None:
    register(provider, said=facts(signing_certificates=[certificate(MINE)]))
    query = redirect_query(authn_request(provider), "to /a b", pair=MINE)
    changed = ENCODED[how](query)
    assert changed != query
    provider.browser().get(f"{SSO}?{changed}")
    found = _found(provider)
    assert (found["code"], found["field"]) == ("message_changed", "Signature")
    assert "proxy" in found["fix"]


def test_Q5_case_23_a_relay_state_that_was_put_in_afterwards_is_known(provider: Provider) -> None:
    register(provider, said=facts(signing_certificates=[certificate(MINE)]))
    query = redirect_query(authn_request(provider), None, pair=MINE)
    provider.browser().get(f"{SSO}?{query}&RelayState=abc")
    assert "RelayState was left out" in _found(provider)["fix"]


def test_Q5_case_24_a_person_without_an_address(provider: Provider) -> None:
    provider.add_person("ann", email=None)
    wiki = register(provider, said=facts(name_id_formats=[names.NAMEID_EMAIL, names.NAMEID_PERSISTENT]))
    kit, browser = Toolkit(provider, sp={"NameIDFormat": names.NAMEID_EMAIL}), provider.browser()
    person, developer = _status(kit, sign_in(browser, browser.get(kit.login_url())))
    found = _found(provider)
    assert (found["side"], found["field"]) == ("person", "NameID")
    assert "it takes emailAddress, persistent" in found["fix"]
    assert f"doorward client set {wiki.id} name_id_format=persistent" in found["fix"]
    tells(24, client="python3-saml", person=person, developer=developer, finding=found, also=_also(wiki))


def test_Q5_case_24_a_format_that_is_nearly_one(provider: Provider) -> None:
    register(provider)
    wrong = names.NAMEID_EMAIL.replace("SAML:1.1", "SAML:2.0")
    by_redirect(provider.browser(), authn_request(provider, policy(wrong)))
    found = _found(provider)
    assert found["got"] == wrong
    assert f"is written {names.NAMEID_EMAIL}" in found["fix"]


@pytest.mark.parametrize(
    ("asked", "comparison", "words"),
    [(names.AC_SMARTCARD_PKI, "minimum", "https://refeds.org/profile/mfa"),
     ("urn:federation:authentication:windows", "exact", "PasswordProtectedTransport"),
     (names.REFEDS_MFA, "better", "Nothing here is better")],
)  # fmt: skip
def test_Q5_case_25_the_nearest_class_is_told(provider: Provider, asked: str, comparison: str, words: str) -> None:
    register(provider)
    by_redirect(provider.browser(), authn_request(provider, requested_context(asked, comparison=comparison)))
    found = _found(provider)
    assert (found["side"], found["field"]) == ("application", "RequestedAuthnContext")
    assert words in found["fix"]


def test_Q5_case_25_a_class_that_nobody_reaches(provider: Provider) -> None:
    wiki = register(provider)
    kit = Toolkit(provider, security={"requestedAuthnContext": [names.AC_SMARTCARD_PKI]})
    person, developer = _status(kit, provider.browser().get(kit.login_url()))
    found = _found(provider)
    tells(25, client="python3-saml", person=person, developer=developer, finding=found, also=_also(wiki))


def test_Q5_case_26_a_destination_of_an_old_host(provider: Provider) -> None:
    wiki = register(provider)
    kit = Toolkit(provider)
    url = kit.login_url()
    message = decode_redirect(urlsplit(url).query).message
    old = message.replace(b'Destination="https://login.example', b'Destination="http://old.example')
    assert old != message
    pairs = {**dict(parse_qsl(urlsplit(url).query)), "SAMLRequest": b64encode(deflate(old)).decode()}
    person, developer = _status(kit, provider.browser().get(f"{SSO}?{urlencode(pairs)}"))
    found = _found(provider)
    assert (found["side"], found["field"]) == ("application", "Destination")
    assert "read our metadata again" in found["fix"]
    assert provider.services.url(SSO) in developer
    tells(26, client="python3-saml", person=person, developer=developer, finding=found, also=_also(wiki))


def test_Q5_case_28_metadata_that_ran_out(provider: Provider, clock: Clock) -> None:
    wiki = register(provider, said=facts(valid_until=provider.services.clock() - 86_400), metadata_source="mgone")
    page = provider.browser().get(Toolkit(provider).login_url())
    person, developer = _page(page)
    found = _found(provider)
    assert (found["side"], found["field"]) == ("application", "validUntil")
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", found["got"])
    assert f"doorward client refresh {wiki.id}" in found["fix"]
    told = {
        **_without_age(found),
        "got": "<day>",
        "fix": re.sub(r"on \d{4}-\d\d-\d\d", "on <day>", _without_age(found)["fix"]),
    }
    tells(28, client="python3-saml", person=person, developer=developer, finding=told, also=_also(wiki))


def test_Q4_a_stranger_learns_nothing_registered_by_any_of_these(provider: Provider) -> None:
    register(provider, "Secretwiki", facts(signing_certificates=[certificate(MINE)], authn_requests_signed=True,
             acs="https://inside.example/registered-path"))  # fmt: skip
    browser = provider.browser()
    texts = [
        by_redirect(browser, authn_request(provider)).text,
        by_redirect(browser, authn_request(provider), pair=OTHER).text,
        by_redirect(browser, authn_request(provider, issuer=f"{SP}/")).text,
        by_redirect(browser, authn_request(provider, AssertionConsumerServiceURL=ACS)).text,
        browser.get(f"{SSO}?SAMLRequest={quote('x')}").text,
    ]
    assert not [one for one in texts if "registered-path" in one or "2040-01-01" in one or "client refresh" in one]
