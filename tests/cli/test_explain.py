"""`doorward explain`: why it failed, by an error's id, an application, a person. Q1, Q3."""

from __future__ import annotations

import json
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest

from idp.cli.explain import EXAMPLE
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
                 "to tell", "/errors/codes_never_redeemed"):  # fmt: skip
        assert part in said, part
    (one,) = site.run("explain", crm, "--json").json["symptoms"]
    assert (one["side"], one["field"], one["times"]) == ("application", "token endpoint", 4)


def test_Q1_an_error_tells_its_steps_who_else_is_hit_and_what_changed_before(
    site: Folder, services: Services, crm: str
) -> None:
    error_id = fail(services, crm, f"{CB}/")
    said = site.run("explain", error_id).out
    assert "Step by step:\n" in said
    assert "✗ authorization request" in said
    assert "BROKE HERE: unregistered_redirect_uri  request " in said
    assert "Others: nobody else is hit" in said
    assert "client:register" in said.partition("Changed before it was first seen:")[2]
    told = site.run("explain", error_id, "--json").json
    assert told["steps"][0]["status"] == "broke"
    assert told["others"]["times"] == 1
    assert told["changed_before"][0]["action"] == "client:register"
    fail(services, crm, f"{CB}/")
    assert "The same: 2 times since" in site.run("explain", error_id).out


@pytest.mark.parametrize(
    "spelt", ["{0}", "{1}", "{2}", " {0}.", "{3}", "({0})", "“{0}”,", "[{3}]", "Authentication failed. ({0})"]
)
def test_Q1_an_id_is_understood_as_it_was_read_out(site: Folder, services: Services, crm: str, spelt: str) -> None:
    error_id = fail(services, crm, f"{CB}/")
    bare = error_id.removeprefix("E-")
    ways = (error_id, bare, bare.replace("-", ""), error_id.replace("-", " ").lower())
    assert error_id in site.run("explain", spelt.format(*ways)).out


def test_Q1_what_named_an_application_nearly_right_is_told_with_it(site: Folder, services: Services, crm: str) -> None:
    error_id = fail(services, crm[:-1], CB)
    said = site.run("explain", crm).out
    assert "Nothing failed with Tills" in said
    assert "Probably meant for this application" in said
    assert error_id in said.partition("Probably meant")[2]
    assert site.run("explain", crm, "--json").json["probably_meant"][0]["error_id"] == error_id


@pytest.mark.parametrize(
    ("typed", "named"), [("our tills", "“Tills”"), ("Til", "“Tills”"), ("zo", "zoe"), ("zoee", "zoe")]
)
def test_Q1_what_was_probably_meant_is_asked(site: Folder, crm: str, typed: str, named: str) -> None:
    if site.run("user", "show", "zoe").code:
        site.run("user", "add", "--username", "zoe", "--name", "Zoe Quine", "--link")
    assert named in site.refusal("explain", typed).partition("did you mean")[2]


def test_Q1_an_application_is_known_by_its_name_in_any_case_and_by_its_entity_id(site: Folder, crm: str) -> None:
    assert "Nothing failed with Tills" in site.run("explain", "tills", "--app").out
    made = site.run(
        "client", "add", "saml", "--json", "--name", "Wiki", "--entity-id", "https://wiki.example/sp", "--acs",
        "https://wiki.example/acs",
    ).json  # fmt: skip
    for near in ("https://wiki.example/sp/", "http://wiki.example/sp", "https://wiki.example/acs"):
        assert "“Wiki” (https://wiki.example/sp)" in site.refusal("explain", near).partition("did you mean")[2]
    assert "Nothing failed with Wiki" in site.run("explain", "https://wiki.example/sp").out
    site.run("client", "remove", made["client_id"])


def test_Q1_a_link_for_the_application_s_people_is_made_and_ended(site: Folder, services: Services, crm: str) -> None:
    error_id = fail(services, crm, f"{CB}/")
    assert "/app-error/" in site.run("explain", error_id, "--link").out
    assert "opens nothing any more" in site.run("explain", error_id, "--withdraw").out
    assert "There is no link" in site.run("explain", error_id, "--withdraw").out
    assert "are of an error" in site.refusal("explain", "Tills", "--link")
    nobody = fail(services, "nobody", CB)
    assert "nobody to send it to" in site.refusal("explain", nobody, "--link")


def test_Q1_the_example_of_the_documents_is_said_to_be_one(site: Folder) -> None:
    said = site.refusal("explain", EXAMPLE.lower(), code=1)
    assert f"nothing is recorded under {EXAMPLE}: check the id; this one is the example of the documents" in said


def ask_by_saml(services: Services, issuer: str) -> str:
    """A service provider sends somebody, under this entity ID; answers the error's id."""
    from base64 import b64encode
    from zlib import compressobj

    from idp.errors import Refused
    from idp.saml.sign_on.destination import find_provider
    from idp.wire import Request

    message = f"""<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="_1" Version="2.0"
      IssueInstant="2026-01-01T00:00:00Z" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"><saml:Issuer>{issuer}"""
    pack = compressobj(wbits=-15)
    packed = pack.compress(f"{message}</saml:Issuer></samlp:AuthnRequest>".encode()) + pack.flush()
    query = urlencode({"SAMLRequest": b64encode(packed).decode()})
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/saml/sso", "QUERY_STRING": query, "REMOTE_ADDR": "203.0.113.5"}
    request = Request(environ)
    with pytest.raises(Refused) as told:
        find_provider(services, issuer)
    return services.errors.keep(told.value, request=request)


def test_Q1_a_service_provider_that_was_removed_is_brought_back_and_not_registered_anew(
    site: Folder, services: Services
) -> None:
    entity_id = "https://desk.example/saml"
    for name, one in (("Desk", entity_id), ("Desk Two", f"{entity_id}/")):
        site.run("client", "add", "saml", "--name", name, "--entity-id", one, "--acs", "https://desk.example/acs")
    made = site.run("client", "show", "Desk", "--json").json["client_id"]
    site.run("client", "remove", "Desk")
    services.registry.refresh()
    error_id = ask_by_saml(services, entity_id)
    said = site.run("explain", error_id).out
    assert "Wrong, on our side: Issuer\n" in said
    assert (
        f"Desk was removed here; while it is kept it comes back as it was, by: doorward client restore {made}" in said
    )
    assert "client add saml" not in said
    assert "Desk Two" not in said
    assert "client:remove" in said.partition("Changed before it was first seen:")[2].splitlines()[1]
    for named in ("Desk", "desk", entity_id, made):
        told = site.run("explain", named).out
        assert f"Desk ({made}) was removed, 20" in told
        assert f"doorward client restore {made}\n" in told
        assert error_id in told
    assert site.run("explain", "Desk", "--json").json["removed_at"]
    site.run("client", "restore", made)
    assert error_id not in site.run("explain", "Desk Two").out
    site.run("client", "remove", "Desk Two")


def test_Q1_an_application_that_was_removed_is_told_with_its_removal(
    site: Folder, services: Services, crm: str
) -> None:
    before = fail(services, crm, f"{CB}/")
    site.run("client", "remove", crm)
    services.registry.refresh()
    error_id = fail(services, crm, CB)
    said = site.run("explain", error_id).out
    assert f"doorward client restore {crm}" in said
    assert "client:remove" in said.partition("Changed before it was first seen:")[2].splitlines()[1]
    told = site.run("explain", crm).out
    assert f"Tills ({crm}) was removed, 20" in told
    assert error_id in told
    assert before in told
    site.run("client", "restore", crm)


def test_S48_a_pairwise_subject_leads_to_its_person(site: Folder, services: Services) -> None:
    from idp.accounts import pairwise

    site.run("user", "add", "--username", "pia", "--link")
    person = services.directory.find_named("pia")
    assert person is not None
    sub = pairwise.name_of(services.sealer, "shop.example", person.id)
    assert site.run("explain", sub).out == site.run("explain", "pia").out
    assert "no error, application or person" in site.refusal("explain", sub[:-4])
