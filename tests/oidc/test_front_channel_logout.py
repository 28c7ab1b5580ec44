"""OpenID Connect Front-Channel Logout 1.0: frames of a sign-out, and what the page says of them (S52, A7)."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from clients.errors import InvalidMetadata
from idp.accounts.person import Person
from tests.oidc.logging_out import BYE, log_out
from tests.oidc.verifying import verified
from tests.provider import Answer, App, Browser, Provider


def framed(provider: Provider, name: str, **metadata: Any) -> App:
    slug = name.lower()
    values = {"frontchannel_logout_uri": f"https://{slug}.example/out?x=1", **metadata}
    return provider.add_client(name, **values)


def frames(page: Answer) -> list[str]:
    return [one["data-src"] for one in page.dom.find("iframe") if "data-src" in one]


def sign_out(browser: Browser) -> Answer:
    return browser.submit(browser.get("logout"), "confirm")


def csp(page: Answer) -> dict[str, str]:
    parts = (part.strip().partition(" ") for part in page.headers["Content-Security-Policy"].split(";"))
    return {name: value for name, _, value in parts}


@pytest.mark.spec("FCL 3")
def test_S52_each_application_of_the_session_is_asked_in_a_frame(
    provider: Provider, browser: Browser, ann: Person
) -> None:
    notes = framed(provider, "Notes", frontchannel_logout_session_required=True)
    board = framed(provider, "Board")
    framed(provider, "Never", frontchannel_logout_session_required=True)  # nobody signed in to it
    tokens = provider.tokens(notes, browser)
    provider.tokens(board, browser)
    claims = verified(provider, tokens["id_token"], audience=notes.id)
    page = browser.get(sign_out(browser).location)
    asked = {urlsplit(one).netloc: parse_qs(urlsplit(one).query) for one in frames(page)}
    assert asked == {
        "notes.example": {"x": ["1"], "iss": [provider.issuer], "sid": [claims["sid"]]}, "board.example": {"x": ["1"]},
    }  # fmt: skip
    policy = csp(page)
    assert set(policy["frame-src"].split()) == {"https://notes.example", "https://board.example"}
    assert policy["frame-ancestors"] == "'none'"
    for frame in page.dom.find("iframe"):
        assert frame["sandbox"] == "allow-scripts allow-same-origin"
    # Without JavaScript: the frames load all the same, and there are links and a way on.
    links = [one["href"] for one in page.dom.find("a")]
    assert set(frames(page)) <= set(links)
    on = next(one["href"] for one in page.dom.find("a", id="sign-out-skip"))
    done = browser.get(on)
    assert done.dom.text.count("Asked") == 2
    assert "cannot be known" in done.dom.text
    assert "frame-src" not in csp(done)


def test_no_other_page_may_have_frames(provider: Provider, browser: Browser, ann: Person) -> None:
    notes = framed(provider, "Notes")
    assert "frame-src" not in csp(provider.authorize(browser, notes))
    provider.sign_in(browser, notes)
    assert "frame-src" not in csp(browser.get("logout"))


@pytest.mark.spec("FCL 3, RPI 2")
def test_the_application_that_asked_is_among_them_and_the_browser_comes_back_to_it(
    provider: Provider, browser: Browser, ann: Person
) -> None:
    crm = framed(provider, "Crm", post_logout_redirect_uris=[BYE])
    tokens = provider.tokens(crm, browser)
    went = log_out(browser, id_token_hint=tokens["id_token"], post_logout_redirect_uri=BYE, state="s")
    page = browser.get(went.location)
    assert frames(page) == ["https://crm.example/out?x=1"]
    done = browser.get(page.dom.find("a", id="sign-out-skip")[0]["href"])
    assert done.location == BYE + "?state=s"
    assert provider.authorize(browser, crm, prompt="none").error == "login_required"


def test_who_is_told_by_the_back_channel_needs_no_frame_unless_it_is_silent(
    provider: Provider, browser: Browser, ann: Person
) -> None:
    both = framed(provider, "Both", backchannel_logout_uri="https://both.example/told")  # nobody answers there
    provider.tokens(both, browser)
    assert frames(browser.get(sign_out(browser).location)) == ["https://both.example/out?x=1"]


def test_the_page_of_one_browser_shows_no_other_whom_it_asked(
    provider: Provider, browser: Browser, ann: Person
) -> None:
    provider.tokens(framed(provider, "Notes"), browser)
    chain = sign_out(browser).location
    assert frames(browser.get(chain))
    assert not frames(provider.browser().get(chain))


@pytest.mark.spec("FCL 2")
@pytest.mark.parametrize(
    "said",
    [
        {"frontchannel_logout_uri": "https://other.example/out"},
        {"frontchannel_logout_uri": "https://notes.example:8443/out"},
        {"frontchannel_logout_uri": "http://notes.example/out"},
        {"frontchannel_logout_uri": "https://notes.example/out#x"},
        {"frontchannel_logout_uri": None, "frontchannel_logout_session_required": True},
    ],
)
def test_S52_the_address_is_of_the_applications_own_origin(provider: Provider, said: dict[str, Any]) -> None:
    with pytest.raises(InvalidMetadata) as caught:
        framed(provider, "Notes", **said)
    assert all(problem.field.startswith("frontchannel_logout") for problem in caught.value.problems)


@pytest.mark.spec("FCL 3.1")
def test_discovery_says_so(browser: Browser) -> None:
    document = browser.get(".well-known/openid-configuration").json
    assert document["frontchannel_logout_supported"] is True
    assert document["frontchannel_logout_session_supported"] is True


@pytest.mark.spec("OIDC-Core 8.1; FCL 3")
def test_S48_the_frame_names_a_session_as_its_own_sector_knows_it(
    provider: Provider, browser: Browser, ann: Person
) -> None:
    apart = framed(provider, "Apart", subject_type="pairwise", frontchannel_logout_session_required=True)
    claims = verified(provider, provider.tokens(apart, browser)["id_token"], audience=apart.id)
    (frame,) = frames(browser.get(sign_out(browser).location))
    assert parse_qs(urlsplit(frame).query)["sid"] == [claims["sid"]]
