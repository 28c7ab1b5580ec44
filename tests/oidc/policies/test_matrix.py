"""Every question of policy, asked of every grant of the token endpoint. X23, S11, S19, S38, X29.

The table of grants makes the rows: a grant without a way in `ways.py` fails the first test. Each question is asked at
the two moments at which a grant can be late: before its last request, and when its tokens are out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from clients import offered
from clients.errors import InvalidMetadata
from clients.offered import GRANT_TYPES
from tests.backends import Clock
from tests.oidc import details
from tests.oidc.policies import world as worlds
from tests.oidc.policies.ways import NATIVE_SSO, OF_PERSONS, WAYS
from tests.oidc.policies.world import API, BEYOND, ELSEWHERE, FILES, KEY, REPORTS, STORE, NotGiven, World
from tests.provider import Answer, Provider

SCOPE, AUDIENCE, MORE, BOUND = "scope enlarged", "audience", "more than was granted", "binding"
IN_DETAIL = "more in detail"
#: What ends a grant and all that it gave, and the errors that the last request may have then.
ENDS: dict[str, tuple[Callable[[World], None], set[str]]] = {
    "person disabled": (worlds.person_disabled, {"invalid_grant", "access_denied"}),
    "access withdrawn": (worlds.access_withdrawn, {"invalid_grant", "access_denied"}),
    "consent revoked": (worlds.consent_revoked, {"invalid_grant", "access_denied"}),
    "session ended": (worlds.session_ended, {"invalid_grant", "access_denied"}),
    "application disabled": (worlds.client_disabled, {"invalid_client", "unauthorized_client"}),
}
#: What ends all that a person ever gave, whatever began it.
ENDS_ALL = {
    "everything ended": worlds.everything_ended,
    "password dropped": worlds.password_dropped,
    "disabled and enabled again": worlds.disabled_and_enabled,
}
QUESTIONS = {*ENDS, "factor rules", SCOPE, AUDIENCE, MORE, IN_DETAIL, BOUND}
FORMATS = pytest.mark.parametrize("form", ["opaque", "jwt"])


def of(question: str) -> Any:
    """The grants of which it is asked."""
    return pytest.mark.parametrize("grant", [name for name, way in WAYS.items() if question not in way.not_asked])


def is_live(world: World, watcher: Any, token: str) -> bool:
    """Whether any place takes the token; all must agree."""
    active = bool(world.provider.introspect(watcher, token)["active"])
    assert (world.provider.whoami(token).status == 200) is active
    return active


def given(answer: Answer) -> dict[str, Any]:
    assert answer.status == 200, answer.text
    return dict(answer.json)


@pytest.fixture
def watcher(provider: Provider) -> Any:
    """A program that may look at everybody's tokens."""
    return provider.add_client("Watcher", "machine", scope="x", introspection="all")


def test_X23_every_grant_has_a_row_and_every_row_answers_the_questions() -> None:
    assert set(WAYS) - set(GRANT_TYPES) == {NATIVE_SSO}
    assert set(GRANT_TYPES) <= set(WAYS)
    for grant, way in WAYS.items():
        assert set(way.not_asked) <= QUESTIONS, grant
        assert all(way.not_asked.values()), f"{grant}: say why the question does not arise"


@pytest.mark.parametrize("grant", [name for name, way in WAYS.items() if set(OF_PERSONS) <= set(way.not_asked)])
@FORMATS
def test_X23_a_grant_of_which_nothing_about_people_is_asked_speaks_of_nobody(
    provider: Provider, clock: Clock, watcher: Any, grant: str, form: str
) -> None:
    world = WAYS[grant].world(provider, clock, grant, access_token_format=form)
    answer = given(WAYS[grant].begin(world)())
    seen = provider.introspect(watcher, answer["access_token"])
    assert seen["sub"] == seen["client_id"] == world.app.id
    assert "username" not in seen
    assert not {"id_token", "refresh_token"} & set(answer)


def ends(grant: str) -> list[str]:
    """What is to end it."""
    return [question for question in ENDS if question not in WAYS[grant].not_asked]


@pytest.mark.parametrize("grant", WAYS)
def test_X23_what_ends_a_grant_ends_it_before_its_last_request(provider: Provider, clock: Clock, grant: str) -> None:
    for question in ends(grant):
        world = WAYS[grant].world(provider, clock, grant)
        ask = WAYS[grant].begin(world, scope=f"openid {REPORTS}")
        clock.advance(1)
        change, errors = ENDS[question]
        change(world)
        answer = ask()
        assert answer.error in errors | WAYS[grant].refusals, (question, answer.text)
        assert answer.status in (400, 401), question


@pytest.mark.parametrize("grant", WAYS)
@FORMATS
def test_X23_X29_what_ends_a_grant_ends_what_it_gave(
    provider: Provider, clock: Clock, watcher: Any, grant: str, form: str
) -> None:
    for question in ends(grant):
        world = WAYS[grant].world(provider, clock, grant, access_token_format=form)
        answer = given(WAYS[grant].begin(world, scope=f"openid {REPORTS}")())
        assert is_live(world, watcher, answer["access_token"]), question
        clock.advance(1)
        change, _ = ENDS[question]
        change(world)
        assert not is_live(world, watcher, answer["access_token"]), question
        if "refresh_token" in answer:
            assert not provider.introspect(watcher, answer["refresh_token"])["active"]
            assert provider.refresh(world.app, answer["refresh_token"]).status in (400, 401), question


@pytest.mark.parametrize("grant", [name for name, way in WAYS.items() if "person disabled" not in way.not_asked])
@FORMATS
def test_X23_what_ends_everything_of_a_person_ends_what_each_grant_gave(
    provider: Provider, clock: Clock, watcher: Any, grant: str, form: str
) -> None:
    for what, change in ENDS_ALL.items():
        world = WAYS[grant].world(provider, clock, grant, access_token_format=form)
        answer = given(WAYS[grant].begin(world, scope=f"openid {REPORTS}")())
        clock.advance(1)
        change(world)
        assert not is_live(world, watcher, answer["access_token"]), what
        if "refresh_token" in answer:
            assert provider.refresh(world.app, answer["refresh_token"]).status in (400, 401), what


@of("session ended")
def test_X23_what_ends_everything_of_a_person_ends_what_is_under_way(
    provider: Provider, clock: Clock, grant: str
) -> None:
    for what, change in ENDS_ALL.items():
        world = WAYS[grant].world(provider, clock, grant)
        ask = WAYS[grant].begin(world, scope=f"openid {REPORTS}")
        clock.advance(1)
        change(world)
        assert ask().error in {"invalid_grant", "access_denied"} | WAYS[grant].refusals, what


@of("factor rules")
def test_X23_no_grant_goes_round_the_rules_of_signing_in(
    open_provider: Callable[..., Provider], clock: Clock, grant: str
) -> None:
    provider = open_provider(factors={"personal": "never"})
    for need in ("deny", "second", "phishing-resistant"):  # nobody has a second factor here
        world = WAYS[grant].world(provider, clock, grant)
        provider.add_rule(need=need, why="Not by a password alone.", apps=[world.app.id])
        try:
            answer = WAYS[grant].begin(world, scope=f"openid {REPORTS}")()
        except NotGiven:
            continue
        assert answer.status >= 400, (need, answer.text)


@of(SCOPE)
@FORMATS
def test_X23_S19_no_grant_gives_a_scope_that_the_application_may_not_have(
    provider: Provider, clock: Clock, watcher: Any, grant: str, form: str
) -> None:
    world = WAYS[grant].world(provider, clock, grant, access_token_format=form)
    wanted = f"{REPORTS} {BEYOND} doorward:admin"
    ask = WAYS[grant].begin(world, scope=wanted)
    answer = ask(scope=wanted)
    if answer.status != 200:
        assert answer.error == "invalid_scope", answer.text
        answer = ask()
    token = given(answer)["access_token"]
    told = [answer.json["scope"], provider.introspect(watcher, token)["scope"]]
    assert all(set(one.split()) <= {REPORTS, *WAYS[grant].always} for one in told), told
    provider.services.registry.update(world.app.id, {"scope": FILES})
    assert provider.introspect(watcher, token).get("scope", "") == ""  # nor one that was taken from it since


@of(MORE)
def test_X23_S38_the_last_request_asks_for_no_more_than_was_granted(
    provider: Provider, clock: Clock, watcher: Any, grant: str
) -> None:
    world = WAYS[grant].world(provider, clock, grant)
    begin = WAYS[grant].begin
    answer = begin(world, scope=REPORTS, resource=API)(scope=f"{REPORTS} {FILES}")
    if answer.status == 200:
        told = [answer.json["scope"], provider.introspect(watcher, answer.json["access_token"])["scope"]]
        assert [set(one.split()) - WAYS[grant].always for one in told] == [{REPORTS}] * 2
    else:
        assert answer.error == "invalid_scope", answer.text
    assert begin(world, scope=REPORTS, resource=API)(resource=STORE).error == "invalid_target"
    assert begin(world, scope=REPORTS)(resource=API).error == "invalid_target"


@of(IN_DETAIL)
@FORMATS
def test_X23_S39_no_grant_gives_more_in_detail_than_was_agreed_to(
    provider: Provider, clock: Clock, watcher: Any, grant: str, form: str
) -> None:
    details.add_type(provider)
    own = {"access_token_format": form, "authorization_details_types": ["payment"]}
    world = WAYS[grant].world(provider, clock, grant, **own)
    begin, agreed = WAYS[grant].begin, details.payment(actions=["initiate", "status"])
    asked = {"scope": REPORTS, "authorization_details": details.text(agreed)}
    for more in (details.payment("9999"), {**agreed, "actions": ["cancel"]}, {**agreed, "type": "loan"}):
        answer = begin(world, **asked)(authorization_details=details.text(more))
        assert answer.error == "invalid_authorization_details", answer.text
    less = {**agreed, "actions": ["status"]}
    for form_of, given_then in (({}, agreed), ({"authorization_details": details.text(less)}, less)):
        answer = given(begin(world, **asked)(**form_of))
        told = provider.introspect(watcher, answer["access_token"])
        assert told["authorization_details"] == answer["authorization_details"] == [given_then]
    nothing = begin(world, scope=REPORTS)(authorization_details=details.text(agreed))
    assert nothing.error == "invalid_authorization_details"


@of(AUDIENCE)
@FORMATS
def test_X23_S38_a_token_is_for_the_resource_that_was_asked_for_and_for_no_other(
    provider: Provider, clock: Clock, watcher: Any, grant: str, form: str
) -> None:
    world = WAYS[grant].world(provider, clock, grant, access_token_format=form)
    ask = WAYS[grant].begin(world, scope=REPORTS, resource=API)
    assert ask(resource=ELSEWHERE).error == "invalid_target"
    answer = given(WAYS[grant].begin(world, scope=REPORTS, resource=API)())
    assert provider.introspect(watcher, answer["access_token"])["aud"] == [API]
    assert provider.whoami(answer["access_token"]).status == 401
    provider.services.registry.update(world.app.id, {"resources": [STORE]})
    assert not provider.introspect(watcher, answer["access_token"])["active"]  # taken from the application since


@of(BOUND)
@FORMATS
def test_X23_S27_where_tokens_must_be_bound_no_grant_gives_one_that_is_not(
    provider: Provider, clock: Clock, watcher: Any, grant: str, form: str
) -> None:
    world = WAYS[grant].world(provider, clock, grant, access_token_format=form, dpop_bound_access_tokens=True)
    begin = WAYS[grant].begin
    bound = {"bound": True} if grant == "refresh_token" else {}
    ask = begin(world, scope=REPORTS, **bound)
    assert ask().error in ("invalid_dpop_proof", "invalid_request"), grant
    answer = given(ask(bound=True))
    assert answer["token_type"] == "DPoP"
    assert provider.introspect(watcher, answer["access_token"])["cnf"] == {"jkt": KEY.thumbprint()}
    assert provider.whoami(answer["access_token"]).status == 401


@pytest.mark.parametrize("grant", WAYS)
def test_X23_a_grant_that_was_taken_from_an_application_gives_nothing_more(
    provider: Provider, clock: Clock, grant: str
) -> None:
    way = WAYS[grant]
    world = way.world(provider, clock, grant)
    ask = way.begin(world, scope=REPORTS)
    others = offered.grant_types(public=world.app.client.oidc.is_public, machine=way.profile == "machine")
    others -= {way.grant_type or grant}
    left = [name for name in sorted(others) if not GRANT_TYPES[name].needs]
    if not left:  # it has no other: then it is turned off
        with pytest.raises(InvalidMetadata, match="at least one is needed"):
            provider.services.registry.update(world.app.id, {"grant_types": []})
        return
    provider.services.registry.update(world.app.id, {"grant_types": left[:1]})
    assert ask().error == "unauthorized_client"
