"""Q1, Q4, E1: who is told of an error is led to its page, and the page gives nothing away."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from idp import catalogue
from idp.accounts.person import Person
from idp.answers.symptoms.symptom import Cause, Symptom
from idp.cli import found_symptoms
from tests.provider import App, Browser, Provider, basic, bearer

_URI_CHARACTERS = re.compile(r"[\x21\x23-\x5B\x5D-\x7E]+")  # RFC 6749 §4.1.2.1


def page_of(provider: Provider, uri: str) -> str:
    """The text of the page that an error_uri leads to, opened by somebody unknown."""
    assert _URI_CHARACTERS.fullmatch(uri)
    assert uri.startswith(f"{provider.issuer}/errors/")
    answer = provider.browser().get(urlsplit(uri).path)
    assert answer.status == 200
    return answer.text


@pytest.mark.spec("RFC 6749 §5.2")
def test_Q1_an_error_of_the_token_endpoint_leads_to_its_page(provider: Provider, browser: Browser, crm: App) -> None:
    code = provider.sign_in(browser, crm).code
    answer = provider.redeem(crm, code, code_verifier="w" * 43)
    assert answer.json["error"] == "invalid_grant"
    assert answer.json["error_uri"].endswith("/errors/pkce_verifier")
    assert "do not share their sessions" in page_of(provider, answer.json["error_uri"])


@pytest.mark.spec("RFC 6749 §4.1.2.1")
@pytest.mark.parametrize("mode", ["query", "fragment", "form_post"])
def test_Q1_an_error_that_goes_back_to_the_application_has_an_id_and_leads_to_its_page(
    provider: Provider, browser: Browser, crm: App, mode: str
) -> None:
    answer = provider.authorize(browser, crm, response_mode=mode, prompt="made-up")
    sent = answer.sent
    error_id = re.search(r"E-[0-9A-Z]{5}-[0-9A-Z]{5}", sent["error_description"])
    assert error_id is not None
    assert sent["error_uri"] == f"{provider.issuer}/errors/prompt"
    (event,) = [one for one in provider.events("error:invalid_request") if one.error_id == error_id[0]]
    assert event.detail["kind"] == "prompt"


@pytest.mark.spec("RFC 6750 §3")
def test_Q1_the_challenge_of_userinfo_leads_to_the_page_as_well(provider: Provider) -> None:
    answer = provider.userinfo("made-up")
    uri = f"{provider.issuer}/errors/access_token"
    assert answer.json["error_uri"] == uri
    assert f'error_uri="{uri}"' in answer.headers["WWW-Authenticate"]
    assert "has ended" in page_of(provider, uri)


@pytest.mark.parametrize("path", ["oauth/introspect", "oauth/revoke"])
def test_Q1_introspection_and_revocation_lead_to_a_page(provider: Provider, crm: App, path: str) -> None:
    assert provider.post(path, crm, {}).json["error_uri"].endswith("/errors/token_missing")


def test_Q4_no_error_uri_tells_why_an_application_could_not_prove_itself(provider: Provider, crm: App) -> None:
    """Unknown, turned off, another secret, another method: one answer, one page; the record knows them apart."""
    off = provider.add_client("off")
    provider.services.registry.disable(off.id)
    tries = {
        "client_unknown": basic("c" + "a" * 24, "x"),
        "secret_wrong": basic(crm.id, "x"),
        "client_turned_off": basic(off.id, off.secret or ""),
    }
    told = set()
    for headers in tries.values():
        answer = provider.post("oauth/token", None, {"grant_type": "client_credentials"}, **headers)
        told.add((answer.status, answer.json["error_uri"], answer.json["error_description"].partition(" (")[0]))
    page = f"{provider.issuer}/errors/client_authentication"
    assert told == {(401, page, "Client authentication failed: it came by client_secret_basic.")}
    told.clear()
    for client_id in (crm.id, off.id, "c" + "a" * 24):  # they sent no secret, and that is all that they are told
        answer = provider.post("oauth/token", None, {"grant_type": "client_credentials", "client_id": client_id})
        told.add((answer.status, answer.json["error_uri"], answer.json["error_description"].partition(" (")[0]))
    assert told == {(401, page, "Client authentication failed: client_id alone came, with no secret.")}
    kinds = {event.detail["kind"] for event in provider.events("error:invalid_client")}
    assert kinds == {*tries, "client_auth_method"}


def test_Q4_every_kind_behind_one_answer_is_told_as_one(provider: Provider) -> None:
    """What can be told apart by nothing but a secret leads to one page."""
    for told_as in ("client_authentication", "refresh_token"):
        behind = [code for code in catalogue.codes() if getattr(catalogue.find(code), "told_as", "") == told_as]
        assert len(behind) >= 2
        assert {catalogue.path_of(code) for code in behind} == {f"/errors/{told_as}"}


def test_Q1_a_page_of_the_catalogue_costs_no_statement_and_may_be_kept(provider: Provider, browser: Browser) -> None:
    sql, verbs, answer = provider.counted(lambda: browser.get("/errors/redirect_uri"))
    assert (sql, verbs, answer.status) == ([], [], 200)
    assert answer.headers["Cache-Control"] == "public, max-age=3600"
    assert "Set-Cookie" not in answer.headers
    assert "Pragma" not in answer.headers
    assert "form_key" not in answer.text
    assert provider.browser().get("/errors/redirect_uri").text == answer.text


def test_Q1_an_unknown_code_is_answered_with_all_that_there_are(browser: Browser) -> None:
    for path in ("/errors/nothing-of-ours", "/errors/%3Cscript%3E", "/errors/..%2fentry"):
        answer = browser.get(path)
        assert answer.status == 404
    answer = browser.get("/errors/nothing_of_ours")
    assert "nothing_of_ours" not in answer.text
    assert 'href="/errors/redirect_uri"' in answer.text


def test_Q1_the_index_names_each_kind_once_and_each_page_opens(browser: Browser) -> None:
    index = browser.get("/errors")
    assert index.status == 200
    for code in catalogue.codes():
        entry = catalogue.find(code)
        assert entry is not None
        assert index.text.count(f'href="/errors/{entry.code}"') == 1
        page = browser.get(f"/errors/{code}")
        assert page.status == 200
        assert code != entry.code or entry.code in page.text


def test_Q1_an_error_page_of_a_person_leads_their_it_to_the_page(
    provider: Provider, browser: Browser, crm: App
) -> None:
    answer = provider.authorize(browser, crm, redirect_uri="https://elsewhere.example/")
    assert answer.is_error_page
    assert f'href="{provider.issuer}/errors/redirect_uri"' in answer.text


def test_Q1_a_problem_of_the_api_leads_to_its_page(provider: Provider) -> None:
    answer = provider.browser().open("GET", "/api/v1/nothing", None, bearer("x"), cookies=False)
    assert answer.json["type"] == "urn:doorward:problem:not-found"
    assert answer.json["help"] == f"{provider.issuer}/errors/api_not_found"
    page_of(provider, answer.json["help"])


def test_Q1_what_fails_by_one_kind_is_one_row_and_another_kind_another(
    provider: Provider, browser: Browser, crm: App, ann: Person, clock: Any
) -> None:
    for sent in ({"prompt": "made-up"}, {"prompt": "other"}, {"max_age": "x"}):
        provider.authorize(browser, crm, **sent)
    rows = {event.detail["kind"]: event.detail["times"] for event in provider.events("error:invalid_request")}
    assert rows == {"prompt": 2, "max_age": 1}


def test_Q2_each_symptom_has_a_page_from_the_row_that_the_document_has(provider: Provider, browser: Browser) -> None:
    index = browser.get("/errors")
    document = (Path(__file__).parents[2] / "docs" / "symptoms.md").read_text("utf-8")
    for one in catalogue.symptoms().values():
        entry = catalogue.find(one.code)  # an error of the same name: one page has both
        assert catalogue.symptom_path(one.code) == f"/errors/{one.code}"
        assert index.text.count(f'href="/errors/{one.code}"') == int(entry is None or entry.code == one.code)
        page = browser.get(f"/errors/{one.code}")
        assert page.status == 200
        assert (one if entry is None else entry).title in page.dom.text
        assert one.means.replace("`", "").replace(" ", "") in page.dom.text.replace(" ", "")
        assert f"## {one.code}\n\n**{one.title}.** {one.means}\n" in document


def test_Q2_a_page_of_a_symptom_costs_no_statement_and_may_be_kept(provider: Provider, browser: Browser) -> None:
    sql, verbs, answer = provider.counted(lambda: browser.get("/errors/codes_never_redeemed"))
    assert (sql, verbs, answer.status) == ([], [], 200)
    assert answer.headers["Cache-Control"] == "public, max-age=3600"


def test_Q2_a_symptom_leads_to_its_page_on_this_server(provider: Provider, browser: Browser) -> None:
    for code in catalogue.symptoms():
        cause = Cause("It waits.", "It is late.", "Wait.")
        one = Symptom(code=code, side="nobody", field="x", what="x", causes=(cause,), times=1, since=0, last_at=0)
        *_, more = found_symptoms.lines(one, provider.services.url(one.docs))
        assert browser.get(urlsplit(more.split()[-1]).path).status == 200
