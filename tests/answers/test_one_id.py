"""One id tells one thing; where it stands for several, each is told with its own time, request and evidence. Q1, N5."""

from __future__ import annotations

import json
from argparse import Namespace
from string import ascii_lowercase
from typing import Any

import pytest

from idp.admin import problems, surroundings
from idp.admin.actor import of_shell
from idp.audit import Event, causes, explain
from idp.audit.told import VARIANTS
from idp.cli.explain import explain_error
from idp.db import Database
from idp.errors import OAuthError
from idp.wire import Request
from tests.answers.test_findings import errors
from tests.backends import Clock
from tests.oidc.test_dpop import proof
from tests.oidc.test_explained import id_of, secret_request
from tests.provider import Answer, App, Provider, basic, new_key, public_jwk

SHELL = of_shell("cli:test")


@pytest.fixture
def crm(provider: Provider) -> App:
    return provider.add_client("CRM")


def under(provider: Provider, error_id: str) -> tuple[Event, ...]:
    (row,) = explain(provider.services.db, error_id)
    return causes.of_event(row)


def codes(events: tuple[Event, ...]) -> list[str]:
    return [one.detail["findings"][0]["code"] for one in events]


def of_client(provider: Provider, app: App) -> tuple[problems.Problem, ...]:
    client = provider.services.registry.find(app.id)
    assert client is not None
    return problems.of_application(provider.services, SHELL, client)


def test_Q1_a_wrong_secret_and_the_right_one_with_a_line_break_have_two_ids(provider: Provider, crm: App) -> None:
    first = id_of(secret_request(provider, crm, "wrong"))
    form = {"grant_type": "client_credentials", "client_id": crm.id, "client_secret": f"{crm.secret}\n"}
    second = id_of(provider.post("oauth/token", None, form))
    assert first != second
    assert codes(under(provider, first)) == ["secret_wrong"]
    assert codes(under(provider, second)) == ["secret_form"]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (("POST", "oauth2/token"), ("POST", "token")),
        (("POST", "token"), ("GET", "realms/master/.well-known/openid-configuration")),
    ],
)
def test_Q1_wrong_paths_of_nobody_knows_whom_have_ids_of_their_own(
    provider: Provider, first: tuple[str, str], second: tuple[str, str]
) -> None:
    form = {"grant_type": "authorization_code", "code": "x"}
    ids = []
    for method, path in (first, second):
        data = form if method == "POST" else None
        answer = provider.browser().open(method, path, data, {"Accept": "application/json"}, cookies=False)
        assert answer.status == 404
        ids.append(id_of(answer))
    assert ids[0] != ids[1]
    for (_, path), error_id in zip((first, second), ids, strict=True):
        (one,) = under(provider, error_id)
        assert path in one.detail["path"]


@pytest.mark.parametrize("claims", [{"htm": "GET"}, {"htu": "https://other.example/x"}, {"iat": 5}])
def test_Q1_each_claim_of_a_proof_has_an_id_of_its_own(
    provider: Provider, crm: App, claims: dict[str, Any]
) -> None:  # fmt: skip
    key, code = new_key(), {"grant_type": "authorization_code", "code": "x"}

    def asked(**claims: Any) -> Answer:
        return provider.post("oauth/token", None, code, **basic(crm.id, crm.secret or ""),
                             DPoP=proof(provider, key, **claims))  # fmt: skip

    other = asked(jti=None)
    assert id_of(asked(**claims)) == id_of(asked(**claims)) != id_of(other)


def test_Q1_what_is_told_alike_and_is_not_stands_side_by_side_under_the_id(
    provider: Provider, crm: App, clock: Clock
) -> None:
    begun = clock()
    told = [secret_request(provider, crm, "wrong"), secret_request(provider, crm, "another")]
    clock.advance(40)
    told.append(secret_request(provider, crm, (crm.secret or "").swapcase(), scope="late"))
    error_id = id_of(told[0])
    assert {id_of(one) for one in told} == {error_id}
    last, first = under(provider, error_id)
    assert codes((last, first)) == ["secret_form", "secret_wrong"]
    assert (last.detail["times"], first.detail["times"]) == (1, 2)
    assert (first.at, last.at) == pytest.approx((begun, begun + 40), abs=5)
    assert "scope=late" in last.detail["evidence"]
    assert "scope=late" not in first.detail["evidence"]
    assert last.request_id != first.request_id
    assert last.request_id not in str(first.detail)
    (row,) = errors(provider)
    assert (row.detail["times"], row.detail["last_at"]) == (3, last.detail["last_at"])


def test_Q1_two_that_come_within_one_moment_are_both_looked_at(provider: Provider, crm: App) -> None:
    for secret in ("wrong", (crm.secret or "").swapcase(), "wrong"):  # nothing is written between them
        error_id = id_of(secret_request(provider, crm, secret))
    found = under(provider, error_id)
    assert codes(found) == ["secret_wrong", "secret_form"]
    assert [one.detail["times"] for one in found] == [2, 1]


def test_Q1_the_command_tells_the_latest_and_what_else_stands_under_the_id(
    provider: Provider, crm: App, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    secret_request(provider, crm, "wrong")
    clock.advance(40)
    error_id = id_of(secret_request(provider, crm, (crm.secret or "").swapcase()))
    events = explain(provider.services.db, error_id)
    last, first = causes.of_event(events[0])
    explain_error(Namespace(json=False), provider.services, events)
    head, _, rest = capsys.readouterr().out.partition("Under this id also, ")
    assert "Caps Lock" in head
    assert "another one, of 5 characters" not in head
    assert f"request {last.request_id}" in head
    assert first.request_id not in head
    assert f"request {first.request_id}" in rest
    assert "another one, of 5 characters" in rest
    explain_error(Namespace(json=True), provider.services, events)
    told = json.loads(capsys.readouterr().out)
    assert (told["request_id"], told["also"][0]["request_id"]) == (last.request_id, first.request_id)
    assert told["also"][0]["findings"][0]["code"] == "secret_wrong"


def test_Q1_an_application_s_list_has_both_each_with_its_own_count(provider: Provider, crm: App) -> None:
    for secret in ("wrong", (crm.secret or "").swapcase(), "wrong"):
        secret_request(provider, crm, secret)
    found = {one.findings[0].code: one.times for one in of_client(provider, crm)}
    assert found == {"secret_wrong": 2, "secret_form": 1}


def test_Q1_after_a_restart_the_old_id_is_found_and_what_it_counts_is_counted(
    provider: Provider, crm: App, clock: Clock
) -> None:
    old = id_of(secret_request(provider, crm, "wrong"))
    provider.services.faults.flush(whole=True)
    again = provider.another()
    clock.advance(60)
    new = id_of(secret_request(again, crm, "wrong"))
    assert new != old
    (problem,) = of_client(again, crm)
    assert (problem.error_id, problem.also_under, problem.times) == (new, (old,), 2)
    found = surroundings.others(again.services, SHELL, under(again, old)[0])
    assert found is not None
    assert found.times == 2
    assert under(again, old)[0].detail["times"] == 1


def many(provider: Provider, crm: App, description: str, query: str = "") -> str:
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/api/dances", "QUERY_STRING": query}
    error = OAuthError("invalid_request", description, kind="parameter_missing")
    return provider.services.faults.told(error, request=Request(environ), client_id=crm.id)


def test_N5_words_make_so_many_ids_of_one_kind_in_an_hour_and_no_more(
    provider: Provider, crm: App, clock: Clock
) -> None:
    ids = [many(provider, crm, f"{letter} is missing") for letter in ascii_lowercase]
    assert len(set(ids)) == VARIANTS + 1
    assert ids[0] == many(provider, crm, "a is missing")
    assert ids[-1] == many(provider, crm, "and another")
    clock.advance(3601)
    assert many(provider, crm, "and another") not in ids


@pytest.mark.parametrize("said", ["dance=%s", "x=1&prompt=%s", "prompt=a%%20%s%%20b"])
def test_N5_what_a_request_sent_makes_no_id_of_its_own(provider: Provider, crm: App, said: str) -> None:
    ids = {
        many(provider, crm, f"prompt has {word}", said % word) for word in ("sing", "leap", "waltz", "a7", "https:b")
    }
    assert len(ids) == 1


def test_N5_five_causes_are_kept_under_an_id_and_the_rest_is_counted(provider: Provider, crm: App) -> None:
    for letter in ascii_lowercase[:9]:
        many(provider, crm, f"prompt '{letter}' is none")
        provider.services.faults.flush(whole=True)
    (row,) = errors(provider)
    found = causes.of_event(row)
    assert len(found) == causes.MOST
    assert row.detail["times"] == 9
    assert [one.detail["message"][8] for one in found] == ["i", "h", "g", "f", "e"]


def test_Q3_other_applications_are_those_with_the_same_wrong_and_never_itself(provider: Provider, crm: App) -> None:
    wiki = provider.add_client("Wiki")
    no_challenge = {"code_challenge": None, "code_challenge_method": None}
    provider.authorize(provider.browser(), wiki, **no_challenge)  # invalid_request, as what follows
    provider.post("oauth/token", crm, {})
    mine = next(one for one in errors(provider) if one.client_id == crm.id)
    assert mine.action == "error:invalid_request"
    assert others(provider, mine) == 0
    provider.post("oauth/token", wiki, {})
    assert others(provider, mine) == 1


def test_Q3_what_nobody_knows_the_application_of_may_be_the_very_same(provider: Provider, crm: App) -> None:
    wiki = provider.add_client("Wiki")
    error = OAuthError("invalid_request", "a form is expected", kind="not_a_form")
    request = Request({"REQUEST_METHOD": "POST", "PATH_INFO": "/oauth/token"})
    for client_id in ("", crm.id):
        provider.services.faults.told(error, request=request, client_id=client_id)
    nameless = next(one for one in errors(provider) if one.client_id is None)
    assert others(provider, nameless) == 0
    provider.services.faults.told(error, request=request, client_id=wiki.id)
    assert others(provider, nameless) == 1


def others(provider: Provider, event: Event) -> int | None:
    found = surroundings.others(provider.services, SHELL, event)
    assert found is not None
    return found.applications


def test_Q1_another_process_reads_what_came_last_at_once(provider: Provider, crm: App, clock: Clock) -> None:
    """The command reads the store alone: what stands there is what whoever tries one thing after the other asks of."""
    faults, seen = provider.services.faults, []
    elsewhere = Database(provider.services.settings.database_url)
    wrong = (("wrong", 5), ("another one", 11), (f"{crm.id}", len(crm.id)), ("y" * 43, 43))
    for secret, _ in wrong:
        faults.woken.clear()
        error_id = id_of(secret_request(provider, crm, secret))
        assert faults.woken.is_set()
        faults.flush()  # as the background does when it is woken
        (row,) = explain(elsewhere, error_id)
        seen.append(row.detail["findings"][0]["got"])
    assert seen == [f"another one, of {length} characters" for _, length in wrong]


def test_Q1_the_seventh_of_a_row_is_looked_at_as_the_first_is(provider: Provider, crm: App, clock: Clock) -> None:
    """Seven things tried within half an hour, as people do, whose words are one: the last is what was tried last."""
    for secret in [f"wrong {n}" for n in range(6)]:
        secret_request(provider, crm, secret)
        clock.advance(7)
        provider.services.faults.flush()
    error_id = id_of(secret_request(provider, crm, (crm.secret or "").swapcase()))
    clock.advance(6)
    provider.services.faults.flush()
    assert codes(under(provider, error_id))[0] == "secret_form"


@pytest.mark.parametrize("of", ["its method", "its being off", "its secret's end"])
def test_Q4_what_strangers_are_not_told_apart_has_one_id(provider: Provider, crm: App, clock: Clock, of: str) -> None:
    """How an application is registered shows neither in the words nor in whether two errors have one id."""
    registry = provider.services.registry
    first = id_of(secret_request(provider, crm, "y" * 43))
    provider.services.faults.flush()  # it is looked at before anything changes
    if of == "its method":
        registry.update(crm.id, {"jwks": {"keys": [public_jwk(new_key())]}, "token_endpoint_auth_method":
                                 "private_key_jwt"})  # fmt: skip
    elif of == "its being off":
        registry.disable(crm.id)
    else:
        registry.add_secret(crm.id, 0)
    second = id_of(secret_request(provider, crm, (crm.secret or "") if of == "its secret's end" else "y" * 43))
    assert first == second
    last, before = under(provider, first)  # and the admin is told of each by itself
    assert codes((before,)) == ["secret_wrong"]
    expected = {"its method": "client_auth_method", "its being off": "client_turned_off"}.get(of, "secret_ended")
    assert codes((last,))[0] == expected


def test_Q4_an_old_refresh_token_and_one_that_never_was_have_one_id(provider: Provider, crm: App, clock: Clock) -> None:
    provider.add_person("ann")
    browser = provider.browser()
    token = provider.tokens(crm, browser, scope="openid offline_access", prompt="consent")["refresh_token"]
    never = f"{token[:-3]}xyz"
    ids = [id_of(provider.refresh(crm, never))]
    provider.refresh(crm, token)
    clock.advance(600)
    ids.append(id_of(provider.refresh(crm, token)))
    assert ids[0] == ids[1]
    assert {one for event in under(provider, ids[0]) for one in codes((event,))} >= {"refresh_token_reused"}
