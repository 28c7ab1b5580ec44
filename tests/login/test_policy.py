"""`next_step` as a table: what a person must do next, for every demand and every state of a session. S44, S45."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients import client as clients
from clients.access import EVERYONE, Access
from clients.store import Row as StoredClient
from idp.login.authn import SUPPORTED_ACR
from idp.login.flow import Demands, Flow
from idp.login.policy import is_fresh, needs_consent, next_step
from idp.login.steps import ChooseAccount, Consent, Deny, Done, Identify, Page, Step

NOW = 1_000_000.0
STARTED = NOW - 10


@dataclass(frozen=True)
class Session:
    """What the policy asks of a session."""

    person_id: str = "uann"
    id: str = "s1"
    groups: tuple[str, ...] = ("sales",)
    methods: tuple[str, ...] = ("pwd",)
    auth_time: float = NOW - 100
    consent_scopes: frozenset[str] = frozenset()
    consent_at: float = 0.0


def client(consent: str = "implicit", access: Access = EVERYONE, enabled: bool = True) -> Any:
    """An application with this rule."""
    said = {"redirect_uris": ["https://crm.example/cb"], "consent": consent}
    return clients.build(
        StoredClient(
            id="ccrm", kind="oidc", name="CRM", profile="web", enabled=enabled, said=said, access=access,
            created_at=0.0, changed_at=0.0, deleted_at=None,
        )
    )  # fmt: skip


CRM = client()
OLD, INSIDE, JUST = Session(), Session(auth_time=STARTED + 1), Session(auth_time=NOW)
AGREED = replace(OLD, consent_scopes=frozenset({"openid", "email"}), consent_at=NOW - 5000)


def flow(*scopes: str, selected: bool = False, **demands: Any) -> Flow:
    return Flow(
        "oidc", "ccrm", demands=Demands(**demands), scopes=scopes or ("openid",), started_at=STARTED, selected=selected
    )


def short(step: Step) -> str:
    """`done`, `ask password`, `deny login_required`: how a row of the table writes a step."""
    if isinstance(step, Done):
        return "done"
    return f"deny {step.code}" if isinstance(step, Deny) else f"ask {NAMES[type(step)]}"


NAMES: dict[type[Page], str] = {Identify: "password", ChooseAccount: "account", Consent: "consent"}


@dataclass(frozen=True)
class Row:
    """One line of the table. `silent` is what prompt=none makes of it; None: the same."""

    why: str
    flow: Flow
    session: Session | None
    step: str
    silent: str | None = None
    client: Any = field(default=CRM)


TABLE = (
    Row("nobody is signed in", flow(), None, "ask password", "deny login_required"),
    Row("nobody, whoever is hinted", flow(subject="uann"), None, "ask password", "deny login_required"),
    Row("nobody, an account to select", flow(select=True), None, "ask password", "deny login_required"),
    Row("nobody, an essential strength", flow(strength=("phr",)), None, "ask password", "deny login_required"),
    Row("signed in", flow(), OLD, "done"),
    Row("our own pages have no client", flow(), OLD, "done", client=None),
    Row("our own pages ask for a fresh proof too", flow(max_age=50), OLD, "ask password", "deny login_required", None),
    # prompt=login, ForceAuthn
    Row("an older proof is not fresh", flow(fresh_after=STARTED), OLD, "ask password", "deny login_required"),
    Row("a proof inside this conversation is", flow(fresh_after=STARTED), INSIDE, "done"),
    # max_age
    Row("young enough", flow(max_age=100), OLD, "done"),
    Row("too old by a second", flow(max_age=99), OLD, "ask password", "deny login_required"),
    Row("max_age 0 asks whoever came signed in", flow(max_age=0), OLD, "ask password", "deny login_required"),
    Row("max_age 0 takes a proof given just now", flow(max_age=0), INSIDE, "done"),
    Row("max_age with prompt=login", flow(max_age=10_000, fresh_after=STARTED), OLD, "ask password",
    "deny login_required"),
    # id_token_hint, claims.sub
    Row("the person who is hinted", flow(subject="uann"), OLD, "done"),
    Row("somebody else is hinted", flow(subject="ubob"), OLD, "ask password", "deny login_required"),
    Row("somebody else signed in just now", flow(subject="ubob"), INSIDE, "deny login_required"),
    Row("somebody else, however fresh and agreed", flow("openid", subject="ubob"), replace(AGREED, auth_time=NOW),
    "deny login_required"),
    # select_account
    Row("an account is to be selected", flow(select=True), OLD, "ask account", "deny account_selection_required"),
    Row("it was", flow(select=True, selected=True), OLD, "done"),
    Row("the wrong one before the choice", flow(select=True, subject="ubob"), OLD, "ask password",
    "deny login_required"),
    # strength
    Row("strong enough", flow(strength=SUPPORTED_ACR), OLD, "done"),
    Row("no way is that strong", flow(strength=("phr",)), OLD, "deny unmet_authentication_requirements"),
    Row("one of several will do", flow(strength=("phr", *SUPPORTED_ACR)), OLD, "done"),
    Row("nothing proven is no strength", flow(strength=SUPPORTED_ACR), replace(OLD, methods=()),
    "deny unmet_authentication_requirements"),
    # access
    Row("in a group of the rule", flow(), OLD, "done", client=client(access=Access.only(groups=["sales"]))),
    Row("named in the rule", flow(), OLD, "done", client=client(access=Access.only(persons=["uann"]))),
    Row("not in the rule", flow(), OLD, "deny access_denied", client=client(access=Access.only(groups=["board"]))),
    Row("a rule for nobody", flow(), OLD, "deny access_denied", client=client(access=Access.only())),
    Row("the client is off", flow(), OLD, "deny access_denied", client=client(enabled=False)),
    Row("no access, before consent is asked", flow(), OLD, "deny access_denied", client=client("explicit",
    Access.only())),
    Row("no access is told only after the proof", flow(max_age=1), OLD, "ask password", "deny login_required",
    client(access=Access.only())),
    # consent
    Row("an admin's trust", flow("openid", "email"), OLD, "done"),
    Row("never agreed", flow("openid"), OLD, "ask consent", "deny consent_required", client("explicit")),
    Row("agreed to all of it", flow("openid", "email"), AGREED, "done", client=client("explicit")),
    Row("agreed to more", flow("email"), AGREED, "done", client=client("explicit")),
    Row("it wants more", flow("openid", "groups"), AGREED, "ask consent", "deny consent_required", client("explicit")),
    Row("prompt=consent asks again", flow("openid", consent=True), AGREED, "ask consent", "deny consent_required"),
    Row("prompt=consent, just given", flow("openid", consent=True), replace(AGREED, consent_at=NOW), "done"),
    Row("nobody can tell who asks", flow("openid", unproven=True), AGREED, "ask consent", "deny consent_required"),
    Row("nor whatever was allowed just now", flow("openid", unproven=True), replace(AGREED, consent_at=NOW),
    "ask consent", "deny consent_required"),
    Row("allowed in this conversation", replace(flow("openid", unproven=True), agreed="s1"), AGREED, "done"),
    Row("by somebody else's session", replace(flow("openid", unproven=True), agreed="s2"), AGREED, "ask consent",
    "deny consent_required"),
    Row("one thing in detail", flow("openid", in_detail=True), AGREED, "ask consent", "deny consent_required"),
    Row("in detail, and allowed just now", replace(flow("openid", in_detail=True), agreed="s1"), AGREED, "done"),
    Row("allowed, and then it wants more", replace(flow("openid", "groups", unproven=True), agreed="s1"), AGREED,
    "ask consent", "deny consent_required", client("explicit")),
    Row("prompt=consent, just given for less", flow("openid", "groups", consent=True), replace(AGREED,
    consent_at=NOW), "ask consent", "deny consent_required"),
)  # fmt: skip


@pytest.mark.spec("OIDC-Core 3.1.2.1")
@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.why)
def test_S44_S45_the_next_step(row: Row) -> None:
    assert short(next_step(row.flow, row.session, row.client, NOW)) == row.step


@pytest.mark.spec("OIDC-Core 3.1.2.6")
@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.why)
def test_S44_silently_the_same_is_done_or_denied_and_never_asked(row: Row) -> None:
    silent = replace(row.flow, demands=replace(row.flow.demands, silent=True))
    assert short(next_step(silent, row.session, row.client, NOW)) == (row.silent or row.step)


SESSIONS = st.none() | st.builds(
    Session,
    person_id=st.sampled_from(["uann", "ubob"]),
    groups=st.sampled_from([(), ("sales",), ("board",)]),
    methods=st.sampled_from([(), ("pwd",)]),
    auth_time=st.sampled_from([0.0, NOW - 100, STARTED, STARTED + 1, NOW]),
    consent_scopes=st.sampled_from([frozenset(), frozenset({"openid"}), frozenset({"openid", "email"})]),
    consent_at=st.sampled_from([0.0, STARTED, NOW]),
)
DEMANDS = st.builds(
    Demands,
    silent=st.booleans(), fresh_after=st.none() | st.just(STARTED), max_age=st.none() | st.sampled_from([0, 50,
    10_000]),
    select=st.booleans(), consent=st.booleans(), subject=st.none() | st.sampled_from(["uann", "ubob"]),
    strength=st.sampled_from([(), ("phr",), SUPPORTED_ACR]),
)  # fmt: skip
FLOWS = st.builds(
    Flow, st.just("oidc"), st.just("ccrm"), demands=DEMANDS, scopes=st.sampled_from([("openid",), ("openid", "email")]),
    started_at=st.just(STARTED), selected=st.booleans(),
)  # fmt: skip
CLIENTS = st.sampled_from(
    [CRM, client("explicit"), client(access=Access.only(groups=["sales"])), client(enabled=False), None]
)


@given(FLOWS, SESSIONS, CLIENTS)
def test_done_means_that_every_demand_is_met(flow: Flow, session: Session | None, client: Any) -> None:
    step = next_step(flow, session, client, NOW)
    demands = flow.demands
    if demands.silent:
        assert isinstance(step, Deny | Done)
    if session is None:
        assert not isinstance(step, Done)
        return
    if isinstance(step, Done):
        assert demands.subject in (None, session.person_id)
        assert not demands.select or flow.selected
        assert is_fresh(flow, session.auth_time, NOW)
        assert demands.fresh_after is None or session.auth_time >= demands.fresh_after
        if client is not None:
            assert client.enabled
            assert client.access.everyone or set(session.groups) & client.access.groups
            assert not needs_consent(flow, session, client)
            assert not demands.strength or ("pwd" in session.methods and set(demands.strength) & set(SUPPORTED_ACR))
    if isinstance(step, Deny):
        assert step.description.isascii()
        assert step.code
