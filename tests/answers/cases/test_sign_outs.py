"""Sign-outs that fail: a service provider by python3-saml, and an address for back-channel logout. Q1, Q5."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from idp.audit import Event
from idp.saml.messages import names
from tests.answers.telling import tells
from tests.answers.test_findings import errors
from tests.provider import Answer, Browser, Provider
from tests.receiver import Receiver
from tests.saml.logging_out import Wiki, add, hop_of, incoming
from tests.saml.pairs import rsa_pair

Send = Callable[[Wiki, Browser], Answer]
Opened = Callable[..., Provider]


def _request(**about: Any) -> Send:
    return lambda wiki, browser: browser.get(wiki.redirect(wiki.request(**about)))


def _named(text: str = "", **about: str) -> Send:
    def send(wiki: Wiki, browser: Browser) -> Answer:
        assert wiki.name_id is not None
        wiki.name_id.text = text or wiki.name_id.text
        for name, value in about.items():
            wiki.name_id.set(name, value)
        return browser.get(wiki.redirect(wiki.request()))

    return send


def _by_another_key(wiki: Wiki, browser: Browser) -> Answer:
    wiki.pair = rsa_pair("other")
    return browser.get(wiki.redirect(wiki.request()))


def _unsigned(wiki: Wiki, browser: Browser) -> Answer:
    return browser.get(wiki.redirect(wiki.request(), signed=False))


def _twice(wiki: Wiki, browser: Browser) -> Answer:
    root = wiki.request()
    browser.get(wiki.redirect(root))
    return browser.get(wiki.redirect(root))


def _answer_to_nothing(wiki: Wiki, browser: Browser) -> Answer:
    return browser.get(wiki.redirect(wiki.response("_nobody"), "SAMLResponse"))


#: What is sent, the field that must be named, and words of the fix.
MISTAKES: dict[str, tuple[Send, str, str]] = {
    "an unknown NameID": (_named("_somebodyelse"), "NameID", "another NameID"),
    "a NameID of another Format": (_named(Format=names.NAMEID_EMAIL), "Format", "another one"),
    "another SPNameQualifier": (_named(SPNameQualifier="https://other.example/"), "SPNameQualifier", "another one"),
    "another NameQualifier": (_named(NameQualifier="https://old.example/"), "NameQualifier", "another one"),
    "an unknown SessionIndex": (_request(index="_unknown"), "SessionIndex", "SessionIndex"),
    "an unsigned one": (_unsigned, "Signature", "must be signed"),
    "one by another key": (_by_another_key, "certificate", "doorward client refresh"),
    "one that comes twice": (_twice, "ID", "new ID"),
    "the Destination of an old host": (
        _request(Destination="https://old.example/slo"), "Destination", "metadata"),
    "an answer to nothing": (_answer_to_nothing, "InResponseTo", "ID of our LogoutRequest"),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_Q5_case_29_what_is_wrong_with_a_sign_out_message_is_named(provider: Provider, name: str) -> None:
    send, field, fix = MISTAKES[name]
    provider.add_person("ann")
    wiki, browser = add(provider, "wiki"), provider.browser()
    wiki.sign_in(browser)
    send(wiki, browser)
    (event,) = errors(provider)
    found = _finding(event)
    assert event.client_id == wiki.client.id  # `doorward explain` with its name has it
    assert (found["side"], found["field"]) == ("application", field), found
    assert fix in found["fix"], found


def test_Q5_case_29_an_unknown_session_index_says_what_the_session_had(provider: Provider) -> None:
    provider.add_person("ann")
    wiki, browser = add(provider, "wiki"), provider.browser()
    wiki.sign_in(browser)
    answer = browser.get(wiki.redirect(wiki.request(index="_unknown")))
    _, root = incoming(answer.location)
    said = root.findtext(f".//{{{names.SAMLP}}}StatusMessage")
    (event,) = errors(provider)
    found = _finding(event)
    assert (found["expected"], found["got"]) == (wiki.session_index, "_unknown")
    assert wiki.session_index not in str(said)  # Q4: it is told what it sent, and an id
    assert event.error_id in str(said)
    tells(
        29, client="python3-saml", person="", developer=str(said), finding=found,
        also={wiki.session_index: "<index>", wiki.client.id: "<id>"},
    )  # fmt: skip


def test_Q4_a_name_that_says_who_it_is_is_not_kept_whole(provider: Provider) -> None:
    provider.add_person("ann")
    wiki, browser = add(provider, "wiki", format=names.NAMEID_EMAIL), provider.browser()
    wiki.sign_in(browser)
    _named("somebody@example.com")(wiki, browser)
    (event,) = errors(provider)
    assert _finding(event)["expected"].startswith("a…@example.com")
    assert "ann@example.com" not in json.dumps(event.detail)


def test_Q5_a_partial_logout_has_an_id_and_whoever_failed_one_of_its_own(provider: Provider) -> None:
    provider.add_person("ann")
    wiki, board, browser = add(provider, "wiki"), add(provider, "board"), provider.browser()
    wiki.sign_in(browser)
    board.sign_in(browser)
    page = browser.follow(browser.get(wiki.redirect(wiki.request())))
    _, sent = incoming(hop_of(page))
    response = board.response(sent.get("ID", ""), code=names.RESPONDER)
    answer = browser.follow(browser.get(board.redirect(response, "SAMLResponse")))
    _, root = incoming(answer.location)
    partial, undelivered = sorted(errors(provider), key=lambda event: event.action == "error:logout_not_delivered")
    assert partial.error_id is not None
    assert partial.error_id in str(root.findtext(f".//{{{names.SAMLP}}}StatusMessage"))
    assert undelivered.client_id == board.client.id
    assert undelivered.detail["field"] == "StatusCode"
    assert undelivered.detail["got"] == names.RESPONDER


def test_Q5_an_application_without_a_logout_address_is_told_to_its_admins(provider: Provider) -> None:
    provider.add_person("ann")
    wiki, browser = add(provider, "wiki", slo=()), provider.browser()
    wiki.sign_in(browser)
    page = browser.get(wiki.redirect(wiki.request()))
    assert "You are signed out" in page.dom.text
    (event,) = errors(provider)
    assert event.detail["field"] == "SingleLogoutService"
    assert "doorward client refresh" in event.detail["fix"]


# -- back-channel logout ----------------------------------------------------------------------------------------------


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.close()


def _told(open_provider: Opened, receiver: Receiver, *, allowed: bool = True) -> tuple[Event, Answer]:
    """Somebody signs out here, and an application with that address is told."""
    provider = open_provider(
        server={"issuer": "http://127.0.0.1:8000"}, outbound={"allow": [receiver.origin] if allowed else []}
    )
    provider.add_person("ann")
    app = provider.add_client("CRM", backchannel_logout_uri=f"{receiver.origin}/backchannel")
    browser = provider.browser()
    provider.redeem(app, provider.sign_in(browser, app).code)
    page = browser.submit(browser.get("logout"), "confirm")
    (event,) = errors(provider)
    return event, page


def _json(error: Mapping[str, str]) -> Any:
    return lambda body: (400, "application/json", json.dumps(error).encode())


@pytest.mark.parametrize(
    ("status", "got", "fix"),
    [(404, "status 404", "nothing at this path"), (405, "405", "no POST"), (500, "status 500", "its log"),
     (302, "redirect", "register the address that it leads to"), (403, "403", "CSRF"), (401, "401", "sign-in")],
)  # fmt: skip
def test_Q5_case_19_an_address_that_does_not_confirm_is_named(
    open_provider: Opened, receiver: Receiver, status: int, got: str, fix: str
) -> None:
    receiver.status = status
    address = f"{receiver.origin}/backchannel"
    event, page = _told(open_provider, receiver)
    found = _finding(event)
    assert (found["side"], found["field"]) == ("application", "backchannel_logout_uri")
    assert address in found["expected"]
    assert got in found["got"]
    assert fix in " ".join(found["fix"].split())
    assert "CRM" in page.dom.text
    assert "If it still shows you as signed in, close its window" in page.dom.text


def test_Q5_case_19_what_the_application_says_itself_is_kept(open_provider: Opened, receiver: Receiver) -> None:
    receiver.answering = _json({"error": "invalid_request", "error_description": "wrong aud"})
    event, page = _told(open_provider, receiver)
    found = _finding(event)
    assert "status 400 (invalid_request: wrong aud)" in found["got"]
    tells(19, client="an HTTP server", person=_main(page), developer="", finding=found)


def test_Q5_case_19_a_private_address_is_ours_with_its_setting(open_provider: Opened, receiver: Receiver) -> None:
    event, _ = _told(open_provider, receiver, allowed=False)
    found = _finding(event)
    assert (found["side"], found["field"]) == ("doorward", "backchannel_logout_uri")
    assert "outbound.allow" in found["fix"]


def _finding(event: Event) -> Mapping[str, Any]:
    from dataclasses import asdict

    from idp.admin.problems import findings_of

    return asdict(findings_of(event)[0])


def _main(page: Answer) -> str:
    text = page.dom.text
    return text[text.index("You are signed out") :].partition("Sign in again")[0]
