"""A resource that wants a stronger or a younger sign-in than the token has behind it (RFC 9470). S39."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import urlencode

import jwt
import pytest

from idp.accounts.person import Person
from idp.login.authn import MFA, PHISHING_RESISTANT, SUPPORTED_ACR
from tests.backends import Clock
from tests.login.second_step import enrol, is_second_step
from tests.oidc.test_dpop import bound, proof
from tests.provider import Answer, App, Browser, Provider, bearer, new_key

PPT = SUPPORTED_ACR[1]


@pytest.fixture
def relaxed(open_provider: Callable[..., Provider]) -> Provider:
    """A second factor is asked for only where somebody wants one."""
    return open_provider(factors={"personal": "never"})


def whoami(provider: Provider, token: str, **wanted: str) -> Answer:
    return provider.browser().get("oauth/whoami?" + urlencode(wanted), headers=bearer(token))


def challenge(answer: Answer) -> dict[str, str]:
    return dict(re.findall(r'([a-z_]+)="([^"]*)"', answer.headers["WWW-Authenticate"]))


@pytest.mark.spec("RFC9470 3")
@pytest.mark.parametrize("format_", ["opaque", "jwt"])
def test_S39_the_challenge_leads_through_the_factor_to_a_token_that_is_enough(
    relaxed: Provider, clock: Clock, format_: str
) -> None:
    phone, visitor = enrol(relaxed, clock), relaxed.browser()
    app = relaxed.add_client("Vault", access_token_format=format_)
    weak = relaxed.tokens(app, visitor)["access_token"]
    refused = whoami(relaxed, weak, acr_values=MFA, max_age="600")
    told = challenge(refused)
    assert (refused.status, told["error"]) == (401, "insufficient_user_authentication")
    assert (told["acr_values"], told["max_age"]) == (MFA, "600")
    # RFC 9470 §4: what the challenge says goes into the authorization request, as it stands.
    page = relaxed.authorize(visitor, app, acr_values=told["acr_values"], max_age=told["max_age"])
    assert is_second_step(page)
    strong = relaxed.redeem(app, visitor.submit(page, code=phone.code).code).json["access_token"]
    answer = whoami(relaxed, strong, acr_values=MFA, max_age="600")
    assert (answer.status, answer.json["acr"]) == (200, MFA)
    assert whoami(relaxed, weak).status == 200  # it stays good for what asks for less
    # RFC 9470 §6: a resource elsewhere sees the same, in the JWT or by introspection.
    for token, acr in ((weak, PPT), (strong, MFA)):
        seen = relaxed.introspect(app, token)
        if format_ == "jwt":
            seen |= jwt.decode(token, options={"verify_signature": False})
        assert (seen["acr"], seen["auth_time"]) == (acr, answer.json["auth_time"])


@pytest.mark.spec("RFC9470 3")
def test_S39_an_old_sign_in_is_renewed_by_max_age(
    provider: Provider, browser: Browser, ann: Person, clock: Clock
) -> None:
    app = provider.add_client("Vault")
    clock.now = float(int(clock.now))
    token = provider.tokens(app, browser)["access_token"]
    clock.advance(60)
    assert whoami(provider, token, max_age="60").status == 200
    clock.advance(1)
    told = challenge(whoami(provider, token, max_age="60"))
    assert (told["error"], told["max_age"]) == ("insufficient_user_authentication", "60")
    assert "acr_values" not in told
    page = provider.authorize(browser, app, max_age=told["max_age"])
    assert page.is_login_page
    fresh = provider.redeem(app, browser.log_in(page).code).json["access_token"]
    assert whoami(provider, fresh, max_age="60").status == 200


@pytest.mark.parametrize(
    ("wanted", "status"),
    [
        ({"acr_values": PPT}, 200),
        ({"acr_values": f"{PHISHING_RESISTANT} {PPT}"}, 200),
        ({"acr_values": ""}, 200),
        ({"acr_values": PHISHING_RESISTANT}, 401),
        ({"acr_values": "made-up"}, 401),
        ({"max_age": "0"}, 200),
        ({"max_age": "-1"}, 400),
        ({"max_age": "1e3"}, 400),
        ({"acr_values": 'a", error="invalid_token'}, 400),
        ({"acr_values": "a\r\nSet-Cookie: x=y"}, 400),
        ({"acr_values": "é"}, 400),
    ],
)
def test_S39_what_a_resource_may_demand(
    provider: Provider, crm: App, ann: Person, wanted: dict[str, str], status: int
) -> None:
    answer = whoami(provider, provider.tokens(crm)["access_token"], **wanted)
    assert answer.status == status
    assert "Set-Cookie" not in answer.headers


def test_S39_a_program_without_a_person_has_no_sign_in(provider: Provider) -> None:
    app = provider.add_client("Batch", "machine", scope="jobs.run")
    token = provider.client_credentials(app).json["access_token"]
    assert whoami(provider, token).status == 200
    for wanted in ({"acr_values": PPT}, {"max_age": "999999"}):
        assert whoami(provider, token, **wanted).error == "insufficient_user_authentication"


def test_S39_a_bound_token_is_challenged_in_its_own_scheme(provider: Provider, browser: Browser, ann: Person) -> None:
    app, key = provider.add_client("Vault"), new_key()
    tokens = bound(provider, app, key)
    shown = proof(provider, key, "oauth/whoami", "GET", token=tokens["access_token"])
    answer = browser.get(
        "oauth/whoami?acr_values=phr", headers={"Authorization": f"DPoP {tokens['access_token']}", "DPoP": shown}
    )
    assert answer.headers["WWW-Authenticate"].startswith('DPoP realm="doorward", error="insufficient_user')
