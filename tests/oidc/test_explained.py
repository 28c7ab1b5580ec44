"""N24, N40: whatever an application is told went wrong has an id, under which an admin reads whose fault it is."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from idp import audit
from idp.accounts.person import Person
from idp.audit import Event
from tests.backends import Clock
from tests.oidc.test_backchannel import LOCAL, sign_out
from tests.provider import Answer, App, Browser, Provider, basic, new_key

ID = re.compile(r" \((E-[2-9A-HJ-NP-Z]{5}-[2-9A-HJ-NP-Z]{5})\)$")
PRINTABLE = re.compile(r"[\x20-\x21\x23-\x5B\x5D-\x7E]+")


def id_of(answer: Answer) -> str:
    """The id in an error's description."""
    sent = answer.sent if answer.is_redirect else answer.json
    assert PRINTABLE.fullmatch(sent["error_description"])
    found = ID.search(sent["error_description"])
    assert found, sent
    return found[1]


def story(provider: Provider, answer: Answer) -> Event:
    [event] = audit.explain(provider.services.db, id_of(answer))
    return event


def secret_request(provider: Provider, app: App, secret: str, **form: str) -> Answer:
    data = {"grant_type": "client_credentials", **form}
    return provider.post("oauth/token", None, data, **basic(app.id, secret))


@pytest.mark.spec("RFC 6749 5.2")
def test_n24_a_wrong_secret_has_an_id_with_the_application_the_side_and_the_fix(provider: Provider, crm: App) -> None:
    answer = secret_request(provider, crm, "wrong")
    assert (answer.status, answer.error) == (401, "invalid_client")
    event = story(provider, answer)
    assert (event.action, event.client_id) == ("error:invalid_client", crm.id)
    assert event.detail["side"] == "application"
    assert f"doorward client secret {crm.id}" in event.detail["fix"]
    assert "wrong or expired secret" in event.detail["what"]
    assert "grant_type=client_credentials" in event.detail["evidence"]


@pytest.mark.spec("RFC 6749 4.1.2.1")
def test_n24_a_missing_challenge_has_an_id_and_names_the_setting_that_helps(
    provider: Provider, browser: Browser, crm: App
) -> None:
    answer = provider.authorize(browser, crm, code_challenge=None, code_challenge_method=None)
    assert answer.error == "invalid_request"
    event = story(provider, answer)
    assert event.client_id == crm.id
    assert f"doorward client set {crm.id} profile=legacy" in event.detail["fix"]
    assert f"redirect_uri={crm.redirect_uri}" in event.detail["evidence"]


@pytest.mark.parametrize(
    ("path", "params", "error"),
    [
        ("oauth/token", {"grant_type": "password", "username": "ann", "password": "x"}, "unsupported_grant_type"),
        ("oauth/token", {"grant_type": "authorization_code", "code": "dwc_x.y"}, "invalid_grant"),
        ("oauth/token", {"grant_type": "refresh_token", "refresh_token": "dwr_0.x"}, "invalid_grant"),
        ("oauth/token", {}, "invalid_request"),
        ("oauth/introspect", {}, "invalid_request"),
        ("oauth/revoke", {}, "invalid_request"),
    ],
)
def test_n24_every_error_of_every_endpoint_has_an_id(
    provider: Provider, crm: App, path: str, params: dict[str, str], error: str
) -> None:
    answer = provider.post(path, crm, params)
    assert answer.error == error
    assert story(provider, answer).client_id == crm.id


@pytest.mark.parametrize(
    ("overrides", "error"),
    [
        ({"prompt": "none"}, "login_required"),
        ({"request": "x"}, "invalid_request_object"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"prompt": "dance"}, "invalid_request"),
    ],
)
def test_n24_so_has_every_error_of_the_authorization_endpoint(
    provider: Provider, browser: Browser, crm: App, overrides: dict[str, str], error: str
) -> None:
    answer = provider.authorize(browser, crm, **overrides)
    assert answer.error == error
    assert story(provider, answer).client_id == crm.id


@pytest.mark.spec("RFC 6750 3")
def test_n24_the_challenge_of_userinfo_says_the_same_as_the_body(provider: Provider) -> None:
    answer = provider.userinfo("dwa_0.x")
    assert f'error_description="{answer.json["error_description"]}"' in answer.headers["WWW-Authenticate"]
    assert id_of(answer)


def test_n24_no_secret_code_or_token_stands_in_what_came(provider: Provider, browser: Browser, crm: App) -> None:
    code = provider.sign_in(browser, crm).code
    form = {"client_secret": "s3cret-value", "code": code, "code_verifier": "v" * 43, "refresh_token": "dwr_tok.en"}
    answer = provider.post("oauth/token", None, {"grant_type": "authorization_code", "client_id": crm.id, **form})
    said = str(story(provider, answer))
    for value in ("s3cret-value", code, "v" * 43, "dwr_tok.en"):
        assert value not in said


def test_n24_what_goes_wrong_alike_is_one_row_that_counts(provider: Provider, crm: App, clock: Clock) -> None:
    ids = {id_of(secret_request(provider, crm, f"wrong {n}")) for n in range(50)}
    assert len(ids) == 1
    [event] = provider.events("error:invalid_client")
    assert event.detail["times"] == 50
    clock.advance(20)
    again = secret_request(provider, crm, "wrong once more", scope="late")
    assert id_of(again) in ids
    event = story(provider, again)
    assert (event.detail["times"], event.detail["last_at"]) == (51, clock())
    assert "scope=late" in event.detail["evidence"]  # the latest is shown
    clock.advance(3600)
    assert id_of(secret_request(provider, crm, "wrong")) not in ids


def test_n24_other_faults_and_other_applications_have_rows_of_their_own(provider: Provider, crm: App) -> None:
    desk = provider.add_client("Desk")
    answers = [
        secret_request(provider, crm, "wrong"), secret_request(provider, desk, "wrong"),
        provider.post("oauth/token", None, {"grant_type": "client_credentials", "client_id": crm.id}),
        provider.client_credentials(crm, scope="x"),
    ]  # fmt: skip
    assert len({id_of(answer) for answer in answers}) == 4


def test_n24_a_stranger_with_a_thousand_names_makes_one_row(provider: Provider) -> None:
    for n in range(200):
        data = {"grant_type": "client_credentials", "client_id": f"c{n}", "client_secret": "x", f"p{n}": "y"}
        assert provider.post("oauth/token", None, data).error == "invalid_client"
        provider.userinfo(f"dwa_{n}.x")
    assert len(provider.events()) == 2


def test_n24_a_flood_of_different_faults_is_bounded_as_error_pages_are(
    open_provider: Callable[..., Provider],
) -> None:
    provider = open_provider(audit={"errors_per_minute": 3})
    apps = [provider.add_client(f"App {n}") for n in range(6)]
    before = len(provider.events())
    for app in apps:
        assert id_of(secret_request(provider, app, "wrong"))
    assert len(provider.events()) == before + 3


def test_n24_a_row_that_could_not_be_written_is_kept_for_the_next_time(
    provider: Provider, crm: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: Any, **params: Any) -> None:
        raise OSError("no space")

    with monkeypatch.context() as patched:
        patched.setattr(provider.services.db, "run", broken)
        answer = secret_request(provider, crm, "wrong")
        assert answer.error == "invalid_client"
        with pytest.raises(OSError, match="no space"):
            provider.services.faults.flush()
    provider.services.faults.flush()
    assert story(provider, answer).detail["times"] == 1


def test_n24_answering_writes_nothing_and_a_flood_writes_one_row_now_and_then(
    provider: Provider, crm: App, clock: Clock
) -> None:
    def many() -> None:
        for n in range(20):
            secret_request(provider, crm, f"wrong {n}")

    secret_request(provider, crm, "wrong")
    provider.services.faults.flush()
    sql, _, _ = provider.counted(many)
    assert [text for text in sql if "events" in text] == []
    sql, _, _ = provider.counted(provider.services.faults.flush)
    assert sql == []
    clock.advance(6)
    sql, _, _ = provider.counted(provider.services.faults.flush)
    # The row itself once, and the count that the chain holds (O1).
    assert [text.split()[0] for text in sql] == ["SELECT", "UPDATE", "INSERT"]


def test_n24_a_row_of_another_hour_is_not_written_over(provider: Provider, crm: App, clock: Clock) -> None:
    first = story(provider, secret_request(provider, crm, "wrong"))
    clock.advance(3601)
    second = story(provider, secret_request(provider, crm, "wrong"))
    assert first.id != second.id
    assert len(provider.events("error:invalid_client")) == 2


def test_n40_the_log_names_the_client_of_a_request_that_proved_nothing(
    provider: Provider, crm: App, ann: Person
) -> None:
    lines: list[dict[str, Any]] = []

    class Log:
        def info(self, event: str, **about: Any) -> None:
            lines.append({"event": event, **about})

    faults = provider.services.faults
    faults._log = Log()
    own = provider.add_client("Own", key=new_key())
    secret_request(provider, crm, "wrong")
    provider.post("oauth/token", None, {"grant_type": "client_credentials", "client_id": crm.id})
    stranger_key = App(own.client, None, new_key())
    provider.client_credentials(stranger_key)
    assert [(line["event"], line["client_id"], line["error"]) for line in lines] == [
        ("token_error", crm.id, "invalid_client"), ("token_error", crm.id, "invalid_client"),
        ("token_error", own.id, "invalid_client"),
    ]  # fmt: skip
    assert all(line["error_id"] for line in lines)


# -- what an application cannot be told ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("uri", "reason", "origin"),
    [
        ("https://10.1.2.3/logout", "not a public address", "https://10.1.2.3"),
        ("https://127.0.0.1:9/bye", "not a public address", "https://127.0.0.1:9"),
        ("http://127.0.0.1:9/bye", "https is required", "http://127.0.0.1:9"),
    ],
)
def test_n24_a_logout_address_that_the_guard_refuses_is_told_with_the_setting(
    open_provider: Callable[..., Provider], uri: str, reason: str, origin: str
) -> None:
    provider = open_provider(server=LOCAL)
    provider.add_person("ann")
    app = provider.add_client("Wiki", backchannel_logout_uri=uri)
    browser = provider.browser()
    provider.tokens(app, browser)
    assert "Not confirmed" in sign_out(browser).dom.text
    [event] = provider.events("error:logout_not_delivered")
    assert (event.client_id, event.detail["side"]) == (app.id, "doorward")
    assert reason in event.detail["what"]
    assert f'add "{origin}" to outbound.allow' in event.detail["fix"]
    assert audit.explain(provider.services.db, event.error_id or "") == [event]


def test_n24_so_is_an_application_that_answers_wrongly_with_its_own_fix(
    open_provider: Callable[..., Provider],
) -> None:
    from tests.receiver import Receiver

    receiver = Receiver()
    try:
        provider = open_provider(server=LOCAL, outbound={"allow": [receiver.origin]})
        provider.add_person("ann")
        app = provider.add_client("Wiki", backchannel_logout_uri=receiver.origin + "/logout")
        receiver.status = 501
        browser = provider.browser()
        provider.tokens(app, browser)
        sign_out(browser)
        [job] = [job for job in provider.services.jobs.pending() if job.name == "oidc.logout"]
        for _ in range(3):
            with pytest.raises(Exception, match="status 501"):
                provider.services.jobs.perform(job.name, job.payload)
    finally:
        receiver.close()
    [event] = provider.events("error:logout_not_delivered")
    assert (event.detail["side"], event.detail["times"]) == ("application", 4)
    assert "status 501" in event.detail["what"]


@pytest.mark.spec("RFC 6749 §5.2")
@pytest.mark.parametrize("secret", ["wrong", "", 'a"b\\c', "\u00e9"])
def test_Q1_the_challenge_says_what_the_body_says(provider: Provider, crm: App, secret: str) -> None:
    """Libraries that throw the challenge of a 401 (openid-client) show nothing else to their developer."""
    answer = provider.post("oauth/token", None, {"grant_type": "client_credentials"}, **basic(crm.id, secret))
    challenge = answer.headers["WWW-Authenticate"]
    assert challenge.startswith('Basic realm="doorward", charset="UTF-8", error="invalid_client", ')
    assert f'error_description="{answer.json["error_description"]}"' in challenge
    assert id_of(answer) in challenge
    assert f'error_uri="{answer.json["error_uri"]}"' in challenge
