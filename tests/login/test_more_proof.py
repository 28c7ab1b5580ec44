"""How much proof is enough, as tables: the operator's rules, what was shown, what a person could still do. F8, F9."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.config import FactorRule
from idp.login import authn
from idp.login.authn import METHODS, MFA, PHISHING_RESISTANT, SUPPORTED_ACR, amr_of, reached
from idp.login.flow import Demands, Flow
from idp.login.policy import More, StepUp, more_proof
from idp.login.requirements import NONE, Circumstances, Need, is_met, needed
from idp.login.steps import Deny, Enrol, Prove

NOW = 1_800_000_000.0  # 2027-01-15
DAY = 86400.0
PPT = SUPPORTED_ACR[1]
ALL_WAYS = {"webauthn": ("passkey",), "totp": ("totp",), "password": ("pwd",), "email": ("email",),
            "backup": ("backup",), "admin": ("admin",)}  # fmt: skip
SET_UP = {"webauthn": ("passkey",), "totp": ("totp",)}


def flow(postponed: bool = False, **demands: Any) -> Flow:
    return Flow("oidc", "ccrm", demands=Demands(**demands), started_at=NOW - 5, postponed=postponed)


def standing(level: str = "", *ways: str, enrollable: bool = True, due: float = 0.0, **more: Any) -> StepUp:
    has = {way: ALL_WAYS[way] for way in ways}
    return StepUp(Need(level, "because", due), lambda: has, SET_UP if enrollable else {}, **more)


def short(step: More | None) -> str:
    if step is None:
        return "enough"
    if isinstance(step, Prove):
        return " ".join(("ask factor", *step.authenticators))
    return f"deny {step.code}" if isinstance(step, Deny) else "ask enrol" if isinstance(step, Enrol) else "ask renew"


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    why: str
    methods: tuple[str, ...]
    standing: StepUp
    step: str
    flow: Flow = field(default_factory=flow)


TABLE = (
    Row("nothing is asked", ("pwd",), standing(), "enough"),
    Row("a second factor, and there is one", ("pwd",), standing("second", "totp"), "ask factor totp"),
    Row("the best way first, the help desk's last", ("pwd",), standing("second", "webauthn", "totp", "backup", "admin"),
        "ask factor webauthn totp backup admin"),
    Row("a code by mail is none", ("pwd",), standing("second", "email", "totp"), "ask factor totp"),
    Row("but where the operator says so", ("pwd",), standing("second", "email", email_is_second=True),
        "ask factor email"),
    Row("both were shown", ("pwd", "totp"), standing("second", "totp"), "enough"),
    Row("a passkey is two", ("passkey",), standing("second"), "enough"),
    Row("a key that only shows presence is one", ("webauthn",), standing("second", "password"), "ask factor password"),
    Row("the same factor twice is one", ("totp", "sms"), standing("second", "password"), "ask factor password"),
    Row("phishing-resistant", ("pwd", "totp"), standing("phishing-resistant", "webauthn", "backup"),
        "ask factor webauthn"),
    Row("phishing-resistant was shown", ("pwd", "webauthn"), standing("phishing-resistant"), "enough"),
    Row("nothing but a phone's codes: they first", ("pwd",), standing("phishing-resistant", "totp", "backup"),
        "ask factor totp backup"),
    Row("and then a passkey is set up", ("pwd", "totp"), standing("phishing-resistant", "totp"), "ask enrol"),
    Row("with days left, too, they come first", ("pwd",), standing("phishing-resistant", "totp", due=NOW + DAY),
        "ask factor totp", flow(postponed=True)),
    Row("an application asks for more than there is", ("pwd",), standing("", "totp"), "ask factor totp",
        flow(strength=(PHISHING_RESISTANT,))),
    # setting up
    Row("none is set up", ("pwd",), standing("second"), "ask enrol"),
    Row("none is set up, there is time", ("pwd",), standing("second", due=NOW + DAY), "ask enrol"),
    Row("put off", ("pwd",), standing("second", due=NOW + DAY), "enough", flow(postponed=True)),
    Row("put off for too long", ("pwd",), standing("second", due=NOW - 1), "ask enrol", flow(postponed=True)),
    Row("time is no way round a factor that is there", ("pwd",), standing("second", "totp", due=NOW + DAY),
        "ask factor totp", flow(postponed=True)),
    Row("nothing can be set up here", ("pwd",), standing("second", enrollable=False),
        "deny unmet_authentication_requirements"),
    Row("in by a code of the help desk: set up anew", ("pwd", "admin"), standing("second", "admin"), "ask enrol"),
    Row("later", ("pwd", "admin"), standing("second", "admin"), "enough", flow(postponed=True)),
    # what the application asks
    Row("the application asks for two", ("pwd",), standing("", "totp"), "ask factor totp", flow(strength=(MFA,))),
    Row("one of two will do", ("pwd",), standing("", "totp"), "enough", flow(strength=(MFA, PPT))),
    Row("a help desk's code is no proof to others", ("pwd", "admin"), standing("second", "totp"), "ask factor totp",
        flow(strength=(MFA,))),
    Row("nor a way to it", ("pwd",), standing("", "email"), "ask enrol", flow(strength=(MFA,))),
    Row("but it comes before setting up", ("pwd",), standing("", "admin"), "ask factor admin", flow(strength=(MFA,))),
    Row("days of grace are ours, not the application's", ("pwd",), standing("second", due=NOW + DAY), "ask enrol",
        flow(strength=(MFA,), postponed=True)),
    Row("it wants a password by name", ("passkey",), standing("", "password"), "ask factor password",
        flow(strength=(PPT,))),
    Row("and there is none", ("passkey",), standing(), "deny unmet_authentication_requirements", flow(strength=(PPT,))),
    Row("the strongest by app codes", ("pwd", "totp"), standing("", "webauthn"), "ask factor webauthn",
        flow(strength=(PHISHING_RESISTANT,))),
    # silently
    Row("silent: a factor", ("pwd",), standing("second", "totp"), "deny login_required", flow(silent=True)),
    Row("silent: to be set up", ("pwd",), standing("second"), "deny login_required", flow(silent=True)),
    Row("silent: with days left", ("pwd",), standing("second", due=NOW + DAY), "enough", flow(silent=True)),
    # a password that ran out
    Row("it is renewed", ("pwd",), standing(password_expired=True), "ask renew"),
    Row("after the second factor", ("pwd",), standing("second", "totp", password_expired=True), "ask factor totp"),
    Row("then", ("pwd", "totp"), standing("second", "totp", password_expired=True), "ask renew"),
    Row("before something is set up", ("pwd",), standing("second", password_expired=True), "ask renew"),
)  # fmt: skip


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.why)
def test_F8_F9_what_more_is_asked(row: Row) -> None:
    assert short(more_proof(row.flow, row.methods, row.standing, NOW)) == row.step


METHOD_SETS = st.lists(st.sampled_from(sorted(METHODS)), unique=True, max_size=4).map(tuple)


@given(METHOD_SETS, METHOD_SETS, st.sampled_from(["", "second", "phishing-resistant"]), st.booleans())
def test_F9_no_level_is_claimed_that_was_not_shown(
    methods: tuple[str, ...], has: tuple[str, ...], level: str, email: bool
) -> None:
    ways = {method: (method,) for method in has}
    found = more_proof(flow(), methods, StepUp(Need(level), lambda: ways, {}, email), NOW)
    if found is None:
        assert is_met(level, methods, email_is_second=email)
    if isinstance(found, Prove):
        # It is enough, or it is the second factor that must come before setting up another.
        for way in found.authenticators:
            shown = (*methods, *ways[way])
            assert is_met(level, shown, email_is_second=email) or is_met("second", shown)
    claims = set(reached(methods))
    shown = set().union(*(METHODS[m].factors for m in methods)) if methods else set()
    assert (MFA in claims) == (len(shown) >= 2)
    assert (PPT in claims) == bool({"pwd", "upstream_pwd", "kerberos_pwd"} & set(methods))
    assert PHISHING_RESISTANT not in claims or {"webauthn", "passkey", "upstream_phr", "kerberos_phr"} & set(methods)
    assert ("mfa" in amr_of(methods)) == (MFA in claims)


@pytest.mark.spec("RFC8176 2")
@pytest.mark.parametrize(
    ("methods", "amr", "acr"),
    [
        (("pwd",), ("pwd",), PPT),
        (("pwd", "totp"), ("pwd", "otp", "mfa"), MFA),
        (("pwd", "webauthn"), ("pwd", "pop", "mfa"), PHISHING_RESISTANT),
        (("passkey",), ("pop", "user", "mfa"), PHISHING_RESISTANT),
        (("pwd", "sms"), ("pwd", "sms", "mfa"), MFA),
        (("pwd", "email"), ("pwd", "otp"), PPT),
        (("pwd", "admin"), ("pwd", "otp"), PPT),
        (("pwd", "backup"), ("pwd", "otp", "mfa"), MFA),
    ],
)
def test_F9_amr_and_acr_tell_the_truth(methods: tuple[str, ...], amr: tuple[str, ...], acr: str) -> None:
    assert amr_of(methods) == amr
    assert authn.acr_of(methods) == acr


def rule(**values: Any) -> FactorRule:
    return FactorRule(**values)


def at(address: str, *groups: str) -> Circumstances:
    """Somebody of these groups, with a device that is known."""
    return Circumstances(groups, "", address, lambda: True, NOW)


@pytest.mark.parametrize(
    ("why", "made", "applies"),
    [
        ("no condition", rule(), True),
        ("the group", rule(groups=["finance"]), True),
        ("another group", rule(groups=["board"]), False),
        ("the application", rule(apps=["ccrm"]), True),
        ("another application", rule(apps=["cdesk"]), False),
        ("the network", rule(networks=["203.0.113.0/24"]), True),
        ("another network", rule(networks=["10.0.0.0/8", "2001:db8::/32"]), False),
        ("outside of the office", rule(outside=["10.0.0.0/8"]), True),
        ("inside", rule(outside=["203.0.113.0/24"]), False),
        ("an unknown device", rule(device="unknown"), True),
        ("group and application", rule(groups=["finance"], apps=["ccrm"]), True),
        ("group, but not application", rule(groups=["finance"], apps=["cdesk"]), False),
        ("it has begun", rule(starts="2027-01-15"), True),
        ("it begins tomorrow", rule(starts="2027-01-16"), False),
    ],
)
def test_F9_a_rule_holds_where_every_condition_does(why: str, made: FactorRule, applies: bool) -> None:
    found = needed([made], Circumstances(["finance", "all"], "ccrm", "203.0.113.9", lambda: False, NOW))
    assert (found != NONE) is applies


def test_F9_a_known_device_is_let_off_where_the_rule_says_so() -> None:
    assert needed([rule(device="unknown")], at("203.0.113.9")) == NONE


def test_F9_the_strongest_rule_wins_and_of_equals_the_earliest() -> None:
    rules = [rule(grace_days=30, starts="2027-01-01"), rule(need="phishing-resistant", groups=["board"]), rule(why="x")]
    assert needed(rules, at("::1", "board")).level == "phishing-resistant"
    assert needed(rules, at("::1")) == Need("second", "x", 0.0)


def test_F8_grace_is_counted_from_the_start_or_from_the_first_day() -> None:
    made = rule(grace_days=14, starts="2027-01-10")
    begins = 1_799_539_200.0
    assert needed([made], at("::1")).due == begins + 14 * DAY
    assert needed([made], at("::1"), since=begins + 3 * DAY).due == begins + 17 * DAY
