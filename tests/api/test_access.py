"""Who gets in by the API: programs with a role, people by personal tokens, and for how long. C2, C4, S59."""

from __future__ import annotations

import json

import pytest

from idp.accounts.roles import RoleGrant
from idp.admin import programs, tokens
from idp.admin.actor import NotAllowed, of_shell
from idp.api import pace
from idp.oidc.scopes import ADMIN
from tests.api.conftest import SHELL, Api, Program, give, make_program, personal, token_of
from tests.backends import Clock
from tests.console.conftest import give as give_grants
from tests.provider import Provider

OWNER = RoleGrant("owner")


def refused(answer: object, status: int, kind: str) -> dict[str, object]:
    assert answer.status == status, answer.text  # type: ignore[attr-defined]
    assert answer.headers["Content-Type"] == "application/problem+json"  # type: ignore[attr-defined]
    assert answer.json["type"] == f"urn:doorward:problem:{kind}"  # type: ignore[attr-defined]
    assert answer.json["request_id"]  # type: ignore[attr-defined]
    return dict(answer.json)  # type: ignore[attr-defined]


@pytest.mark.spec("RFC 6750 §3")
def test_C4_without_a_token_the_challenge_says_which_resource_it_is_and_what_to_ask_for(
    provider: Provider, stranger: Api
) -> None:
    answer = stranger.get("/caller")
    refused(answer, 401, "token")
    led = f'resource_metadata="{provider.issuer}/.well-known/oauth-protected-resource/api/v1"'  # RFC 9728 §5.1
    assert answer.headers["WWW-Authenticate"] == f'Bearer realm="{provider.issuer}/api/v1", scope="{ADMIN}", {led}'
    stranger.token = "dwp_06h2aen8l10087qrm7oes09vbs.no-such-token"
    challenge = stranger.get("/caller").headers["WWW-Authenticate"]
    assert 'error="invalid_token"' in challenge


def test_C4_a_program_with_a_role_is_that_role(provider: Provider, program: Program) -> None:
    api = program(RoleGrant("auditor"))
    seen = api.get("/caller").json
    assert seen["kind"] == "client"
    assert [one["role"] for one in seen["roles"]] == ["auditor"]
    assert "apps:read" in seen["permissions"]
    assert "apps:create" not in seen["permissions"]


@pytest.mark.parametrize("format", ["opaque", "jwt"])
def test_C2_a_token_of_a_role_that_was_taken_a_second_ago_is_refused(
    provider: Provider, clock: Clock, format: str
) -> None:
    app = provider.add_client("Script", profile="machine", access_token_format=format)
    app.secret = programs.change_roles(provider.services, SHELL, app.client, give=[RoleGrant("admin")]).secret
    app.client = provider.services.registry.get(app.id)
    api = Api(provider.browser(), token_of(provider, app))
    assert api.get("/applications").status == 200
    programs.change_roles(provider.services, SHELL, app.client, take=["admin"])
    assert api.get("/applications").status == 403
    programs.change_roles(provider.services, SHELL, app.client, give=[RoleGrant("auditor", until=clock() + 60)])
    assert api.get("/applications").status == 200
    clock.advance(61)
    assert api.get("/applications").status == 403


def test_C4_a_token_that_was_not_asked_for_this_by_name_opens_nothing(provider: Provider) -> None:
    app = make_program(provider, OWNER)
    plain = provider.client_credentials(app).json
    assert ADMIN not in plain["scope"]
    answer = Api(provider.browser(), plain["access_token"]).get("/caller")
    assert refused(answer, 403, "permission")["detail"].count(ADMIN)  # type: ignore[attr-defined]
    assert 'error="insufficient_scope"' in answer.headers["WWW-Authenticate"]


def test_C4_a_token_for_another_resource_opens_nothing_here(provider: Provider) -> None:
    app = provider.add_client("Script", profile="machine", resources=["https://crm.example/api"])
    app.secret = programs.change_roles(provider.services, SHELL, app.client, give=[OWNER]).secret
    app.client = provider.services.registry.get(app.id)
    token = provider.client_credentials(app, scope=ADMIN, resource="https://crm.example/api").json["access_token"]
    refused(Api(provider.browser(), token).get("/caller"), 401, "token")


def test_C4_a_token_that_an_application_has_of_a_person_opens_nothing_whoever_the_person_is(
    provider: Provider,
) -> None:
    person = provider.add_person("ann")
    give(provider, person, OWNER)
    app = provider.add_client("CRM", scope=f"openid {ADMIN}")
    token = provider.tokens(app, scope=f"openid {ADMIN}")["access_token"]
    refused(Api(provider.browser(), token).get("/caller"), 401, "token")


def test_C4_a_program_is_answered_as_one_whatever_it_has_called(provider: Provider, stranger: Api) -> None:
    for path in ("/", "/no/such/thing", "/applications/%0A", "/%00", "//", ""):
        refused(stranger.get(path), 404, "not-found")
    answer = stranger.call("TRACE", "/applications")
    refused(answer, 405, "method")
    assert "GET" in answer.headers["Allow"]
    assert provider.browser().get("api/v2/applications").headers["Content-Type"].startswith("text/html")


def test_C4_a_session_in_a_browser_opens_nothing(provider: Provider) -> None:
    give_grants(provider, provider.add_person("boss").id, OWNER)
    browser = provider.browser()
    browser.log_in(browser.get(""), "boss")
    assert browser.get("profile").status == 200
    answer = browser.open("GET", "api/v1/caller", headers={"Origin": "https://evil.example"})
    refused(answer, 401, "token")
    assert "Access-Control-Allow-Origin" not in answer.headers
    preflight = browser.open("OPTIONS", "api/v1/applications", headers={"Origin": "https://evil.example"})
    assert preflight.status == 405
    assert not [name for name, _ in preflight.headers if name.startswith("Access-Control")]


def test_C4_a_token_in_the_query_is_none(provider: Provider) -> None:
    token = token_of(provider, make_program(provider, OWNER))
    refused(Api(provider.browser()).get(f"/caller?access_token={token}"), 401, "token")


def test_S59_a_role_that_is_missing_is_named_and_on_record(provider: Provider, program: Program) -> None:
    api = program(RoleGrant("help_desk"))
    answer = api.get("/applications")
    problem = refused(answer, 403, "permission")
    assert problem["permission"] == "apps:read"
    (event,) = [e for e in provider.events() if e.error_id == problem["error_id"]]
    assert event.request_id == problem["request_id"]


# -- personal tokens ---------------------------------------------------------------------------------------------------


def test_C4_a_personal_token_is_its_person_and_no_more_than_it_was_made_for(provider: Provider) -> None:
    person = give(provider, provider.add_person("ann"), RoleGrant("admin"), RoleGrant("auditor"))
    whole, part = personal(provider, person), personal(provider, person, roles=["auditor"])
    assert whole.startswith("dwp_")
    seen = Api(provider.browser(), whole).get("/caller").json
    assert (seen["kind"], seen["id"]) == ("person", person.id)
    assert [one["role"] for one in seen["roles"]] == ["admin", "auditor"]
    assert [one["role"] for one in Api(provider.browser(), part).get("/caller").json["roles"]] == ["auditor"]


def test_C2_a_personal_token_dies_with_its_persons_rights(provider: Provider, clock: Clock) -> None:
    person = give(provider, provider.add_person("ann"), RoleGrant("admin"))
    give(provider, provider.add_person("boss"), OWNER)
    api = Api(provider.browser(), personal(provider, person))
    assert api.get("/applications").status == 200
    give_back = provider.services.directory
    give_back.set_roles(person.id, [])
    assert api.get("/applications").status == 403
    give_back.set_roles(person.id, ["admin"])
    give_back.disable(person.id)
    refused(api.get("/applications"), 401, "token")
    give_back.enable(person.id)
    refused(api.get("/applications"), 401, "token")  # for good
    assert tokens.list_of(provider.services, SHELL, person) == ()


def test_C4_a_personal_token_ends_on_its_day(provider: Provider, clock: Clock) -> None:
    person = give(provider, provider.add_person("ann"), RoleGrant("admin"))
    api = Api(provider.browser(), personal(provider, person))
    clock.advance(30 * 86_400 - 1)
    assert api.get("/caller").status == 200
    clock.advance(1)
    refused(api.get("/caller"), 401, "token")


def test_C4_a_new_password_that_somebody_else_set_ends_personal_tokens(provider: Provider) -> None:
    person = give(provider, provider.add_person("ann"), RoleGrant("admin"))
    api = Api(provider.browser(), personal(provider, person))
    provider.services.directory.store_password(person.id, provider.services.passwords.hash("another one"), detail={})
    refused(api.get("/caller"), 401, "token")


def test_C4_a_token_makes_no_tokens_and_nobody_makes_one_for_somebody_else(provider: Provider) -> None:
    ann = give(provider, provider.add_person("ann"), OWNER)
    bob = give(provider, provider.add_person("bob"), RoleGrant("auditor"))
    services = provider.services
    from idp.admin import actor as actors

    value = personal(provider, ann)
    shown = tokens.tokens.find(services.db, value, services.clock())
    assert shown is not None
    request = type("R", (), {"remote_address": "", "id": ""})()
    by_token = actors.of_token(services, request, shown)
    with pytest.raises(NotAllowed):
        tokens.create(services, by_token, ann, "more", days=1)
    with pytest.raises(NotAllowed):
        tokens.create(services, by_token, bob, "more", days=1)


def test_C4_a_personal_token_is_stored_hashed_and_never_recorded(provider: Provider) -> None:
    person = give(provider, provider.add_person("ann"), RoleGrant("admin"))
    value = personal(provider, person)
    secret = value.rpartition(".")[2]
    Api(provider.browser(), value).get("/applications")
    Api(provider.browser(), value[:-1]).get("/applications")
    from idp.accounts.tokens import store

    (row,) = provider.services.db.all(store.LIST, owner_id=person.id, now=0.0)
    assert secret not in str(row)
    assert row.last_used_at is not None
    said = json.dumps([event.detail for event in provider.events()])
    assert "token:create" in [event.action for event in provider.events()]
    assert secret not in said
    assert value[:20] not in said


def test_C4_what_is_done_by_a_personal_token_says_so_in_the_record(provider: Provider) -> None:
    person = give(provider, provider.add_person("ann"), RoleGrant("admin"))
    from idp.admin import actor as actors

    shown = tokens.tokens.find(provider.services.db, personal(provider, person), provider.services.clock())
    assert shown is not None
    request = type("R", (), {"remote_address": "203.0.113.1", "id": "r1"})()
    actors.of_token(provider.services, request, shown).record(provider.services)(provider.services.db, "x:y", {})
    (event,) = provider.events("x:y")
    assert event.actor == f"person:{person.id}"
    assert event.detail["by_token"] == shown.token.id


# -- who gives programs their rights ----------------------------------------------------------------------------------


def test_C2_nobody_gives_a_program_more_than_they_have(provider: Provider) -> None:
    app = make_program(provider)
    from idp.admin.actor import Actor

    admin = Actor(kind="person", id="u1", name="person:u1", grants=(RoleGrant("admin"),))
    with pytest.raises(NotAllowed):
        programs.change_roles(provider.services, admin, app.client, give=[RoleGrant("auditor")])
    for_a_day = Actor(
        kind="person", id="u1", name="person:u1", grants=(RoleGrant("owner", until=provider.clock() + 9),)
    )
    with pytest.raises(NotAllowed):
        programs.change_roles(provider.services, for_a_day, app.client, give=[RoleGrant("auditor")])
    itself = Actor(kind="client", id=app.id, name=f"client:{app.id}", grants=(OWNER,))
    with pytest.raises(NotAllowed):
        programs.change_roles(provider.services, itself, app.client, give=[RoleGrant("auditor")])


def test_C4_a_role_is_for_a_program_not_for_an_application_that_people_sign_in_to(provider: Provider) -> None:
    from clients.errors import InvalidMetadata

    for app in (provider.add_client("CRM"), provider.add_client("Phone", profile="native")):
        with pytest.raises(InvalidMetadata, match="machine"):
            programs.change_roles(provider.services, of_shell("cli:x"), app.client, give=[OWNER])


def test_C4_roles_of_a_program_that_is_gone_for_good_are_forgotten(provider: Provider, clock: Clock) -> None:
    app = make_program(provider, OWNER)
    provider.services.registry.remove(app.id)
    assert programs.sweep(provider.services) == 0  # it may come back
    clock.advance(31 * 86_400)
    provider.services.registry.sweep()
    assert programs.sweep(provider.services) == 1
    assert programs.grants_of(provider.services, app.id) == ()


def test_C4_a_caller_that_runs_wild_is_told_when_to_go_on(
    provider: Provider, owner: Api, program: Program, clock: Clock
) -> None:
    clock.advance(pace.WINDOW - clock() % pace.WINDOW + 1)
    other = program(RoleGrant("auditor"))
    caller = f"client:{owner.get('/caller').json['id']}"
    kept = provider.services.part(pace.Pace)
    while not kept.wait(provider.services.state, caller, clock()):
        pass  # as fast as it goes
    answer = owner.get("/caller")
    refused(answer, 429, "too-many")
    assert answer.headers["Retry-After"] == "1"
    assert other.get("/caller").status == 200
    clock.advance(1)
    assert owner.get("/caller").status == 200


def test_C4_nobody_who_has_not_proven_themselves_is_remembered(provider: Provider, stranger: Api) -> None:
    stranger.token = "dwp_x.y"
    for _ in range(3):
        stranger.get("/caller")
    assert provider.services.part(pace.Pace)._shares == {}
