"""`doorward explain`: why it failed, by an error's id, an application, a person. Q1, Q3."""

from __future__ import annotations

import json
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest

from idp.protocols import Services
from tests.cli.conftest import Folder

CB = "https://crm.example/cb"


@pytest.fixture
def services(site: Folder) -> Iterator[Services]:
    """The installation as its server has it open."""
    from idp.answers.looking import Answers
    from idp.config import load
    from idp.opening import close, create_services

    made = create_services(load(site.path / "doorward.toml"))
    made.errors.answers = made.faults.answers = Answers(made)
    yield made
    close(made)


@pytest.fixture
def crm(site: Folder) -> Iterator[str]:
    made = site.run("client", "add", "oidc", "--json", "--name", "Tills", "--redirect-uri", CB).json
    yield str(made["client_id"])
    site.run("client", "remove", made["client_id"])


def fail(services: Services, client_id: str, redirect_uri: str) -> str:
    """A browser comes with a redirect URI that is not registered; answers the error's id."""
    from idp.errors import Refused
    from idp.oidc.authorize import authorize
    from idp.wire import Request

    query = urlencode({"client_id": client_id, "redirect_uri": redirect_uri, "response_type": "code"})
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/oauth/authorize", "QUERY_STRING": query}
    request = Request({**environ, "REMOTE_ADDR": "203.0.113.5"})
    with pytest.raises(Refused) as told:
        authorize(services, request)
    return services.errors.keep(told.value, request=request)


def test_Q1_an_error_says_side_field_expected_got_and_fix(site: Folder, services: Services, crm: str) -> None:
    error_id = fail(services, crm, f"{CB}/")
    said = site.run("explain", error_id.lower()).out
    for line in ("Wrong, on the application’s side: redirect_uri", f"  expected  {CB}\n", f"  came      {CB}/\n"):
        assert line in said
    assert "slash at the end is one too many" in said
    assert f"  more      {services.issuer}/errors/redirect_uri\n" in said
    assert "Tills" in said
    assert "\nfix\tRegister this redirect URI" in site.run("audit", "show", error_id).out
    found = site.run("explain", error_id, "--json").json["findings"][0]
    assert (found["code"], found["expected"], found["got"]) == ("redirect_uri", CB, f"{CB}/")


def test_Q1_Q3_an_application_says_what_fails_how_often_and_since_when(
    site: Folder, services: Services, crm: str
) -> None:
    assert "Nothing failed with Tills in the last 7 days." in site.run("explain", "Tills").out
    for uri in (f"{CB}/", f"{CB}/", "http://crm.example/cb"):
        fail(services, crm, uri)
    said = site.run("explain", "Tills").out
    assert "2 kinds of errors" in said
    assert "unregistered_redirect_uri: 2 times since" in said
    assert "X-Forwarded-Proto" in said
    told = site.run("explain", crm, "--json").json
    assert sorted(one["times"] for one in told["problems"]) == [1, 2]
    assert "secret" not in json.dumps(told)


def test_Q1_a_person_is_shown_with_what_is_in_the_way(site: Folder) -> None:
    site.run("user", "add", "--username", "zoe", "--link")
    assert site.run("explain", "zoe").out == site.run("user", "show", "zoe").out
    assert "has not set a password yet" in site.run("explain", "zoe").out


def test_Q1_what_nothing_is_known_of_is_said_so(site: Folder, crm: str) -> None:
    assert "no error, application or person" in site.refusal("explain", "nobody-at-all")
    assert "nothing is recorded under E-22222-22222" in site.refusal("explain", "E-22222-22222", code=1)
    site.run("user", "add", "--username", "Tills", "--link")
    assert "add --app or --person" in site.refusal("explain", "Tills")
    assert "Nothing failed" in site.run("explain", "Tills", "--app").out
    assert "can sign in" in site.run("explain", "tills", "--person").out
    assert "--days" in site.refusal("explain", "Tills", "--app", "--days", "0")


def test_Q2_an_application_s_symptoms_are_told_with_their_causes(site: Folder, services: Services, crm: str) -> None:
    from idp.answers.symptoms import keeping
    from idp.traffic import CODE, Granted, Traffic

    began = services.clock() - 120
    for n in range(4):
        services.part(Traffic).proven(CODE, crm, f"s{n}", Granted(f"c{n}", "p", ("openid",), False), began + n)
    keeping.flush(services)
    said = site.run("explain", crm).out
    for part in ("seen from its traffic", "codes_never_redeemed", "4 times since", "1. Its server cannot reach",
                 "to tell", "docs/symptoms.md#codes_never_redeemed"):  # fmt: skip
        assert part in said, part
    (one,) = site.run("explain", crm, "--json").json["symptoms"]
    assert (one["side"], one["field"], one["times"]) == ("application", "token endpoint", 4)
