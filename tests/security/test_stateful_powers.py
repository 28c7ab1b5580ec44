"""S9, S11, S19, S27, S37, S38, S39: whatever is asked for, in whatever order, no token is good for more than the person
agreed to: not for another scope, audience or detail, not for longer, and by no weaker binding.

A model in plain Python keeps what each sign-in gave; whatever the provider answers must be a part of it.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from idp.oidc.grants.token_exchange import GRANT_TYPE as EXCHANGE
from idp.oidc.tokens import ACCESS_TOKEN_TYPE
from tests.backends import Clock
from tests.oidc import asked, details, devices
from tests.oidc.details import API, STORE, payment
from tests.oidc.test_dpop import proof
from tests.provider import VERIFIER, Answer, App, Provider, new_key

ELSEWHERE = "https://elsewhere.example/"
ABSOLUTE, ACCESS = 1800, 300  # seconds: of a family, and of an access token
KEYS = (new_key("one"), new_key("two"))
MANDATE = payment("10", actions=["initiate", "status"], locations=[API])
ONCE = payment("45.00", "Merchant B")
#: What is asked for at a sign-in, and at the token endpoint: the same, a part of it, and more.
DETAILS: tuple[dict[str, Any], ...] = (
    MANDATE, ONCE, {**MANDATE, "actions": ["status"]}, {**MANDATE, "actions": ["initiate", "status", "cancel"]},
    {**ONCE, "to": "Merchant C"}, {k: v for k, v in MANDATE.items() if k != "actions"},
)  # fmt: skip
LISTS = ("actions", "locations")

scopes = st.sets(st.sampled_from(("openid", "files", "reports", "payments")), min_size=1)
places = st.sets(st.sampled_from((API, STORE)))
wishes = st.sets(st.integers(0, 1))
picks = st.integers(0, 9)


def seldom(strategy: st.SearchStrategy[Any], otherwise: Any = None) -> st.SearchStrategy[Any]:
    """Most requests ask for nothing of their own: else nothing would ever be given."""
    return st.sampled_from((False, False, False, True)).flatmap(lambda one: strategy if one else st.just(otherwise))


keys = seldom(st.sampled_from((0, 1)))


@dataclass(frozen=True)
class Want:
    """What a request at the token endpoint asks for; None: it does not say."""

    scope: frozenset[str] | None
    resource: frozenset[str] | None
    details: tuple[int, ...] | None
    key: int | None
    thief: bool  # another application sends it


wants = st.builds(
    Want,
    seldom(st.frozensets(st.sampled_from(("openid", "files", "reports", "payments")), min_size=1)),
    seldom(st.frozensets(st.sampled_from((API, STORE, ELSEWHERE)), min_size=1)),
    seldom(st.lists(st.integers(0, len(DETAILS) - 1), min_size=1, max_size=2, unique=True).map(tuple)),
    keys,
    seldom(st.booleans(), otherwise=False),
)


@dataclass(frozen=True)
class Power:
    """The most that whatever comes of it may be good for. `ends`: epoch seconds; `key`: by which alone, None: by any.

    `bound`: whether a token of it must be bound, by whichever key.
    """

    scope: frozenset[str]
    audience: frozenset[str]
    details: tuple[dict[str, Any], ...]
    ends: float
    key: str | None = None
    bound: bool = False


@dataclass
class Held:
    """A code or a token that some application has."""

    app: str
    value: str
    power: Power


class Powers(RuleBasedStateMachine):
    """One person, one browser, six applications."""

    template: Path  # set by the test
    base: Path

    def __init__(self) -> None:
        super().__init__()
        self.folder, self.clock = Path(tempfile.mkdtemp(dir=type(self).base)), Clock()
        self.provider = Provider.open(
            self.folder / "p", self.clock, self.template, server={"issuer": "https://login.example"}
        )
        self.provider.add_person("ann")
        details.add_type(self.provider)
        self.browser, self.apps = self.provider.browser(), self._apps()
        self.watcher = self.provider.add_client("Watcher", "machine", scope="x", introspection="all")
        self.codes: list[Held] = []
        self.spent: list[tuple[Held, dict[str, Any]]] = []
        self.access: list[Held] = []
        self.refresh: list[Held] = []
        self.given = 0

    def _apps(self) -> dict[str, App]:
        lives = {"access_token_lifetime": ACCESS, "refresh_token_absolute": ABSOLUTE, "refresh_token_idle": 600}
        may = {"scope": "openid files reports", "resources": [API, STORE], "authorization_details_types": ["payment"]}
        of_backs = {"grant_types": [EXCHANGE], "scope": "files reports", "access_token_lifetime": 3600}
        backs = {
            "back": self.provider.add_client("Back", "machine", **{**may, **of_backs}),
            "jwt back": self.provider.add_client("JWT", "machine", **{**may, **of_backs}, access_token_format="jwt"),
        }
        own = {**lives, **may, "may_act": [one.id for one in backs.values()]}
        device = ["refresh_token", devices.GRANT]
        return {
            "shop": self.provider.add_client("Shop", **own),
            "spa": self.provider.add_client("Spa", "spa", **own, access_token_format="jwt"),
            "box": self.provider.add_client("Box", "native", **own, grant_types=device, redirect_uris=[]),
            "bank": asked.add(self.provider, **own),
            **backs,
        }

    def teardown(self) -> None:
        self.provider.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    # -- a person agrees -------------------------------------------------------------------------------------------

    @rule(
        name=st.sampled_from(("shop", "spa")), scope=scopes, resource=places, wished=wishes, pushed=st.booleans(),
        key=keys,
    )  # fmt: skip
    def sign_in(
        self, name: str, scope: set[str], resource: set[str], wished: set[int], pushed: bool, key: int | None
    ) -> None:  # fmt: skip
        app, said = self.apps[name], _said(scope, resource, wished)
        jkt = KEYS[key].thumbprint() if key is not None else None
        request = self.provider.request(app, **said, dpop_jkt=jkt)
        if pushed:
            sent = self.provider.post("oauth/par", app, [pair for pair in request if pair[0] != "client_id"])
            request = [("client_id", app.id), ("request_uri", sent.json.get("request_uri", ""))]
        page = self.browser.get("oauth/authorize?" + urlencode(request))
        page = self.browser.log_in(page) if page.status == 200 and page.is_login_page else page
        page = self.browser.submit(page, "allow") if page.status == 200 and page.is_consent_page else page
        if "code" in page.sent:
            self.codes.append(Held(name, page.sent["code"], self._agreed(scope, resource, wished, jkt)))

    @rule(scope=scopes, resource=places, wished=wishes, want=wants)
    def a_device(self, scope: set[str], resource: set[str], wished: set[int], want: Want) -> None:
        answer = devices.ask(self.provider, self.apps["box"], **_said(scope, resource, wished))
        if answer.status != 200:
            return
        page = devices.come(self.browser, answer.json)
        if page.is_consent_page:
            self.browser.submit(page, "allow")
            held = Held("box", answer.json["device_code"], self._agreed(scope, resource, wished))
            self._ask(held, want, {"grant_type": devices.GRANT, "device_code": held.value})

    @rule(scope=scopes, resource=places, wished=wishes, want=wants)
    def somebody_elsewhere(self, scope: set[str], resource: set[str], wished: set[int], want: Want) -> None:
        answer = asked.ask(self.provider, self.apps["bank"], **_said(scope | {"openid"}, resource, wished))
        if answer.status != 200:
            return
        asked.run(self.provider)
        page = asked.come(self.provider, self.browser)
        if page.status == 200 and page.is_consent_page:
            self.browser.submit(page, "allow")
            held = Held("bank", answer.json["auth_req_id"], self._agreed(scope | {"openid"}, resource, wished))
            self._ask(held, want, {"grant_type": asked.GRANT, "auth_req_id": held.value})

    # -- applications ask ------------------------------------------------------------------------------------------

    @precondition(lambda self: self.codes)
    @rule(pick=picks, want=wants)
    def redeem(self, pick: int, want: Want) -> None:
        held = self.codes[-1 - pick % len(self.codes)]
        form = {
            "grant_type": "authorization_code", "code": held.value, "code_verifier": VERIFIER,
            "redirect_uri": self.apps[held.app].redirect_uri,
        }  # fmt: skip
        if self._ask(held, want, form):
            self.codes.remove(held)
            self.spent.append((held, form))

    @precondition(lambda self: self.spent)
    @rule(sure=st.sampled_from((False, False, False, True)))
    def redeem_once_more(self, sure: bool) -> None:
        if sure:  # it ends what it gave (S6)
            held, form = self.spent.pop()
            assert not self._ask(held, Want(None, None, None, None, False), form)

    @precondition(lambda self: self.refresh)
    @rule(pick=picks, want=wants)
    def renew(self, pick: int, want: Want) -> None:
        held = self.refresh[-1 - pick % len(self.refresh)]
        self._ask(held, want, {"grant_type": "refresh_token", "refresh_token": held.value})

    @precondition(lambda self: self.access)
    @rule(pick=picks, name=st.sampled_from(("back", "jwt back")), want=wants)
    def exchange(self, pick: int, name: str, want: Want) -> None:
        held = self.access[-1 - pick % len(self.access)]
        if want.thief:  # none that may: the bank has no such grant, the shop is named by nobody
            return
        form = {"grant_type": EXCHANGE, "subject_token": held.value, "subject_token_type": ACCESS_TOKEN_TYPE}
        never = frozenset(("openid", "offline_access"))
        power = held.power
        # Who is handed a bound token binds its own by a key of its own; in the same hands it stays by the same.
        key = power.key if held.app == name else None
        most = Power(power.scope - never, power.audience, power.details, power.ends, key, power.bound)
        self._ask(Held(name, held.value, most), want, form)

    @rule(seconds=st.sampled_from((1, 5, 30, 200)))
    def wait(self, seconds: int) -> None:
        self.clock.advance(seconds)

    # -- what must hold --------------------------------------------------------------------------------------------

    def _agreed(self, scope: set[str], resource: set[str], wished: set[int], key: str | None = None) -> Power:
        granted = frozenset(scope) & {"openid", "files", "reports"}
        agreed = tuple(DETAILS[n] for n in sorted(wished))
        meant = set(resource).union(*(one.get("locations", ()) for one in agreed))
        ours = {self.provider.issuer} if not meant or "openid" in granted else set()
        ends = self.clock.now + 600 + ABSOLUTE  # a device's person may take some minutes
        return Power(granted, frozenset(meant | ours), agreed, ends, key, key is not None)

    def _ask(self, held: Held, want: Want, form: dict[str, Any]) -> bool:
        """Send it; whatever is given must be a part of what it was made of. Whether anything was."""
        others = [name for name in self.apps if name != held.app]
        sender = self.apps[others[len(form["grant_type"]) % len(others)] if want.thief else held.app]
        pairs = [*form.items()]
        pairs += [("scope", " ".join(sorted(want.scope)))] if want.scope is not None else []
        pairs += [("resource", uri) for uri in sorted(want.resource or ())]
        if want.details is not None:
            pairs.append(("authorization_details", details.text(*(DETAILS[n] for n in want.details))))
        shown = {"DPoP": proof(self.provider, KEYS[want.key])} if want.key is not None else {}
        answer = self.provider.post("oauth/token", sender, pairs, **shown)
        assert answer.status in (200, 400, 401), answer.text
        if answer.status != 200:
            return False
        assert not want.thief, "a code or token of another application was taken"
        self._check(held, want, answer)
        return True

    def _check(self, held: Held, want: Want, answer: Answer) -> None:
        told, power = answer.json, held.power
        seen = self.provider.introspect(self.watcher, told["access_token"])
        assert seen["active"], "it is dead as it is given"
        self.given += 1
        for one in (told, seen):
            assert set(one["scope"].split()) <= power.scope
            assert are_parts(one.get("authorization_details", []), power.details)
        assert set(seen["aud"]) <= power.audience
        assert seen["exp"] <= power.ends
        assert told["expires_in"] <= seen["exp"] - self.clock.now + 1
        shown = KEYS[want.key].thumbprint() if want.key is not None else None
        assert seen.get("cnf", {}).get("jkt") == shown
        assert told["token_type"] == ("DPoP" if shown else "Bearer")
        assert shown is not None or not power.bound, "the binding was dropped"
        assert power.key in (None, shown), "another key was taken"
        given = Power(
            frozenset(seen["scope"].split()), frozenset(seen["aud"]), tuple(seen.get("authorization_details", [])),
            seen["exp"], shown, shown is not None,
        )  # fmt: skip
        self.access.append(Held(held.app, told["access_token"], given))
        if "refresh_token" in told:
            is_public = self.apps[held.app].client.oidc.is_public
            key = power.key if held in self.refresh else (shown if is_public else None)
            key = key or (shown if is_public else None)
            # A code's own key binds its first tokens; of a refresh, who keeps no secret shows the same key again.
            most = Power(power.scope, power.audience, power.details, power.ends, key, key is not None)
            if told["refresh_token"] not in [one.value for one in self.refresh]:
                self.refresh.append(Held(held.app, told["refresh_token"], most))
            elif held in self.refresh:
                held.power = most


def _said(scope: set[str], resource: set[str], wished: set[int]) -> dict[str, Any]:
    said: dict[str, Any] = {"scope": " ".join(sorted(scope)), "resource": sorted(resource) or None}
    return {**said, "authorization_details": details.text(*(DETAILS[n] for n in sorted(wished))) if wished else None}


def are_parts(given: Sequence[dict[str, Any]], whole: Sequence[dict[str, Any]]) -> bool:
    """Whether each is one of those or has fewer in its lists, and none of those is given twice."""
    left = list(whole)
    for one in given:
        match = [of for of in left if _rest(of) == _rest(one) and all(_fewer(one, of, name) for name in LISTS)]
        if not match:
            return False
        left.remove(match[0])
    return True


def _rest(one: dict[str, Any]) -> str:
    return json.dumps({name: value for name, value in one.items() if name not in LISTS}, sort_keys=True)


def _fewer(part: dict[str, Any], whole: dict[str, Any], name: str) -> bool:
    if name not in whole:
        return name not in part
    return bool(part.get(name)) and set(part[name]) <= set(whole[name])


PROFILES = {"": (8, 40), "deep": (200, 60)}


def test_S9_S11_S19_S27_S37_S38_S39_no_sequence_of_requests_gives_more_than_was_agreed_to(
    template: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    memory = Path("/dev/shm")  # where there is one: what a disk takes for its syncs is not the question here
    where = Path(tempfile.mkdtemp(dir=memory)) if os.access(memory, os.W_OK) else tmp_path_factory.mktemp("powers")
    examples, steps = PROFILES.get(os.environ.get("HYPOTHESIS_PROFILE", ""), PROFILES[""])
    given = []

    class OfThisRun(Powers):
        base = where

        def teardown(self) -> None:
            given.append(self.given)
            super().teardown()

    OfThisRun.template = template
    try:
        run_state_machine_as_test(
            OfThisRun,
            settings=settings(
                max_examples=examples, stateful_step_count=steps, deadline=None, derandomize=True, database=None,
                phases=[Phase.explicit, Phase.generate], print_blob=True, report_multiple_bugs=False,
                suppress_health_check=list(HealthCheck),
            ),
        )  # fmt: skip
    finally:
        shutil.rmtree(where, ignore_errors=True)
    assert sum(given) > examples  # a model that is never given anything proves nothing
