"""Single logout: from each side, over both protocols, and threat 20 (forged, replayed and mass logout)."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from lxml import etree

from idp.http import OutboundRefused
from idp.saml.messages import encryption, names, soap
from idp.saml.messages.schema_types import instant
from idp.saml.messages.signing import sign
from idp.saml.messages.xml import Element, element, parse, serialize
from tests.backends import Clock, find_free_port
from tests.provider import Answer, App, Browser, Provider
from tests.receiver import Receiver
from tests.saml import xsw
from tests.saml.logging_out import (
    BOTH,
    Wiki,
    add,
    codes,
    hop_of,
    incoming,
    is_signed_by_us,
    is_signed_in,
    open_sessions,
)
from tests.saml.pairs import rsa_pair
from tests.saml.relying import NS, message


@pytest.fixture
def wiki(provider: Provider) -> Wiki:
    provider.add_person("ann")
    return add(provider, "wiki")


@pytest.fixture
def crm(provider: Provider) -> App:
    return provider.add_client("CRM")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.close()


# -- from a service provider -------------------------------------------------------------------------------------------


@pytest.mark.spec("SAMLProf 4.4.4")
def test_python3_saml_signs_out_and_the_openid_connect_application_is_out_too(
    provider: Provider, browser: Browser, wiki: Wiki, crm: App
) -> None:
    wiki.sign_in(browser)
    tokens = provider.tokens(crm, browser)
    auth = wiki.auth(wiki.slo)
    assert wiki.name_id is not None
    url = auth.logout(
        return_to="https://wiki.example/bye", name_id=wiki.name_id.text, session_index=wiki.session_index,
        name_id_format=wiki.name_id.get("Format"), nq=wiki.name_id.get("NameQualifier"),
        spnq=wiki.name_id.get("SPNameQualifier"),
    )  # fmt: skip
    answer = browser.get(url)
    assert answer.status == 303, answer.text
    assert browser.cookie("session") == ""
    assert not is_signed_in(provider, browser, crm)
    assert provider.refresh(crm, tokens["refresh_token"]).error == "invalid_grant"
    # The other application cannot be told, and the service provider hears so.
    location, root = incoming(answer.location)
    assert location == wiki.slo
    assert codes(root) == ["Responder", "PartialLogout"]
    query = urlsplit(answer.location).query
    back = wiki.auth(wiki.slo, dict(parse_qsl(query)), query)
    back.process_slo(keep_local_session=True, request_id=auth.get_last_request_id())
    assert back.get_errors() == ["logout_not_success"]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_alone_it_hears_success_with_its_relay_state(
    provider: Provider, browser: Browser, wiki: Wiki, method: str
) -> None:
    wiki.sign_in(browser)
    root = wiki.request()
    relay_state = 'r"<&>' + "x" * 200
    if method == "GET":
        answer = browser.get(wiki.redirect(root, relay_state=relay_state))
        _, response = incoming(answer.location)
        assert dict(parse_qsl(urlsplit(answer.location).query))["RelayState"] == relay_state
        query = urlsplit(answer.location).query
        back = wiki.auth(wiki.slo, dict(parse_qsl(query)), query)
        back.process_slo(keep_local_session=True, request_id=root.get("ID"))
        assert back.get_errors() == [], back.get_last_error_reason()
    else:
        sign(root, wiki.pair.signer())
        form = {"SAMLRequest": b64encode(serialize(root)).decode(), "RelayState": relay_state}
        answer = browser.open("POST", "saml/slo", form, cookies=False)
        response = message(answer)
        assert answer.form.action == wiki.slo
        assert answer.sent["RelayState"] == relay_state
        assert is_signed_by_us(provider, response)
    assert codes(response) == ["Success"]
    assert response.get("InResponseTo") == root.get("ID")
    assert response.get("Destination") == wiki.slo
    assert open_sessions(provider) == 0


@pytest.mark.spec("SAML2 Metadata 2.2.2")
def test_the_answer_goes_to_the_response_location_where_there_is_one(provider: Provider, browser: Browser) -> None:
    provider.add_person("ann")
    bye = "https://wiki.example/bye"
    wiki = add(provider, "wiki", responses_to=bye)
    wiki.sign_in(browser)
    answer = browser.get(wiki.redirect(wiki.request()))
    where, response = incoming(answer.location)
    assert where == response.get("Destination") == bye
    # Requests go to the other one.
    wiki.sign_in(browser)
    page = browser.follow(browser.submit(browser.get("logout"), "confirm"))
    assert incoming(hop_of(page))[0] == wiki.slo


def test_without_a_session_index_every_session_of_the_person_there_ends(
    provider: Provider, browser: Browser, wiki: Wiki, crm: App
) -> None:
    provider.add_person("bob")
    others, bobs = provider.browser(), provider.browser()
    wiki.sign_in(bobs, "bob")
    wiki.sign_in(others)
    wiki.sign_in(browser)
    browser.get(wiki.redirect(wiki.request(index=None)))
    assert not is_signed_in(provider, browser, crm)
    assert not is_signed_in(provider, others, crm)
    assert is_signed_in(provider, bobs, crm)


def test_with_one_only_that_session_ends(provider: Provider, browser: Browser, wiki: Wiki, crm: App) -> None:
    others = provider.browser()
    wiki.sign_in(others)
    wiki.sign_in(browser)
    browser.get(wiki.redirect(wiki.request()))
    assert not is_signed_in(provider, browser, crm)
    assert is_signed_in(provider, others, crm)


def test_an_asynchronous_request_is_not_answered(provider: Provider, browser: Browser, wiki: Wiki) -> None:
    wiki.sign_in(browser)
    root = wiki.request()
    space = "urn:oasis:names:tc:SAML:2.0:protocol:ext:async-slo"
    extensions = element(names.SAMLP, "Extensions")
    etree.SubElement(extensions, f"{{{space}}}Asynchronous")
    root.insert(1, extensions)
    answer = browser.get(wiki.redirect(root))
    assert answer.status == 200
    assert "signed out" in answer.dom.text
    assert open_sessions(provider) == 0


def test_an_encrypted_name_is_read(provider: Provider, browser: Browser, wiki: Wiki) -> None:
    wiki.sign_in(browser)
    root = wiki.request()
    plain = root.find("saml:NameID", NS)
    assert plain is not None
    ours = provider.services.certificates.active("encryption")
    public: Any = ours.private_key.public_key()
    recipient = encryption.choose(public, (), name="idp", certificate=ours.certificate)
    root.replace(plain, encryption.encrypted_id(parse(serialize(plain)), recipient))
    _, response = incoming(browser.get(wiki.redirect(root)).location)
    assert codes(response) == ["Success"]
    assert open_sessions(provider) == 0


# -- from us -----------------------------------------------------------------------------------------------------------


def test_signing_out_here_leads_through_the_service_providers_and_tells_what_each_said(
    provider: Provider, browser: Browser, wiki: Wiki, crm: App, clock: Clock
) -> None:
    blog = add(provider, "blog")
    wiki.sign_in(browser)
    clock.advance(1)
    blog.sign_in(browser)
    provider.tokens(crm, browser)
    page = browser.follow(browser.submit(browser.get("logout"), "confirm"))
    assert open_sessions(provider) == 0  # first of all
    for each, code in ((wiki, names.SUCCESS), (blog, names.RESPONDER)):
        location = hop_of(page)
        where, root = incoming(location)
        assert where == each.slo
        assert root.findtext("saml:NameID", "", NS) == (each.name_id.text if each.name_id is not None else "")
        assert root.findtext("samlp:SessionIndex", "", NS) == each.session_index
        if each is wiki:  # python3-saml takes it
            query = urlsplit(location).query
            auth = each.auth(each.slo, dict(parse_qsl(query)), query)
            back = auth.process_slo(keep_local_session=True)
            assert auth.get_errors() == [], auth.get_last_error_reason()
            answer = browser.get(back)
        else:
            answer = browser.get(each.redirect(each.response(root.get("ID", ""), code=code), "SAMLResponse"))
        page = browser.follow(answer)
    text = page.dom.text
    assert "Wiki It has confirmed that you are signed out" in text
    assert "Blog It has not answered" in text
    assert "CRM Its access has ended here" in text


def test_n30_the_walk_ends_in_the_persons_language_though_their_session_is_gone(
    provider: Provider, browser: Browser, wiki: Wiki
) -> None:
    provider.add_person("ben", claims={"locale": "de"})
    browser.headers["Accept-Language"] = "en"
    wiki.sign_in(browser, "ben")
    page = browser.follow(browser.submit(browser.get("logout"), "confirm"))
    assert page.dom.elements[0][1]["lang"] == "de"
    ended = browser.get(page.dom.find("a", id="sign-out-skip")[0]["href"])
    assert "Wiki" in ended.dom.text
    assert ended.dom.elements[0][1]["lang"] == "de"


def test_a_dead_service_provider_does_not_stall_the_others(
    provider: Provider, browser: Browser, wiki: Wiki, clock: Clock
) -> None:
    blog = add(provider, "blog", slo=(names.HTTP_POST,))
    wiki.sign_in(browser)
    clock.advance(1)
    blog.sign_in(browser)
    page = browser.follow(browser.submit(browser.get("logout"), "confirm"))
    assert incoming(hop_of(page))[0] == wiki.slo
    skip = page.dom.find("a", id="sign-out-skip")[0]["href"]
    page = browser.get(skip)  # no answer came: the person, or the page itself after some seconds, goes on
    assert page.form.action == blog.slo
    root = etree.fromstring(b64decode(dict(page.form.fields)["SAMLRequest"]))
    answered = blog.response(root.get("ID", ""))
    sign(answered, blog.pair.signer())
    form = {"SAMLResponse": b64encode(serialize(answered)).decode()}
    page = browser.follow(browser.open("POST", "saml/slo", form, cookies=False))
    assert "Wiki It has not answered" in page.dom.text
    assert "Blog It has confirmed" in page.dom.text


@pytest.mark.parametrize("binding", BOTH)
def test_where_nobody_listens_the_browser_is_not_sent(
    open_provider: Any, clock: Clock, receiver: Receiver, binding: str
) -> None:
    """It would show an error of its own there, and lead nowhere: the others would never be told."""
    dead = f"http://127.0.0.1:{find_free_port()}"
    provider = open_provider(
        server={"issuer": "http://127.0.0.1:8000"}, outbound={"allow": [dead, receiver.origin]}
    )  # fmt: skip
    provider.add_person("ann")
    browser = provider.browser()
    for slug, origin in (("dead", dead), ("live", receiver.origin), ("grave", dead)):
        add(provider, slug, slo=(binding,), origin=origin).sign_in(browser)
        clock.advance(1)
    page = browser.follow(browser.submit(browser.get("logout"), "confirm"))
    assert "Signing you out of Live" in page.dom.text
    assert receiver.origin in (page.form.action if binding == names.HTTP_POST else hop_of(page))
    assert receiver.bodies == []  # nothing was sent to find out
    text = browser.get(page.dom.find("a", id="sign-out-skip")[0]["href"]).dom.text
    assert [name for name in ("Dead", "Live", "Grave") if f"{name} It has not answered" in text] == [
        "Dead", "Live", "Grave",
    ]  # fmt: skip


def test_who_comes_back_from_an_application_that_led_nowhere_goes_on(
    provider: Provider, browser: Browser, wiki: Wiki, clock: Clock
) -> None:
    """By Back, or by asking to be signed out again."""
    wiki.sign_in(browser)
    clock.advance(1)
    add(provider, "blog").sign_in(browser)
    page = browser.follow(browser.submit(browser.get("logout"), "confirm"))
    assert incoming(hop_of(page))[0] == wiki.slo
    page = browser.follow(browser.get("logout"))
    assert incoming(hop_of(page))[0] == "https://blog.example/slo"
    page = browser.follow(browser.get("logout"))
    assert "Wiki It has not answered" in page.dom.text
    assert "Blog It has not answered" in page.dom.text
    assert browser.get("logout").status == 200
    stranger = provider.browser()
    assert not stranger.get("logout").is_redirect


def test_a_sign_out_at_one_service_provider_reaches_the_others_and_comes_back(
    provider: Provider, browser: Browser, wiki: Wiki
) -> None:
    blog = add(provider, "blog")
    wiki.sign_in(browser)
    blog.sign_in(browser)
    asked = wiki.request()
    page = browser.follow(browser.get(wiki.redirect(asked, relay_state="home")))
    where, root = incoming(hop_of(page))
    assert where == blog.slo
    answer = browser.get(blog.redirect(blog.response(root.get("ID", "")), "SAMLResponse"))
    answer = browser.follow(answer)
    where, response = incoming(answer.location)
    assert where == wiki.slo
    assert codes(response) == ["Success"]
    assert response.get("InResponseTo") == asked.get("ID")


def test_signing_out_of_an_openid_connect_application_ends_saml_too_and_returns(
    provider: Provider, browser: Browser, wiki: Wiki
) -> None:
    bye = "https://desk.example/bye"
    desk = provider.add_client("Desk", post_logout_redirect_uris=[bye])
    wiki.sign_in(browser)
    hint = provider.tokens(desk, browser)["id_token"]
    query = urlencode({"id_token_hint": hint, "post_logout_redirect_uri": bye, "state": "s"})
    page = browser.follow(browser.get(f"oauth/logout?{query}"))
    _, root = incoming(hop_of(page))
    answer = browser.follow(browser.get(wiki.redirect(wiki.response(root.get("ID", "")), "SAMLResponse")))
    assert answer.location == bye + "?state=s"
    # Nobody is signed in any more.
    assert browser.get(wiki.toolkit.login_url()).is_login_page


def by_soap(provider: Provider, root: Element) -> Answer:
    body = soap.encode_soap(root).body
    return provider.browser().open("POST", "saml/slo", body, {"Content-Type": "text/xml"})


# -- threat 20 ---------------------------------------------------------------------------------------------------------


def test_T20_an_unsigned_request_ends_nothing_though_sign_in_requests_may_be_unsigned(
    provider: Provider, browser: Browser, wiki: Wiki, crm: App
) -> None:
    wiki.sign_in(browser)
    root = wiki.request()
    assert browser.get(wiki.redirect(root, signed=False)).is_error_page
    form = {"SAMLRequest": b64encode(serialize(root)).decode()}
    assert browser.open("POST", "saml/slo", form, cookies=False).is_error_page
    # An enveloped signature means nothing by HTTP-Redirect.
    sign(root, wiki.pair.signer())
    assert browser.get(wiki.redirect(root, signed=False)).is_error_page
    # Another one's key.
    wiki.pair = rsa_pair("evil")
    assert browser.get(wiki.redirect(wiki.request())).is_error_page
    assert is_signed_in(provider, browser, crm)


def test_T20_a_name_that_another_service_provider_was_told_ends_nothing(
    provider: Provider, browser: Browser, wiki: Wiki, crm: App
) -> None:
    evil = add(provider, "evil")
    elsewhere = provider.browser()
    provider.add_person("eve")
    evil.sign_in(elsewhere, "eve")
    wiki.sign_in(browser)
    evil.name_id, evil.session_index = wiki.name_id, wiki.session_index
    _, response = incoming(browser.get(evil.redirect(evil.request())).location)
    assert codes(response) == ["Requester", "UnknownPrincipal"]
    _, response = incoming(browser.get(evil.redirect(evil.request(index=None))).location)
    assert codes(response) == ["Requester", "UnknownPrincipal"]
    assert is_signed_in(provider, browser, crm)


def test_T20_a_shared_name_such_as_a_mail_address_ends_only_sessions_told_there(
    provider: Provider, browser: Browser, crm: App, wiki: Wiki
) -> None:
    evil = add(provider, "evil", format=names.NAMEID_EMAIL)
    blog = add(provider, "blog", format=names.NAMEID_EMAIL)
    blog.sign_in(browser)
    evil.name_id = blog.name_id
    _, response = incoming(browser.get(evil.redirect(evil.request(index=None))).location)
    assert codes(response) == ["Requester", "UnknownPrincipal"]
    assert is_signed_in(provider, browser, crm)


@pytest.mark.parametrize(
    "change", [{"NameQualifier": "https://other.example"}, {"SPNameQualifier": "https://other.example"},
               {"Format": names.NAMEID_EMAIL}]
)  # fmt: skip
def test_T20_every_qualifier_of_the_name_is_compared(
    provider: Provider, browser: Browser, wiki: Wiki, crm: App, change: dict[str, str]
) -> None:
    wiki.sign_in(browser)
    root = wiki.request()
    name_id = root.find("saml:NameID", NS)
    assert name_id is not None
    for name, value in change.items():
        name_id.set(name, value)
    _, response = incoming(browser.get(wiki.redirect(root)).location)
    assert codes(response) == ["Requester", "UnknownPrincipal"]
    assert is_signed_in(provider, browser, crm)


def test_T20_an_unsigned_or_foreign_response_confirms_nothing(provider: Provider, browser: Browser, wiki: Wiki) -> None:
    evil = add(provider, "evil")
    wiki.sign_in(browser)
    page = browser.follow(browser.submit(browser.get("logout"), "confirm"))
    skip = page.dom.find("a", id="sign-out-skip")[0]["href"]
    _, root = incoming(hop_of(page))
    asked = root.get("ID", "")
    for url in (
        wiki.redirect(wiki.response(asked), "SAMLResponse", signed=False),
        evil.redirect(evil.response(asked), "SAMLResponse"),
        wiki.redirect(wiki.response("_unknown"), "SAMLResponse"),
        wiki.redirect(wiki.response(asked, Destination="https://evil.example/"), "SAMLResponse"),
        wiki.redirect(wiki.response(asked, Destination=None), "SAMLResponse"),
    ):
        assert browser.get(url).is_error_page
    assert "Wiki It has not answered" in browser.get(skip).dom.text


def test_T20_a_request_is_taken_once_at_its_place_and_in_its_time(
    provider: Provider, browser: Browser, wiki: Wiki, crm: App, clock: Clock
) -> None:
    wiki.sign_in(browser)
    url = wiki.redirect(wiki.request())
    assert codes(incoming(browser.get(url).location)[1]) == ["Success"]
    wiki.sign_in(browser)
    old = wiki.redirect(wiki.request())
    for refused in (
        url,
        wiki.redirect(wiki.request(Destination="https://login.example/saml/sso")),
        wiki.redirect(wiki.request(Destination=None)),
        wiki.redirect(wiki.request(NotOnOrAfter=instant(clock() - 3600))),
        wiki.redirect(wiki.request(IssueInstant=instant(clock() - 3600))),
    ):
        assert codes(incoming(browser.get(refused).location)[1])[0] == "Requester"
    assert is_signed_in(provider, browser, crm)
    clock.advance(900)
    assert codes(incoming(browser.get(old).location)[1])[0] == "Requester"
    assert is_signed_in(provider, browser, crm)


def test_T20_a_logout_message_is_no_sign_in_message_and_the_other_way_round(
    provider: Provider, browser: Browser, wiki: Wiki
) -> None:
    wiki.sign_in(browser)
    sso = browser.get(wiki.redirect(wiki.request()).replace("/saml/slo?", "/saml/sso?"))
    assert sso.is_error_page
    login = wiki.toolkit.login_url().replace("/saml/sso?", "/saml/slo?")
    assert browser.get(login).is_error_page
    assert open_sessions(provider) == 1


def test_T20_soap_from_the_net_ends_nothing_without_a_signature(
    provider: Provider, browser: Browser, wiki: Wiki, crm: App
) -> None:
    wiki.sign_in(browser)
    for body in (soap.encode_soap(wiki.request()).body, b"<x/>", b"", b"<!DOCTYPE x><x/>"):
        answer = provider.browser().open("POST", "saml/slo", body, {"Content-Type": "text/xml"})
        assert answer.status == 500
        assert b"Fault" in answer.body
    assert is_signed_in(provider, browser, crm)
    assert provider.events("error:shown") or provider.events()


def test_signed_soap_ends_the_session_and_is_answered_by_soap(
    provider: Provider, browser: Browser, wiki: Wiki, crm: App
) -> None:
    wiki.sign_in(browser)
    root = wiki.request(Destination=None)
    sign(root, wiki.pair.signer())
    answer = by_soap(provider, root)
    assert answer.status == 200, answer.text
    response = etree.fromstring(soap.decode_soap(answer.body).message)
    assert codes(response) == ["Success"]
    assert response.get("InResponseTo") == root.get("ID")
    assert not is_signed_in(provider, browser, crm)


def test_soap_cannot_reach_those_that_need_the_browser_and_says_so(
    provider: Provider, browser: Browser, wiki: Wiki
) -> None:
    add(provider, "blog").sign_in(browser)
    wiki.sign_in(browser)
    root = wiki.request()
    sign(root, wiki.pair.signer())
    response = etree.fromstring(soap.decode_soap(by_soap(provider, root).body).message)
    assert codes(response) == ["Responder", "PartialLogout"]
    assert open_sessions(provider) == 0


def test_a_service_provider_with_soap_is_told_without_the_browser(open_provider: Any, receiver: Receiver) -> None:
    provider = open_provider(server={"issuer": "http://127.0.0.1:8000"}, outbound={"allow": [receiver.origin]})
    provider.add_person("ann")
    browser = provider.browser()
    wiki = add(provider, "wiki", soap=receiver.origin + "/slo")
    wiki.sign_in(browser)
    signed = True

    def answering(body: bytes) -> tuple[int, str, bytes]:
        root = etree.fromstring(soap.decode_soap(body).message)
        assert is_signed_by_us(provider, root)
        assert root.findtext("samlp:SessionIndex", "", NS) == wiki.session_index
        response = wiki.response(root.get("ID", ""))
        if signed:
            sign(response, wiki.pair.signer())
        return 200, "text/xml", soap.encode_soap(response).body

    receiver.answering = answering
    page = browser.submit(browser.get("logout"), "confirm")
    assert "Wiki It has confirmed" in page.dom.text
    signed = False  # an answer without a signature confirms nothing
    wiki.sign_in(browser)
    page = browser.follow(browser.submit(browser.get("logout"), "confirm"))
    assert incoming(hop_of(page))[0] == wiki.slo
    page = browser.get(page.dom.find("a", id="sign-out-skip")[0]["href"])
    assert "Wiki It has not answered" in page.dom.text


def test_whom_soap_does_not_reach_the_browser_tells_where_it_can(provider: Provider, browser: Browser) -> None:
    """A server on a private address, say: people's machines reach it, and we do not."""
    provider.add_person("ann")
    wiki, blog = (
        add(provider, "wiki", soap="https://10.0.0.1/slo"),
        add(provider, "blog", slo=(), soap="https://10.0.0.1/slo"),
    )
    wiki.sign_in(browser)
    blog.sign_in(browser)
    page = browser.follow(browser.submit(browser.get("logout"), "confirm"))
    where, root = incoming(hop_of(page))
    assert where == wiki.slo
    page = browser.follow(browser.get(wiki.redirect(wiki.response(root.get("ID", "")), "SAMLResponse")))
    assert "Wiki It has confirmed" in page.dom.text
    assert "Blog It has not answered" in page.dom.text
    jobs = provider.services.jobs
    waiting = {job.payload["client_id"]: job for job in jobs.pending()}
    jobs.perform(waiting[wiki.client.id].name, waiting[wiki.client.id].payload)  # has nothing left to do
    with pytest.raises(OutboundRefused):
        jobs.perform(waiting[blog.client.id].name, waiting[blog.client.id].payload)


def test_T1_no_wrapped_message_ends_a_session(provider: Provider, browser: Browser, wiki: Wiki, crm: App) -> None:
    wiki.sign_in(browser)
    root = wiki.request()
    sign(root, wiki.pair.signer())
    for name, forged in xsw.variants(serialize(root), rsa_pair("attacker")):
        answer = browser.open("POST", "saml/slo", {"SAMLRequest": b64encode(forged).decode()}, cookies=False)
        assert answer.is_error_page, name
        body = b'<s:Envelope xmlns:s="%s"><s:Body>%s</s:Body></s:Envelope>' % (names.SOAP.encode(), forged)
        assert browser.open("POST", "saml/slo", body, {"Content-Type": "text/xml"}).status == 500, name
    assert is_signed_in(provider, browser, crm)
