"""What an application would rather see: acr_values, default_acr_values and acr as a voluntary claim. N12."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from idp.login.authn import MFA, PHISHING_RESISTANT, SUPPORTED_ACR, acr_of, amounts_to
from idp.login.flow import Demands, Flow
from idp.login.policy import StepUp, more_proof
from idp.login.steps import Prove
from tests.backends import Clock
from tests.login.second_step import claims, enrol, is_second_step
from tests.phone import Phone
from tests.provider import App, Browser, Provider

PASSWORD_CLASS, PPT, MICROSOFT = SUPPORTED_ACR[:3]


@pytest.fixture
def relaxed(open_provider: Callable[..., Provider]) -> Provider:
    """A second factor is asked for only where somebody wants one."""
    return open_provider(factors={"personal": "never"})


@pytest.fixture
def ann(relaxed: Provider, clock: Clock) -> Phone:
    return enrol(relaxed, clock)


@pytest.fixture
def visitor(relaxed: Provider) -> Browser:
    return relaxed.browser()


def wish(**acr: Any) -> dict[str, str]:
    return {"claims": json.dumps({"id_token": {"acr": acr}})}


ASKING: list[tuple[str, dict[str, str], dict[str, Any]]] = [
    ("acr_values", {"acr_values": MFA}, {}),
    ("the other name", {"acr_values": MICROSOFT}, {}),
    ("beside unknown ones", {"acr_values": f"urn:mace:incommon:iap:silver {MFA} 1"}, {}),
    ("most wanted first", {"acr_values": f"{MFA} {PPT}"}, {}),
    ("stronger than anything they have, then this", {"acr_values": f"{PHISHING_RESISTANT} {MFA} {PPT}"}, {}),
    ("a voluntary value", wish(value=MFA), {}),
    ("voluntary values", wish(values=[MFA, PPT]), {}),
    ("plainly voluntary", wish(essential=False, values=[MFA]), {}),
    ("an essential value", wish(essential=True, value=MFA), {}),
    ("essential values, most wanted first", wish(essential=True, values=[MFA, PPT]), {}),
    ("registered", {}, {"default_acr_values": [MFA]}),
    ("registered among others", {}, {"default_acr_values": ["made-up", MFA, PPT]}),
    ("asked over what is registered", {"acr_values": MFA}, {"default_acr_values": [PPT]}),
    ("the claim over the parameter", {**wish(value=MFA), "acr_values": PPT}, {}),
    ("the claim over what is registered", wish(value=MFA), {"default_acr_values": [PPT]}),
    ("a claim without a value leaves the parameter", {**wish(essential=True), "acr_values": MFA}, {}),
]


@pytest.mark.spec("OIDC-Core 5.5.1.1")
@pytest.mark.parametrize(("overrides", "metadata"), [row[1:] for row in ASKING], ids=[row[0] for row in ASKING])
@pytest.mark.parametrize("signed_in", [False, True], ids=["anew", "in a session"])
def test_n12_who_can_is_asked_for_the_class_that_is_wanted_and_the_answer_names_it(
    relaxed: Provider, visitor: Browser, ann: Phone, overrides: dict[str, str], metadata: dict[str, Any],
    signed_in: bool,
) -> None:  # fmt: skip
    app = relaxed.add_client("Vault", **metadata)
    if signed_in:
        assert relaxed.sign_in(visitor, relaxed.add_client("First")).code  # a password was enough there
        page = relaxed.authorize(visitor, app, **overrides)
    else:
        page = visitor.log_in(relaxed.authorize(visitor, app, **overrides))
    assert is_second_step(page)
    told = claims(relaxed, app, visitor.submit(page, code=ann.code))
    assert told["amr"] == ["pwd", "otp", "mfa"]
    assert told["acr"] == (MICROSOFT if MICROSOFT in str(overrides) else MFA)
    # It has been shown: the next request, and the next application, get it without a question.
    assert relaxed.authorize(visitor, app, prompt="none", **overrides).code


NOT_ASKING: list[tuple[str, dict[str, str], dict[str, Any]]] = [
    ("nothing wanted", {}, {}),
    ("a password is wanted most", {"acr_values": f"{PPT} {MFA}"}, {}),
    ("only a class that they cannot reach", {"acr_values": PHISHING_RESISTANT}, {}),
    ("only classes that do not exist", {"acr_values": "1 2 urn:made:up"}, {}),
    ("a password is registered over nothing", {}, {"default_acr_values": [PPT, MFA]}),
    ("asked over what is registered", {"acr_values": PPT}, {"default_acr_values": [MFA]}),
    ("silently", {"acr_values": MFA, "prompt": "none"}, {}),
    ("silently, registered", {"prompt": "none"}, {"default_acr_values": [MFA]}),
]


@pytest.mark.spec("OIDC-Core 3.1.2.1")
@pytest.mark.parametrize(("overrides", "metadata"), [r[1:] for r in NOT_ASKING], ids=[row[0] for row in NOT_ASKING])
def test_n12_a_wish_is_no_condition(
    relaxed: Provider, visitor: Browser, ann: Phone, overrides: dict[str, str], metadata: dict[str, Any]
) -> None:
    app = relaxed.add_client("Vault", **metadata)
    assert relaxed.sign_in(visitor, relaxed.add_client("First")).code
    told = claims(relaxed, app, relaxed.authorize(visitor, app, **overrides))
    assert (told["amr"], told["acr"]) == (["pwd"], PPT)


@pytest.mark.parametrize("overrides", [row[1] for row in ASKING if '"essential": true' not in str(row[1])])
def test_n12_without_a_second_factor_the_sign_in_goes_on_and_acr_tells_the_truth(
    relaxed: Provider, visitor: Browser, overrides: dict[str, str]
) -> None:
    relaxed.add_person("bob")
    app = relaxed.add_client("Vault", default_acr_values=[MFA])
    told = claims(relaxed, app, relaxed.sign_in(visitor, app, "bob", **overrides))
    assert (told["amr"], told["acr"]) == (["pwd"], PPT)


def test_n12_the_answer_names_the_class_that_was_asked_for_where_it_was_reached(
    relaxed: Provider, visitor: Browser, ann: Phone
) -> None:
    """Core §5.5.1.1: it must match one of the requested values."""
    app = relaxed.add_client("Vault")
    page = visitor.log_in(relaxed.authorize(visitor, app, acr_values=MFA))
    visitor.submit(page, code=ann.code)
    for overrides, expected in (
        ({"acr_values": PPT}, PPT), ({"acr_values": PASSWORD_CLASS}, PASSWORD_CLASS),
        ({"acr_values": MICROSOFT}, MICROSOFT),
        (wish(essential=True, value=PASSWORD_CLASS), PASSWORD_CLASS), ({}, MFA), ({"acr_values": "made-up"}, MFA),
        (wish(essential=True, values=["made-up", MICROSOFT, MFA]), MICROSOFT),
    ):  # fmt: skip
        tokens = relaxed.redeem(app, relaxed.authorize(visitor, app, **overrides).code)
        assert tokens.status == 200
        renewed = relaxed.refresh(app, tokens.json["refresh_token"])
        for answer in (tokens, renewed):
            assert decoded(answer.json["id_token"])["acr"] == expected, overrides


def decoded(token: str) -> dict[str, Any]:
    import jwt

    return dict(jwt.decode(token, options={"verify_signature": False}))


def test_n12_another_second_factor_does_where_the_wanted_one_is_not_at_hand(relaxed: Provider, clock: Clock) -> None:
    """A wish locks nobody out: the ways offered are the best for it, and then all others; one of them is the end."""
    has = {"webauthn": ("passkey",), "totp": ("totp",), "email": ("email",), "backup": ("backup",)}
    standing = StepUp(available=lambda: has)
    asked = more_proof(Flow("oidc", "c", demands=Demands(preferred=(PHISHING_RESISTANT,))), ("pwd",), standing, 0.0)
    assert isinstance(asked, Prove)
    assert asked.authenticators == ("webauthn", "totp", "backup")


def test_n12_who_came_with_a_passkey_types_no_password_for_a_wish() -> None:
    standing = StepUp(available=lambda: {"password": ("pwd",)})
    for value in SUPPORTED_ACR:
        demands = Demands(preferred=(value,))
        assert more_proof(Flow("oidc", "c", demands=demands), ("passkey",), standing, 0.0) is None
    assert acr_of(("passkey",), (PPT,)) == PHISHING_RESISTANT
    assert amounts_to(("pwd", "totp"), PPT)
    assert not amounts_to(("pwd", "totp"), PHISHING_RESISTANT)
    assert not amounts_to((), PASSWORD_CLASS)


def test_n12_a_wish_that_is_met_costs_no_round_trip(relaxed: Provider, visitor: Browser, ann: Phone) -> None:
    app = relaxed.add_client("Vault", default_acr_values=[MFA])
    visitor.submit(visitor.log_in(relaxed.authorize(visitor, app)), code=ann.code)
    assert relaxed.authorize(visitor, app).code  # a session is noted as seen once a minute
    sql, verbs, answer = relaxed.counted(lambda: relaxed.authorize(visitor, app))
    assert answer.code
    assert verbs == ["put"]
    assert [text.split()[0] for text in sql] == ["SELECT", "INSERT"]  # the session, and the code: State is in SQL here


def test_n12_the_access_token_says_the_same(relaxed: Provider, visitor: Browser, ann: Phone) -> None:
    """RFC 9068 §2.2.1."""
    app: App = relaxed.add_client("API", access_token_format="jwt", default_acr_values=[MICROSOFT])
    page = visitor.log_in(relaxed.authorize(visitor, app))
    tokens = relaxed.redeem(app, visitor.submit(page, code=ann.code).code).json
    assert decoded(tokens["access_token"])["acr"] == decoded(tokens["id_token"])["acr"] == MICROSOFT
