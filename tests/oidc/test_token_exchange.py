"""A token that is made of another: delegation, impersonation, never more than there was (RFC 8693). S37, X23, S27."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clients.access import Access, Term, person_key
from idp.accounts import factors
from idp.accounts.person import Person
from idp.oidc.grants import jwt_bearer
from idp.oidc.grants.token_exchange import GRANT_TYPE, MAX_HOPS
from idp.oidc.ledger import Exchanged
from idp.oidc.tokens import ACCESS_TOKEN_TYPE
from tests.backends import Clock
from tests.oidc import assertions
from tests.oidc.consents import take_consent_back
from tests.oidc.test_dpop import proof, show
from tests.oidc.test_hot_paths import reads
from tests.provider import Answer, App, Browser, Provider, new_key

API, STORE, OTHER = "https://api.example/", "https://store.example/", "https://other.example/"
FORMATS = pytest.mark.parametrize("form", ["opaque", "jwt"])
Front = Callable[..., App]


def backend(provider: Provider, name: str = "Backend", **said: Any) -> App:
    """A program that is called by others and calls on."""
    values = {"scope": "files reports", "resources": [API, STORE], "grant_types": [GRANT_TYPE, "client_credentials"]}
    return provider.add_client(name, "machine", **{**values, **said})


def front(provider: Provider, name: str = "Front", **said: Any) -> App:
    """What the person signs in to."""
    return provider.add_client(name, **{"scope": "openid files reports admin", "resources": [API, OTHER], **said})


def exchange(provider: Provider, app: App, token: str, *, headers: dict[str, str] | None = None, **form: Any) -> Answer:
    data = {"grant_type": GRANT_TYPE, "subject_token": token, "subject_token_type": ACCESS_TOKEN_TYPE, **form}
    pairs = [(n, one) for n, v in data.items() if v is not None for one in (v if isinstance(v, list) else [v])]
    return provider.post("oauth/token", app, pairs, **(headers or {}))


def claims_of(token: str) -> dict[str, Any]:
    part = token.split(".")[1]
    return dict(json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4))))


@pytest.mark.spec("RFC8693 2.2.1")
@pytest.mark.spec("RFC8693 4.1")
@FORMATS
def test_S37_a_token_of_ones_own_that_says_who_acts_for_whom(provider: Provider, ann: Person, form: str) -> None:
    api = backend(provider, access_token_format=form)
    app = front(provider, may_act=[api.id])
    token = provider.tokens(app, scope="openid files", resource=API)["access_token"]
    answer = exchange(provider, api, token, scope="files", resource=API)
    assert answer.status == 200, answer.text
    assert set(answer.json) == {"access_token", "issued_token_type", "token_type", "expires_in", "scope"}
    assert answer.json["issued_token_type"] == ACCESS_TOKEN_TYPE
    made = answer.json["access_token"]
    seen = provider.introspect(api, made)
    assert (seen["sub"], seen["client_id"], seen["aud"], seen["scope"]) == (ann.id, api.id, [API], "files")
    assert seen["act"] == {"sub": api.id}
    if form == "jwt":
        claims = claims_of(made)
        assert (claims["act"], claims["sub"], claims["aud"]) == ({"sub": api.id}, ann.id, API)
    [event] = provider.events("token:exchanged")
    assert (event.person_id, event.client_id, event.actor) == (ann.id, api.id, api.id)
    assert event.detail["of"] == app.id
    assert (event.detail["how"], event.detail["scope"], event.detail["resource"]) == ("delegation", "files", [API])


@pytest.mark.spec("RFC8693 4.1")
@FORMATS
def test_S37_each_hop_stands_inside_the_next_and_no_hop_is_dropped(provider: Provider, ann: Person, form: str) -> None:
    second = backend(provider, "Second", access_token_format=form)
    third = backend(provider, "Third", access_token_format=form)
    first = backend(provider, "First", may_act=[second.id], may_impersonate=[third.id], access_token_format=form)
    app = front(provider, may_act=[first.id])
    token = provider.tokens(app, scope="files", resource=API)["access_token"]
    one = exchange(provider, first, token).json["access_token"]
    two = exchange(provider, second, one).json["access_token"]
    assert provider.introspect(second, two)["act"] == {"sub": second.id, "act": {"sub": first.id}}
    as_person = exchange(provider, third, one).json["access_token"]  # hides itself, not who was there before
    assert provider.introspect(third, as_person)["act"] == {"sub": first.id}


@pytest.mark.spec("RFC8693 4.4")
@FORMATS
def test_S37_nobody_may_exchange_but_whom_the_application_names(provider: Provider, ann: Person, form: str) -> None:
    named, other = backend(provider), backend(provider, "Other")
    app = front(provider, may_act=[named.id], access_token_format=form)
    token = provider.tokens(app, scope="files", resource=API)["access_token"]
    refused = exchange(provider, other, token)
    assert (refused.status, refused.error) == (400, "invalid_request")
    assert app.id not in refused.json["error_description"]
    assert exchange(provider, named, token).status == 200
    if form == "jwt":
        assert claims_of(token)["may_act"] == {"sub": named.id}
        # What a token says of who may act with it holds for it, whoever is named since.
        provider.services.registry.update(app.id, {"may_act": [other.id]})
        assert exchange(provider, other, token).error == "invalid_request"


def test_S37_an_impersonation_is_by_policy_alone_and_recorded_as_one(provider: Provider, ann: Person) -> None:
    api = backend(provider)
    app = front(provider, may_impersonate=[api.id])
    token = provider.tokens(app, scope="files", resource=API)["access_token"]
    seen = provider.introspect(api, exchange(provider, api, token).json["access_token"])
    assert "act" not in seen
    assert provider.events("token:exchanged")[0].detail["how"] == "impersonation"


@pytest.mark.spec("RFC8693 2.1")
def test_S37_an_actor_token_names_who_acts_and_must_be_the_applications_own(provider: Provider, ann: Person) -> None:
    api, other = backend(provider), backend(provider, "Other")
    app = front(provider, may_act=[api.id])
    token = provider.tokens(app, scope="files", resource=API)["access_token"]
    actor = provider.client_credentials(api).json["access_token"]
    both = {"actor_token": actor, "actor_token_type": ACCESS_TOKEN_TYPE}
    assert provider.introspect(api, exchange(provider, api, token, **both).json["access_token"])["act"] == {
        "sub": api.id
    }
    foreign = provider.client_credentials(other).json["access_token"]
    assert exchange(provider, api, token, **{**both, "actor_token": foreign}).error == "invalid_request"
    assert exchange(provider, api, token, actor_token=actor).error == "invalid_request"
    assert exchange(provider, api, token, actor_token_type=ACCESS_TOKEN_TYPE).error == "invalid_request"


@pytest.mark.spec("RFC8693 2.2.2")
def test_S37_what_is_no_live_token_of_a_person_is_not_exchanged(provider: Provider, ann: Person, clock: Clock) -> None:
    api = backend(provider)
    app = front(provider, may_act=[api.id], access_token_format="jwt")
    tokens = provider.tokens(app, scope="openid files", resource=API)
    own = provider.client_credentials(api).json["access_token"]
    made_up = ("x", "dwa_a.b", "a.b.c", tokens["id_token"], tokens["refresh_token"], own, "\x00", "é")
    for wrong in (*made_up, tokens["access_token"][:-2]):
        answer = exchange(provider, api, wrong)
        assert (answer.status, answer.error) == (400, "invalid_request"), wrong
    kinds = "urn:ietf:params:oauth:token-type:"
    for form in ({"subject_token_type": None}, {"subject_token_type": kinds + "saml2"},
                 {"requested_token_type": kinds + "refresh_token"}, {"subject_token": None}):  # fmt: skip
        assert exchange(provider, api, tokens["access_token"], **form).error == "invalid_request", form
    clock.advance(601)
    assert exchange(provider, api, tokens["access_token"]).error == "invalid_request"


@FORMATS
def test_S37_it_ends_with_the_token_it_was_made_of_and_never_later(
    provider: Provider, ann: Person, clock: Clock, form: str
) -> None:
    clock.now = float(int(clock.now))
    api = backend(provider, access_token_lifetime=86_400, access_token_format=form)
    app = front(provider, may_act=[api.id], access_token_lifetime=600)
    token = provider.tokens(app, scope="files", resource=API)["access_token"]
    clock.advance(400)
    answer = exchange(provider, api, token)
    assert answer.json["expires_in"] == 200
    clock.advance(199)
    assert provider.introspect(api, answer.json["access_token"])["active"]
    clock.advance(1)
    assert not provider.introspect(api, answer.json["access_token"])["active"]


@FORMATS
@pytest.mark.parametrize("what", ["pair", "front scope", "front", "between", "refresh token"])
def test_S37_what_is_taken_from_any_of_the_way_is_gone_from_what_was_made(
    provider: Provider, ann: Person, clock: Clock, form: str, what: str
) -> None:
    last = backend(provider, "Last", access_token_format=form)
    api = backend(provider, may_act=[last.id])
    app = front(provider, may_act=[api.id])
    tokens = provider.tokens(app, scope="files", resource=API)
    one = exchange(provider, api, tokens["access_token"]).json["access_token"]
    made = exchange(provider, last, one).json["access_token"]
    assert provider.introspect(last, made)["scope"] == "files"
    clock.advance(1)
    registry = provider.services.registry
    changes: dict[str, Callable[[], Any]] = {
        "pair": lambda: registry.update(app.id, {"may_act": []}),
        "front scope": lambda: registry.update(app.id, {"scope": "openid reports"}),
        "front": lambda: registry.disable(app.id),
        "between": lambda: registry.disable(api.id),
        "refresh token": lambda: provider.revoke(app, tokens["refresh_token"]),
    }
    changes[what]()
    assert provider.introspect(last, made).get("scope", "") == ""


@pytest.mark.spec("RFC7009 2.1")
@FORMATS
@pytest.mark.parametrize("which", [0, 1, 2])
def test_S37_X29_what_was_made_of_a_token_that_is_revoked_ends_with_it(
    provider: Provider, ann: Person, form: str, which: int
) -> None:
    last = backend(provider, "Last", access_token_format=form)
    api = backend(provider, may_act=[last.id], access_token_format=form)
    app = front(provider, may_act=[api.id], access_token_format="jwt" if form == "opaque" else "opaque")
    ways = [provider.tokens(app, scope="files", resource=API)["access_token"] for _ in range(2)]
    lines = []
    for token in ways:
        one = exchange(provider, api, token).json["access_token"]
        lines.append([(app, token), (api, one), (last, exchange(provider, last, one).json["access_token"])])
    owner, token = lines[0][which]
    assert provider.revoke(owner, token).status == 200
    for n, (by, held) in enumerate(lines[0]):
        assert provider.introspect(by, held)["active"] is (n < which), n
    assert all(provider.introspect(by, held)["active"] for by, held in lines[1])  # of another sign-in's
    if which < 2:
        assert exchange(provider, last, lines[0][1][1]).error == "invalid_request"


@FORMATS
def test_S37_what_hides_who_acts_ends_where_that_is_taken_back(provider: Provider, ann: Person, form: str) -> None:
    api = backend(provider, access_token_format=form)
    app = front(provider, may_impersonate=[api.id])
    token = provider.tokens(app, scope="files", resource=API)["access_token"]
    made = exchange(provider, api, token).json["access_token"]
    change = provider.services.registry.update
    change(app.id, {"may_impersonate": [], "may_act": [api.id]})
    assert not provider.introspect(api, made)["active"]
    named = exchange(provider, api, token).json["access_token"]
    assert provider.introspect(api, named)["act"] == {"sub": api.id}
    change(app.id, {"may_impersonate": [api.id], "may_act": []})
    assert provider.introspect(api, named)["active"]  # says more than it must


def test_S37_a_token_that_an_older_release_made_of_another_stands_as_it_did() -> None:
    old = Exchanged.from_json({"via": ["a", "b"], "act": {"sub": "c"}})
    assert old == Exchanged({"sub": "c"}, ("a", "b"), (), ("", ""))


@pytest.mark.spec("RFC8707 2")
def test_S37_S38_another_audience_is_for_an_admin_to_name(provider: Provider, ann: Person) -> None:
    api = backend(provider)
    app = front(provider, may_act=[api.id])
    token = provider.tokens(app, scope="files", resource=API)["access_token"]
    assert exchange(provider, api, token, resource=STORE).error == "invalid_target"
    assert exchange(provider, api, token, audience=STORE).error == "invalid_target"
    assert exchange(provider, api, token, resource=OTHER).error == "invalid_target"
    provider.services.registry.update(app.id, {"exchange_resources": [STORE, OTHER]})
    made = exchange(provider, api, token, resource=STORE).json["access_token"]
    assert provider.introspect(api, made)["aud"] == [STORE]
    assert exchange(provider, api, token, resource=OTHER).error == "invalid_target"  # and both must have it
    elsewhere = provider.tokens(app, scope="files", resource=OTHER)["access_token"]
    assert exchange(provider, api, elsewhere).error == "invalid_target"  # never one for us instead


@pytest.mark.spec("RFC8693 2.1")
@FORMATS
def test_S37_S38_no_second_hop_widens_what_the_first_application_gave(
    provider: Provider, ann: Person, form: str
) -> None:
    last = backend(provider, "Last", access_token_format=form)
    api = backend(provider, may_act=[last.id], exchange_resources=[STORE], access_token_format=form)
    app = front(provider, may_act=[api.id])
    token = provider.tokens(app, scope="files", resource=API)["access_token"]
    made = exchange(provider, api, token).json["access_token"]
    assert exchange(provider, api, made, resource=STORE).error == "invalid_target"  # its own result, by its own word
    assert exchange(provider, last, made, resource=STORE).error == "invalid_target"  # nor by a friend of its
    provider.services.registry.update(app.id, {"exchange_resources": [STORE]})
    assert exchange(provider, api, made, resource=STORE).error == "invalid_target"  # its own it makes narrower alone
    wider = exchange(provider, last, made, resource=STORE).json["access_token"]
    assert provider.introspect(last, wider)["aud"] == [STORE]  # which both have named


@pytest.mark.spec("RFC9449 5")
def test_S27_S37_what_is_made_of_a_bound_token_is_bound(provider: Provider, ann: Person) -> None:
    api, key, own = backend(provider), new_key(), new_key("api")
    grants = ["authorization_code", "refresh_token", GRANT_TYPE]
    app = front(provider, may_act=[api.id], grant_types=grants)
    code = provider.sign_in(provider.browser(), app, scope="files", resource=API).code
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": app.redirect_uri}
    form["code_verifier"] = "doorward-tests_" + "v" * 40
    token = provider.post("oauth/token", app, form, DPoP=proof(provider, key)).json["access_token"]
    assert exchange(provider, api, token).error == "invalid_request"
    made = exchange(provider, api, token, headers={"DPoP": proof(provider, own)}).json
    assert made["token_type"] == "DPoP"
    assert provider.introspect(api, made["access_token"])["cnf"] == {"jkt": own.thumbprint()}
    assert exchange(provider, app, token, headers={"DPoP": proof(provider, own)}).error == "invalid_request"
    same = exchange(provider, app, token, headers={"DPoP": proof(provider, key)}).json
    assert provider.introspect(app, same["access_token"])["cnf"] == {"jkt": key.thumbprint()}
    assert show(provider, same["access_token"], key, "oauth/whoami").status == 401  # it is for the API alone


def test_an_application_may_make_a_token_of_its_own_narrower(provider: Provider, ann: Person) -> None:
    app = front(provider, grant_types=["authorization_code", "refresh_token", GRANT_TYPE])
    token = provider.tokens(app, scope="openid files reports", resource=API)["access_token"]
    made = exchange(provider, app, token, scope="files", resource=API)
    assert made.json["scope"] == "files"
    assert "act" not in provider.introspect(app, made.json["access_token"])
    assert exchange(provider, app, made.json["access_token"], scope="reports").error == "invalid_scope"
    token = made.json["access_token"]
    for _ in range(MAX_HOPS - 1):
        token = exchange(provider, app, token).json["access_token"]
    assert exchange(provider, app, token).error == "invalid_request"  # no chain without an end


def test_S37_neither_a_sign_in_nor_our_own_API_comes_of_an_exchange(provider: Provider, ann: Person) -> None:
    api = backend(provider, scope="files doorward:admin")
    app = front(provider, may_act=[api.id], scope="openid files doorward:admin offline_access")
    token = provider.tokens(app, scope="openid files doorward:admin offline_access", prompt="consent")["access_token"]
    answer = exchange(provider, api, token, scope="openid files doorward:admin offline_access")
    assert answer.json["scope"] == "files"
    assert not {"id_token", "refresh_token"} & set(answer.json)
    assert exchange(provider, api, token, scope="doorward:admin").error == "invalid_scope"


def test_X23_the_person_must_be_let_into_the_application_that_exchanges(provider: Provider, ann: Person) -> None:
    api = provider.add_client("Api", "machine", scope="files", resources=[API], grant_types=[GRANT_TYPE],
                              access=Access.only(groups=["board"]))  # fmt: skip
    app = front(provider, may_act=[api.id])
    token = provider.tokens(app, scope="files", resource=API)["access_token"]
    assert exchange(provider, api, token).error == "invalid_request"
    provider.services.directory.set_groups(ann.id, ["board"])
    assert exchange(provider, api, token).status == 200


def begun(clock: Clock) -> str:
    """The day before today, as rules have it."""
    return datetime.fromtimestamp(clock.now - 86_400, tz=UTC).date().isoformat()


@pytest.mark.parametrize(("said", "soon"), [
    ({"need": "none", "max_age_minutes": 60}, False), ({"need": "second", "grace_days": 30}, True),
])  # fmt: skip
def test_X23_another_issuers_word_meets_no_rule_of_freshness_or_strength(
    provider: Provider, ann: Person, clock: Clock, said: dict[str, Any], soon: bool
) -> None:
    trusted = {assertions.ISSUER: assertions.TRUSTED}
    api = backend(provider)
    batch = backend(provider, "Batch", grant_types=[jwt_bearer.GRANT_TYPE], assertion_issuers=trusted, may_act=[api.id])
    form = {"grant_type": jwt_bearer.GRANT_TYPE, "assertion": assertions.of(provider, "ann"), "resource": API}
    token = provider.post("oauth/token", batch, form).json["access_token"]
    assert exchange(provider, api, token).status == 200
    provider.add_rule(why="Not by hearsay.", apps=[api.id], **said, **({"starts": begun(clock)} if soon else {}))
    assert exchange(provider, api, token).error == "invalid_request"


@pytest.mark.parametrize("has", [False, True])
def test_X23_F8_a_grace_is_for_who_has_no_second_factor(
    open_provider: Callable[..., Provider], clock: Clock, has: bool
) -> None:
    provider = open_provider(factors={"personal": "never"})
    ann = provider.add_person("ann")
    if has:
        with provider.services.db.transaction() as tx:
            factors.add(tx, clock(), ann.id, "totp", "Phone", sealed="x")
    api = backend(provider)
    app = front(provider, may_act=[api.id])
    token = provider.tokens(app, scope="files", resource=API)["access_token"]
    provider.add_rule(need="second", why="Soon.", apps=[api.id], starts=begun(clock), grace_days=30)
    assert exchange(provider, api, token).error == ("invalid_request" if has else "")
    clock.advance(60)
    provider.add_rule(need="second", why="Now.", apps=[api.id])
    assert exchange(provider, api, token).error == "invalid_request"


def allow(provider: Provider, app: App) -> Browser:
    """The person signs in to it and agrees."""
    browser = provider.browser()
    assert provider.sign_in(browser, app, scope="openid files").code
    return browser


@FORMATS
@pytest.mark.parametrize("consent", ["explicit", "implicit"])
def test_X23_what_the_person_takes_back_of_the_application_that_exchanges_ends_its_tokens_and_gives_no_more(
    provider: Provider, ann: Person, clock: Clock, form: str, consent: str
) -> None:
    api = provider.add_client("Api", scope="openid files", resources=[API], consent=consent, access_token_format=form,
                              grant_types=["authorization_code", GRANT_TYPE])  # fmt: skip
    app = front(provider, may_act=[api.id], access_token_format=form)
    browser = allow(provider, api)
    token = provider.tokens(app, scope="files", resource=API)["access_token"]
    made = exchange(provider, api, token).json["access_token"]
    assert provider.introspect(api, made)["active"]
    clock.advance(1)
    take_consent_back(provider, browser, api)
    assert not provider.introspect(api, made)["active"]
    assert provider.introspect(app, token)["active"]  # which is another application's
    assert exchange(provider, api, token).error == "invalid_request"
    clock.advance(1)
    allow(provider, api)
    if consent == "implicit":  # it is nobody's to give there: what the person begins from now on counts
        token = provider.tokens(app, scope="files", resource=API)["access_token"]
    made = exchange(provider, api, token).json["access_token"]
    assert provider.introspect(api, made)["active"]


@pytest.mark.parametrize("form", ["opaque", "jwt"])
def test_R4_S37_an_exchanged_token_ends_with_the_persons_access_to_the_application_that_exchanges(
    provider: Provider, ann: Person, clock: Clock, form: str
) -> None:
    clock.now = float(int(clock.now))
    api = backend(provider, access_token_format=form)
    app = front(provider, may_act=[api.id])
    terms = {person_key(ann.id): Term(until=clock.now + 120)}
    provider.services.registry.change_access(api.id, lambda _: Access.only(persons=[ann.id], terms=terms))
    token = provider.tokens(app, scope="files", resource=API)["access_token"]
    answer = exchange(provider, api, token).json
    assert answer["expires_in"] == 120
    if form == "jwt":
        assert claims_of(answer["access_token"])["exp"] == clock.now + 120


@FORMATS
def test_S37_what_the_store_is_asked_of_an_exchanged_token_is_one_read(
    provider: Provider, ann: Person, form: str
) -> None:
    api = backend(provider, access_token_format=form)
    app = front(provider, may_act=[api.id])
    token = provider.tokens(app, scope="files", resource=API)["access_token"]
    exchange(provider, api, token)
    sql, _, answer = provider.counted(lambda: exchange(provider, api, token))
    assert len(reads(sql)) == 3  # the token, the edition of the rules, and in the transaction what may have changed
    provider.introspect(api, answer.json["access_token"])
    sql, _, seen = provider.counted(lambda: provider.introspect(api, answer.json["access_token"]))
    assert seen["active"]
    assert len(reads(sql)) == 1


# -- every sequence ----------------------------------------------------------------------------------------------------

SCOPES, PLACES = ("files", "reports", "admin", "openid"), (API, STORE, OTHER)
STEP = st.tuples(st.integers(0, 2), st.sets(st.sampled_from(SCOPES)), st.sets(st.sampled_from(PLACES)), st.booleans())


class _World:
    """Three programs of which each may act with the tokens of each; made once for all examples of a test."""

    def __init__(self, provider: Provider) -> None:
        self.provider, self.key = provider, new_key()
        self.backends = [backend(provider, f"B{n}", scope="files reports admin",
                                 access_token_format="jwt" if n % 2 else "opaque") for n in range(3)]  # fmt: skip
        ids = [one.id for one in self.backends]
        for one in ids:
            provider.services.registry.update(one, {"may_act": ids, "exchange_resources": [STORE]})
        self.front = front(provider, may_act=ids[:2], may_impersonate=ids[2:], exchange_resources=[STORE])
        self.watcher = provider.add_client("Watcher", "machine", scope="x", introspection="all")
        provider.add_person("ann")
        self.browser = provider.browser()

    def granted(self, scope: set[str], aim: set[str], bound: bool) -> tuple[str, dict[str, Any]]:
        code = self.provider.sign_in(self.browser, self.front, scope=" ".join(scope), resource=sorted(aim)).code
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": self.front.redirect_uri}
        form["code_verifier"] = "doorward-tests_" + "v" * 40
        headers = {"DPoP": proof(self.provider, self.key)} if bound else {}
        token = self.provider.post("oauth/token", self.front, form, **headers).json["access_token"]
        return token, self.provider.introspect(self.watcher, token)


@pytest.fixture
def world(provider: Provider) -> _World:
    """Made once for all examples."""
    return _World(provider)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(granted=st.sets(st.sampled_from(SCOPES), min_size=1), aim=st.sets(st.sampled_from((API, OTHER))),
       bound=st.booleans(), steps=st.lists(STEP, min_size=1, max_size=4))  # fmt: skip
def test_S37_X23_no_sequence_of_exchanges_gives_more_than_was_granted(
    world: _World, provider: Provider, clock: Clock, granted: set[str], aim: set[str], bound: bool,
    steps: list[tuple[int, set[str], set[str], bool]],
) -> None:  # fmt: skip
    token, had = world.granted(granted, aim, bound)
    for who, scope, resource, with_proof in steps:
        clock.advance(7)
        app = world.backends[who]
        headers = {"DPoP": proof(provider, world.key)} if with_proof else {}
        answer = exchange(
            provider, app, token, headers=headers, scope=" ".join(sorted(scope)) or None, resource=sorted(resource)
        )
        if answer.status != 200:
            assert answer.error in ("invalid_request", "invalid_scope", "invalid_target"), answer.text
            continue
        token = answer.json["access_token"]
        seen = provider.introspect(world.watcher, token)
        assert set(seen["scope"].split()) <= set(had["scope"].split())
        assert set(seen["aud"]) <= set(had["aud"]) | {STORE}  # which an admin named
        assert seen["exp"] <= had["exp"]
        assert seen["sub"] == had["sub"]
        assert ("cnf" in seen) or ("cnf" not in had)
        had = seen


@FORMATS
def test_S37_where_people_are_asked_anothers_yes_is_none_for_the_one_that_exchanges(
    provider: Provider, browser: Browser, ann: Person, form: str
) -> None:
    grants = ["authorization_code", GRANT_TYPE]
    asking = provider.add_client(
        "Asking", grant_types=grants, scope="openid files reports", resources=[API], consent="explicit",
        access_token_format=form,
    )  # fmt: skip
    nobodys = backend(provider, consent="explicit")
    token = provider.tokens(
        front(provider, may_act=[asking.id, nobodys.id]), browser, resource=API, scope="files reports"
    )
    for app in (asking, nobodys):
        answer = exchange(provider, app, token["access_token"], resource=API)
        assert (answer.status, answer.error) == (400, "invalid_request")
        assert "has not agreed" in answer.json["error_description"]
    provider.sign_in(browser, asking, scope="openid files")  # and allows it
    assert exchange(provider, asking, token["access_token"], resource=API).error == "invalid_request"  # reports is more
    answer = exchange(provider, asking, token["access_token"], resource=API, scope="files")
    assert answer.json["scope"] == "files"
    take_consent_back(provider, browser, asking)
    assert exchange(provider, asking, token["access_token"], resource=API, scope="files").error == "invalid_request"
