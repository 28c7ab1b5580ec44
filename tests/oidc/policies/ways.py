"""One row for each grant of the token endpoint: how it is gone through, and what is not asked of it, with the reason.

A new grant is a row here, or `test_matrix.py` fails. A question that is not asked is checked as well where it can be:
a token that speaks of nobody has its client for a subject, in introspection and at whoami.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from idp.oidc.grants import jwt_bearer, native_sso, token_exchange
from idp.oidc.tokens import ACCESS_TOKEN_TYPE, ID_TOKEN_TYPE
from tests.oidc import asked, assertions, devices
from tests.oidc.policies.world import API, FILES, REPORTS, STORE, Ask, NotGiven, Way, World
from tests.provider import VERIFIER

#: Questions about a person, in the words of `test_matrix.py`.
OF_PERSONS = ("person disabled", "access withdrawn", "consent revoked", "session ended", "factor rules")
#: A profile of token exchange, with rules of its own: another way in.
NATIVE_SSO = "native single sign-on"
NOBODY = "a program acts for itself: nobody signs in, and its tokens speak of nobody"


def _code(world: World, **asked: Any) -> Ask:
    code = world.code(**asked)
    return partial(
        world.token, "authorization_code", code=code, code_verifier=VERIFIER, redirect_uri=world.app.redirect_uri
    )


def _refresh(world: World, *, bound: bool = False, **asked: Any) -> Ask:
    first = _code(world, **asked)(bound=bound)
    if first.status != 200:
        raise NotGiven(first.text)
    return partial(world.token, "refresh_token", refresh_token=first.json["refresh_token"])


def _device(world: World, **asked: Any) -> Ask:
    device = devices.begun(world.provider, world.app, **{name: value for name, value in asked.items() if value})
    page = devices.come(world.browser, device, world.person.username)
    if not page.is_consent_page:
        raise NotGiven(page.dom.text)
    world.browser.submit(page, "allow")
    return partial(world.token, devices.GRANT, device_code=device["device_code"])


def _asked(world: World, **wanted: Any) -> Ask:
    scope = f"openid {wanted.pop('scope', '')}".replace("openid openid", "openid")
    data = {"scope": scope, "login_hint": world.person.username, **wanted}
    began = asked.begun(world.provider, world.app, **{name: value for name, value in data.items() if value})
    page = asked.come(world.provider, world.browser, world.person.username)
    if not page.is_consent_page:
        raise NotGiven(page.dom.text)
    world.browser.submit(page, "allow")
    return partial(world.token, asked.GRANT, auth_req_id=began["auth_req_id"])


def _for_itself(world: World, **asked: Any) -> Ask:
    return partial(world.token, "client_credentials", **{name: value for name, value in asked.items() if value})


def _before(world: World) -> World:
    """An application that people sign in to, and that lets this one act with their tokens."""
    front = world.provider.add_client(
        f"Front {world.person.username}", scope=f"openid {REPORTS} {FILES}", resources=[API, STORE], consent="explicit",
        may_act=[world.app.id], authorization_details_types=["payment"],
    )  # fmt: skip
    return replace(world, front=front)


def _exchange(world: World, **asked: Any) -> Ask:
    first = world.provider.redeem(world.signs_in_to, world.code(**asked))
    if first.status != 200:
        raise NotGiven(first.text)
    return partial(
        world.token, token_exchange.GRANT_TYPE, subject_token=first.json["access_token"],
        subject_token_type=ACCESS_TOKEN_TYPE,
    )  # fmt: skip


def _on_a_phone(world: World) -> World:
    """Another app of the same maker on the same phone, at which the person signs in; they agreed to both before."""
    provider, registry, app = world.provider, world.provider.services.registry, world.app
    registry.update(app.id, {"native_sso_group": app.id})
    first = provider.add_client(
        f"First {world.person.username}", "native", redirect_uris=["com.example.first:/cb"], scope="openid device_sso",
        native_sso_group=app.id, consent="implicit",
    )  # fmt: skip
    page = provider.sign_in(world.browser, app, world.person.username, scope=f"openid {REPORTS} {FILES}")
    assert "code" in page.sent
    return replace(world, first=first)


def _native_sso(world: World, **asked: Any) -> Ask:
    first = world.first
    assert first is not None
    held = world.provider.tokens(first, world.browser, world.person.username, scope="openid device_sso")
    given = {name: value for name, value in asked.items() if value}
    return partial(
        world.token, token_exchange.GRANT_TYPE, subject_token=held["id_token"], subject_token_type=ID_TOKEN_TYPE,
        actor_token=held["device_secret"], actor_token_type=native_sso.DEVICE_SECRET_TYPE,
        audience=world.provider.issuer, **given,
    )  # fmt: skip


def _assert(world: World, **asked: Any) -> Ask:
    assertion = assertions.of(world.provider, world.person.username)
    given = {name: value for name, value in asked.items() if value}
    return partial(world.token, jwt_bearer.GRANT_TYPE, assertion=assertion, **given)


WAYS: Mapping[str, Way] = {
    "authorization_code": Way(_code),
    "refresh_token": Way(_refresh),
    devices.GRANT: Way(_device),
    asked.GRANT: Way(
        _asked,
        metadata={"backchannel_token_delivery_mode": "poll"},
        always=frozenset(("openid",)),  # CIBA §7.1
        not_asked={"audience": "its scope always has openid, so its tokens are for userinfo, too: see test_ciba.py"},
    ),
    "client_credentials": Way(
        _for_itself,
        profile="machine",
        not_asked={
            **dict.fromkeys(OF_PERSONS, NOBODY),
            "more than was granted": "what it asks for at the token endpoint is its whole request",
            "more in detail": "what it asks for at the token endpoint is its whole request",
        },
    ),
    jwt_bearer.GRANT_TYPE: Way(
        _assert,
        profile="machine",
        metadata={"assertion_issuers": {assertions.ISSUER: assertions.TRUSTED}},
        not_asked={
            "consent revoked": "an admin trusts the issuer; what a person takes back ends the tokens that are out",
            "session ended": "no session of ours is behind it; its one token ends within minutes",
            "more than was granted": "what it asks for at the token endpoint is its whole request",
            "more in detail": "it gives none: nobody was asked; see test_authorization_details.py",
        },
    ),
    token_exchange.GRANT_TYPE: Way(
        _exchange,
        profile="machine",
        metadata={"consent": "implicit"},  # nobody signs in to it who could agree: see test_token_exchange.py
        prepare=_before,
        refusals=frozenset(("invalid_request",)),  # RFC 8693 §2.2.2
    ),
    NATIVE_SSO: Way(
        _native_sso,
        profile="native",
        grant_type=token_exchange.GRANT_TYPE,
        prepare=_on_a_phone,
        refusals=frozenset(("invalid_request",)),  # RFC 8693 §2.2.2
        not_asked={
            "more than was granted": "what it asks for at the token endpoint is its whole request",
            "more in detail": "it gives none: nobody was asked",
        },
    ),
}
