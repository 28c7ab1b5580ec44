"""S10, S58, X21, X24, X29: whatever people, applications and admins do in whatever order, nobody is ever signed in as
somebody else, and what was taken back is dead at once, on every path.

A model in plain Python says what each step must lead to; the provider is asked the same over its endpoints, and after
every step everything that was ever issued is looked at again. `HYPOTHESIS_PROFILE=deep` looks longer.
"""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from idp.login.browser.sessions import open_of
from tests.backends import Clock
from tests.provider import Answer, App, Provider
from tests.security.claims_of_tokens import claims_of
from tests.security.seats import ABSOLUTE, Key, Seat, Session

PEOPLE = ("ann", "bob", "cid")
ACCESS, GRACE, PAGE = 600, 20, 86400  # seconds: the defaults
PORTAL = -1  # in the place of an application
SCOPES = ("openid", "openid profile email", "openid email offline_access")
MAX_WATCHED = 8  # families that are looked at after each step, the latest ones

seats = st.integers(0, 1)
apps = st.integers(0, 1)
people = st.sampled_from(PEOPLE)
picks = st.integers(0, 5)


@dataclass(eq=False)
class Tab:
    """A page that lies open: what it shows, and what it was asked for."""

    page: Answer
    kind: str  # login, consent or account
    app: int
    scope: str
    prompt: str
    opened: float
    shown_to: tuple[Session, ...] = ()
    hint: str = ""  # whom the application means
    beside: bool = False  # another account was asked for
    selected: bool = False


@dataclass(eq=False)
class Family:
    """What one code gave."""

    app: int
    session: Session
    created: float
    scope: str
    id_token: str
    refresh: str
    access: dict[str, float]  # token: its end
    rotated: list[str] = field(default_factory=list)
    rotated_at: float = 0.0
    dead: bool = False


class House(RuleBasedStateMachine):
    """Two browsers, three people, an application that asks nothing and one that asks for consent."""

    folders: Callable[[], Path]
    template: Path  # set by the test

    def __init__(self) -> None:
        super().__init__()
        self.folder = type(self).folders()
        self.clock = Clock()
        self.provider = Provider.open(
            self.folder,
            self.clock,
            self.template,
            server={"issuer": "https://login.example"},
            throttle={"failures": 50},  # pauses have tests of their own
        )
        self.ids = {name: self.provider.add_person(name).id for name in PEOPLE}
        self.enabled = dict.fromkeys(PEOPLE, True)
        scope = "openid profile email offline_access"
        self.apps: list[App] = [
            self.provider.add_client("CRM", scope=scope),
            self.provider.add_client("Desk", scope=scope, consent="explicit"),
        ]
        self.always = self.provider.add_client("Always")  # works in any case, and asks nothing
        self.guard = self.provider.add_client("Guard", "machine", introspection="all", scope="jobs")
        self.app_enabled = [True, True]
        self.tokens_after = [0.0, 0.0]
        self.agreed: dict[tuple[str, int], set[str]] = {}
        self.agreed_at: dict[tuple[str, int], float] = {}
        self.taken_back: dict[tuple[str, int], float] = {}
        self.seats = [Seat(self.provider.browser()), Seat(self.provider.browser())]
        self.sessions: list[Session] = []
        self.hints: dict[str, str] = {}
        self.failures: dict[str, int] = {}
        self.families: list[Family] = []
        self.count = itertools.count()

    def teardown(self) -> None:
        self.provider.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    # -- the model ----------------------------------------------------------------------------------------------------

    @property
    def now(self) -> float:
        return self.clock.now

    def tick(self) -> None:
        """No two things happen at the same instant."""
        self.clock.advance(1)

    def is_on(self, app: int) -> bool:
        return app == PORTAL or self.app_enabled[app]

    def denied(self, tab: Tab, error: str) -> str:
        """Where somebody without a proof is led."""
        if tab.app == PORTAL:
            return "home"
        return error if self.app_enabled[tab.app] else "refused"

    def nobody(self, seat: Seat, tab: Tab) -> str:
        """What is shown where nobody is at the front: who else is here, or the form for a name."""
        return "account" if seat.others(self.now) and not tab.selected else "login"

    def after(self, tab: Tab, session: Session) -> str:
        """Where a proven person stands with what was asked for: a page, `code`, `home`, `refused` or an error."""
        key = (session.person, tab.app)
        if tab.hint not in ("", session.person):
            return self.denied(tab, "login_required") if session.auth_time >= tab.opened else "login"
        if tab.prompt == "select_account" and not tab.selected:
            return "account"
        if tab.prompt == "login" and session.auth_time < tab.opened:
            return "login"
        if tab.app == PORTAL:
            return "home"
        if not self.app_enabled[tab.app]:
            return "refused"
        enough = set(tab.scope.split()) <= self.agreed.get(key, set())
        if tab.prompt == "consent":
            return "code" if enough and self.agreed_at.get(key, 0) >= tab.opened else "consent"
        return "code" if tab.app == 0 or enough else "consent"

    def is_alive(self, family: Family) -> bool:
        """Whether what a code gave may still work."""
        person, app = family.session.person, family.app
        return (
            not family.dead
            and self.enabled[person]
            and self.app_enabled[app]
            and family.created > max(self.tokens_after[app], self.taken_back.get((person, app), 0))
            and ("offline_access" in family.scope or family.session.stands(self.now))
        )

    # -- what an answer must be ---------------------------------------------------------------------------------------

    def expect(self, seat: Seat, tab: Tab, answer: Answer, expected: str, session: Session | None = None) -> None:
        """The answer is of this kind; a code is redeemed, and speaks of the `session` that it must be of."""
        if expected == "code":
            assert session is not None
            assert answer.code
            self.redeem(session, tab, answer)
        elif expected == "home":
            assert answer.location == self.provider.issuer + "/"
        elif expected in ("login", "consent", "account"):
            is_it = {
                "login": answer.is_login_page,
                "consent": answer.is_consent_page,
                "account": bool(answer.dom.find("button", name="account")),
            }
            assert is_it == {kind: kind == expected for kind in is_it}, answer.dom.text
            front = seat.live(self.now)
            shown = {
                "login": (),
                "consent": (session,),
                "account": (*((front,) if front is not None else ()), *seat.others(self.now)),
            }[expected]
            names = {one.person for one in shown if one is not None}
            named = {name for name in PEOPLE if name.title() + " Example" in answer.dom.text}
            # T3: who signed in here last may be greeted on the form for a name, and nobody else.
            assert named <= {seat.last} if expected == "login" else named == names
            seat.tabs.append(replace(tab, page=answer, kind=expected, shown_to=tuple(one for one in shown if one)))
            del seat.tabs[:-4]
        elif expected == "refused":
            assert answer.is_error_page
            assert not answer.sent
        elif expected == "stale":
            assert not answer.sent
            assert not answer.is_login_page
        else:
            assert answer.error == expected

    def redeem(self, session: Session, tab: Tab, answer: Answer) -> None:
        app = self.apps[tab.app]
        given = self.provider.redeem(app, answer.code)
        assert given.status == 200, given.text
        assert session.stands(self.now)
        told = claims_of(given.json["id_token"])
        assert (told["sub"], told["sid"]) == (self.ids[session.person], session.sid)
        assert told["auth_time"] == int(session.auth_time)
        assert given.json["scope"].split() == tab.scope.split()
        access, refresh = given.json["access_token"], given.json["refresh_token"]
        ends = {access: self.now + ACCESS}
        self.families.append(
            Family(tab.app, session, self.now, tab.scope, given.json["id_token"], refresh, access=ends)
        )

    def tab_of(self, seat: Seat, pick: int, kind: str) -> Tab:
        found = self.tabs(seat, kind)
        return found[pick % len(found)]

    @staticmethod
    def tabs(seat: Seat, kind: str) -> list[Tab]:
        return [tab for tab in seat.tabs if tab.kind == kind]

    def has_tab(self, kind: str) -> bool:
        return any(self.tabs(seat, kind) for seat in self.seats)

    def pick_tab(self, number: int, pick: int, kind: str) -> tuple[Seat, Tab]:
        seat = self.seats[number] if self.tabs(self.seats[number], kind) else self.seats[1 - number]
        return seat, self.tab_of(seat, pick, kind)

    # -- people -------------------------------------------------------------------------------------------------------

    @rule(number=seats, app=apps, scope=st.sampled_from(SCOPES), prompt=st.sampled_from(
        ("", "", "none", "login", "select_account", "consent")))  # fmt: skip
    def come_from_an_application(self, number: int, app: int, scope: str, prompt: str) -> None:
        self.tick()
        seat = self.seats[number]
        tab = Tab(None, "", app, scope, prompt, self.now)  # type: ignore[arg-type]
        self.ask(seat, tab, seat.live(self.now))

    @precondition(lambda self: self.families)
    @rule(number=seats, pick=picks, prompt=st.sampled_from(("", "none", "none", "login")))
    def come_with_a_hint(self, number: int, pick: int, prompt: str) -> None:
        """OIDC Core §3.1.2.1: whom the application means, at the front or not, and nobody else."""
        self.tick()
        seat, family = self.seats[number], self.families[-1 - pick % len(self.families)]
        tab = Tab(None, "", family.app, family.scope, prompt, self.now, hint=family.session.person)  # type: ignore[arg-type]
        self.ask(seat, tab, self.meant(seat, tab.hint), id_token_hint=family.id_token)

    def meant(self, seat: Seat, person: str) -> Session | None:
        """Their session where it is in this browser, else the one at the front."""
        front = seat.live(self.now)
        here = [*([front] if front is not None else []), *seat.others(self.now)]
        return next((one for one in here if one.person == person), front)

    def ask(self, seat: Seat, tab: Tab, session: Session | None, **more: str) -> None:
        answer = self.provider.authorize(
            seat.browser, self.apps[tab.app], scope=tab.scope, prompt=tab.prompt or None,
            nonce=f"n{next(self.count)}", **more,
        )  # fmt: skip
        silent = tab.prompt == "none"
        if not self.app_enabled[tab.app]:
            expected = "refused"
        else:
            seat.touch(self.now)
            expected = self.nobody(seat, tab) if session is None else self.after(tab, session)
            if silent and expected in ("login", "account", "consent"):
                expected = {"consent": "consent_required"}.get(expected, "login_required")
        self.expect(seat, tab, answer, expected, session)

    @rule(number=seats)
    def look_who_is_here(self, number: int) -> None:
        """The portal's own page of accounts."""
        self.tick()
        seat = self.seats[number]
        answer = seat.browser.get("accounts")
        seat.touch(self.now)
        tab = Tab(None, "", PORTAL, "", "select_account", self.now)  # type: ignore[arg-type]
        session = seat.live(self.now)
        self.expect(seat, tab, answer, self.nobody(seat, tab) if session is None else "account", session)

    @rule(number=seats, person=people)
    def sign_in_beside_whoever_is_here(self, number: int, person: str) -> None:
        """A9: another account, all the way."""
        self.look_who_is_here(number)
        seat = self.seats[number]
        if seat.tabs[-1].kind == "account":
            self.choose_an_account(number, len(self.tabs(seat, "account")) - 1, 9)
        self.type_a_password(number, len(self.tabs(seat, "login")) - 1, person, True)

    @rule(number=seats, app=apps, scope=st.sampled_from(SCOPES), person=people)
    def sign_in_all_the_way(self, number: int, app: int, scope: str, person: str) -> None:
        """As most visits go: each page that is shown leads to the next."""
        seat = self.seats[number]
        seen = list(seat.tabs)
        self.come_from_an_application(number, app, scope, "login")
        for kind in ("login", "consent"):
            shown = [tab for tab in seat.tabs if tab not in seen and tab.kind == kind]
            if shown:
                pick = self.tabs(seat, kind).index(shown[-1])
                if kind == "login":
                    self.type_a_password(number, pick, person, True)
                else:
                    self.decide(number, pick, "allow")

    @precondition(lambda self: self.has_tab("login"))
    @rule(number=seats, pick=picks, person=people, right=st.sampled_from((True, True, True, False)))
    def type_a_password(self, number: int, pick: int, person: str, right: bool) -> None:
        self.tick()
        seat, tab = self.pick_tab(number, pick, "login")
        cookie, old = seat.browser.cookie("session"), seat.front
        password = {} if right else {"password": f"wrong {next(self.count)}"}
        answer = seat.browser.log_in(tab.page, person, **password)
        if self.now - tab.opened >= PAGE:
            self.expect(seat, tab, answer, "stale")
        elif not right or not self.enabled[person] or self.is_asked_for_a_check(person, answer):
            self.failures[person] = self.failures.get(person, 0) + 1
            told = "is not right" if not right else "is turned off"  # N32: who knows the password may know it
            assert told in answer.text or self.is_asked_for_a_check(person, answer)
            assert seat.browser.cookie("session") == cookie
            self.expect(seat, tab, answer, "login")
        else:
            tab = replace(tab, selected=True)
            fine = self.is_on(tab.app)  # the cookie does not come with an error page
            session = seat.start(person, ("pwd",), self.now, beside=tab.beside, arrives=fine)
            if session not in self.sessions:
                self.sessions.append(session)
            if fine:
                seat.last = person
            self.check_cookie(seat, session, old, cookie, changed=fine)
            self.expect(seat, tab, answer, self.after(tab, session), session)

    def is_asked_for_a_check(self, person: str, answer: Answer) -> bool:
        """W4: after three wrong passwords a browser that is not known must show first that somebody is there."""
        return self.failures.get(person, 0) >= 3 and "this browser had to show first" in answer.text

    def check_cookie(self, seat: Seat, session: Session, old: Key | None, cookie: str, *, changed: bool) -> None:
        """A proof makes a new secret, and what it replaces is worth nothing; whoever was set aside is still there."""
        assert (seat.browser.cookie("session") != cookie) is changed
        if changed:
            assert session.sid in ("", seat.browser.cookie("session").partition(".")[0])
            session.sid = seat.browser.cookie("session").partition(".")[0]
        if cookie and old is not None and old.held(self.now) is None:
            seat.dead.append(cookie)

    @precondition(lambda self: self.has_tab("login"))
    @rule(number=seats, pick=picks)
    def cancel(self, number: int, pick: int) -> None:
        """CVE-2023-6787: whoever was signed in stays so, and nobody else becomes it."""
        self.tick()
        seat, tab = self.pick_tab(number, pick, "login")
        cookie = seat.browser.cookie("session")
        answer = seat.browser.submit(tab.page, login="bob", password="", action="cancel")
        self.expect(seat, tab, answer, "stale" if self.now - tab.opened >= PAGE else self.denied(tab, "access_denied"))
        assert seat.browser.cookie("session") == cookie

    @precondition(lambda self: self.has_tab("consent"))
    @rule(number=seats, pick=picks, press=st.sampled_from(("allow", "allow", "deny", "switch")))
    def decide(self, number: int, pick: int, press: str) -> None:
        self.tick()
        seat, tab = self.pick_tab(number, pick, "consent")
        answer = seat.browser.submit(tab.page, press)
        session, is_open = seat.live(self.now), self.now - tab.opened < PAGE
        if is_open:
            seat.touch(self.now)
        (shown_to,) = tab.shown_to
        is_here = shown_to in (session, *seat.others(self.now))
        if not is_open:
            expected = "stale"
        elif not is_here:  # nobody, or somebody else by now: the decision is not theirs
            expected = self.nobody(seat, tab) if session is None else self.after(tab, session)
        elif press == "switch":
            expected = "login"
        elif press == "deny":
            expected = self.denied(tab, "access_denied")
        else:
            session = shown_to
            key = (session.person, tab.app)
            self.agreed[key] = self.agreed.get(key, set()) | set(tab.scope.split())
            self.agreed_at[key] = self.now
            expected = self.after(tab, session)
        self.expect(seat, tab, answer, expected, session)

    @precondition(lambda self: self.has_tab("account"))
    @rule(number=seats, pick=picks, which=st.sampled_from((0, 1, 2, 9)))
    def choose_an_account(self, number: int, pick: int, which: int) -> None:
        """One of those that the page shows, or (9) another one."""
        self.tick()
        seat, tab = self.pick_tab(number, pick, "account")
        chosen = tab.shown_to[which % len(tab.shown_to)] if which < 9 else None
        answer = seat.browser.submit(tab.page, chosen.sid if chosen is not None else "other")
        if self.now - tab.opened >= PAGE:
            self.expect(seat, tab, answer, "stale")
            return
        seat.touch(self.now)
        tab = replace(tab, selected=True)
        if chosen is not None and chosen in (seat.live(self.now), *seat.others(self.now)):
            expected = self.after(tab, chosen)
            if chosen is not seat.live(self.now) and expected != "refused":  # an error page brings no cookies
                seat.put_first(chosen)
            self.expect(seat, tab, answer, expected, chosen)
        else:
            self.expect(seat, replace(tab, beside=True), answer, "login")

    @precondition(lambda self: any(seat.tabs for seat in self.seats))
    @rule(number=seats, pick=picks, person=people)
    def carry_a_page_to_another_browser(self, number: int, pick: int, person: str) -> None:
        """CVE-2022-39222: a page of somebody else's browser proves nothing about who asks, whatever is typed on it."""
        self.tick()
        number = number if self.seats[number].tabs else 1 - number
        tab = self.seats[number].tabs[pick % len(self.seats[number].tabs)]
        seat = self.seats[1 - number]
        cookie = seat.browser.cookie("session")
        if tab.kind == "login":
            answer = seat.browser.log_in(tab.page, person)
        else:
            answer = seat.browser.submit(tab.page, "allow" if tab.kind == "consent" else tab.shown_to[-1].sid)
        assert not answer.sent
        assert not answer.is_redirect
        assert seat.browser.cookie("session") == cookie

    @rule(number=seats)
    def sign_out_at_the_portal(self, number: int) -> None:
        self.tick()
        seat = self.seats[number]
        everybody = seat.everybody(self.now)
        page = seat.browser.get("logout")
        assert bool(page.dom.find("button", id="confirm")) is bool(everybody)
        if everybody:
            self.leave(seat, everybody, seat.browser.submit(page, "confirm"))
            assert not seat.browser.cookie("accounts") or seat.aside

    @precondition(lambda self: self.families)
    @rule(number=seats, pick=picks)
    def sign_out_at_an_application(self, number: int, pick: int) -> None:
        """Its hint signs out the session that it names, at the front or not, and asks before it ends any other."""
        self.tick()
        seat, family = self.seats[number], self.families[-1 - pick % len(self.families)]
        everybody = seat.everybody(self.now)
        answer = seat.browser.get(f"oauth/logout?id_token_hint={family.id_token}")
        if family.session in everybody:
            self.leave(seat, [family.session], answer)
        elif everybody:
            assert everybody[0].person.title() + " Example" in answer.dom.text
            assert answer.dom.find("button", id="confirm")

    def leave(self, seat: Seat, sessions: list[Session], answer: Answer) -> None:
        assert answer.status == 200
        was_front = seat.held(self.now) in sessions
        seat.leave(sessions, self.now)
        if was_front:
            assert seat.browser.cookie("session") == ""

    @precondition(lambda self: any(self.agreed_by(seat) for seat in self.seats))
    @rule(number=seats, pick=picks)
    def take_consent_back(self, number: int, pick: int) -> None:
        self.tick()
        seat = next((s for s in (self.seats[number], self.seats[1 - number]) if self.agreed_by(s)), None)
        if seat is None:  # idle for too long, by this one second
            return
        session = seat.live(self.now)
        assert session is not None
        given = self.agreed_by(seat)
        app = given[pick % len(given)]
        page = seat.browser.get("access")
        seat.touch(self.now)
        form = next(n for n, f in enumerate(page.dom.forms) if ("client_id", self.apps[app].id) in f.fields)
        assert seat.browser.submit(page, form=form).is_redirect
        key = (session.person, app)
        self.agreed[key], self.agreed_at[key], self.taken_back[key] = set(), 0, self.now

    def agreed_by(self, seat: Seat) -> list[int]:
        session = seat.live(self.now)
        person = session.person if session is not None else ""
        return [app for (name, app), scopes in self.agreed.items() if name == person and scopes]

    # -- applications -------------------------------------------------------------------------------------------------

    @precondition(lambda self: self.families)
    @rule(pick=picks)
    def refresh(self, pick: int) -> None:
        self.tick()
        family = self.families[-1 - pick % len(self.families)]
        alive = self.is_alive(family)
        answer = self.provider.refresh(self.apps[family.app], family.refresh)
        self.check_refreshed(family, answer, alive)
        if alive:
            assert answer.json["refresh_token"] != family.refresh
            family.rotated.append(family.refresh)
            family.refresh, family.rotated_at = answer.json["refresh_token"], self.now
            family.access[answer.json["access_token"]] = self.now + ACCESS

    def check_refreshed(self, family: Family, answer: Answer, alive: bool) -> None:
        if not alive:
            assert answer.error == ("invalid_grant" if self.app_enabled[family.app] else "invalid_client")
            return
        assert answer.status == 200, answer.text
        told = claims_of(answer.json["id_token"])
        assert (told["sub"], told["sid"]) == (self.ids[family.session.person], family.session.sid)

    @precondition(lambda self: any(family.rotated for family in self.families))
    @rule(pick=picks)
    def refresh_with_an_old_token(self, pick: int) -> None:
        """In the grace the same answer again; any other use of an old token ends the family."""
        self.tick()
        found = [family for family in self.families if family.rotated]
        family = found[-1 - pick % len(found)]
        old = family.rotated[-1 - pick % min(2, len(family.rotated))]
        in_grace = old == family.rotated[-1] and self.now - family.rotated_at <= GRACE
        alive = self.is_alive(family)
        answer = self.provider.refresh(self.apps[family.app], old)
        self.check_refreshed(family, answer, alive and in_grace)
        if alive and in_grace:
            assert answer.json["refresh_token"] == family.refresh
            assert answer.json["access_token"] in family.access
        elif alive:
            family.dead = True

    @precondition(lambda self: self.families)
    @rule(pick=picks, kind=st.sampled_from(("refresh", "access", "foreign")))
    def revoke(self, pick: int, kind: str) -> None:
        self.tick()
        family = self.families[-1 - pick % len(self.families)]
        token = family.refresh if kind != "access" else next(reversed(family.access), "")
        if kind == "foreign":  # RFC 7009 §2.1: of another application: refused, and nothing happens
            assert self.provider.revoke(self.always, token).status == 400
            return
        if not token:
            return
        answer = self.provider.revoke(self.apps[family.app], token)
        assert answer.status == (200 if self.app_enabled[family.app] else 401)
        if self.app_enabled[family.app]:
            family.dead = family.dead or kind == "refresh"
            if kind == "access":
                family.access[token] = 0.0

    # -- admins and time ----------------------------------------------------------------------------------------------

    @rule(person=people, back=st.booleans())
    def turn_somebody_off(self, person: str, back: bool) -> None:
        """And maybe on again: what had ended stays ended."""
        self.tick()
        self.provider.services.directory.disable(self.ids[person])
        self.enabled[person] = False
        for session in self.sessions:
            session.ended = session.ended or session.person == person
        for family in self.families:
            if family.session.person == person:
                family.dead = True
        if back:
            self.let_everybody_in_again()

    @precondition(lambda self: not all(self.enabled.values()))
    @rule()
    def let_everybody_in_again(self) -> None:
        self.tick()
        for person in PEOPLE:
            self.provider.services.directory.enable(self.ids[person])
            self.enabled[person] = True

    @rule(app=apps, back=st.booleans())
    def turn_an_application_off_or_on(self, app: int, back: bool) -> None:
        self.tick()
        registry, on = self.provider.services.registry, not self.app_enabled[app]
        (registry.enable if on else registry.disable)(self.apps[app].id)
        self.app_enabled[app] = on
        if not on:
            self.tokens_after[app] = self.now
            if back:
                self.turn_an_application_off_or_on(app, False)

    @rule(seconds=st.sampled_from((15, 25, 650, 3000, 3700, ABSOLUTE)))
    def wait(self, seconds: int) -> None:
        self.clock.advance(seconds)

    @precondition(lambda self: any(seat.dead for seat in self.seats))
    @rule(number=seats, pick=picks)
    def come_back_with_an_old_cookie(self, number: int, pick: int) -> None:
        """S58: what was replaced at a sign-in never works again."""
        self.tick()
        seat = self.seats[number] if self.seats[number].dead else self.seats[1 - number]
        thief = self.provider.browser()
        thief.cookies = {**seat.browser.cookies, "__Host-doorward_session": seat.dead[pick % len(seat.dead)]}
        assert self.provider.authorize(thief, self.always, prompt="none").error == "login_required"

    # -- always -------------------------------------------------------------------------------------------------------

    @invariant()
    def everybody_is_who_they_are(self) -> None:
        for seat in self.seats:
            front = seat.live(self.now)
            answer = self.provider.authorize(seat.browser, self.always, prompt="none", scope="openid")
            seat.touch(self.now)
            if front is not None:
                self.hints[front.person] = self.check_whose(answer, front)
            else:
                assert answer.error == "login_required"
            for key in seat.aside:  # who is set aside is found by a hint, for as long as they are signed in
                person = key.session.person
                answer = self.provider.authorize(
                    seat.browser, self.always, prompt="none", scope="openid", id_token_hint=self.hints[person]
                )
                session = self.meant(seat, person)
                if session is not None and session.person == person:
                    self.check_whose(answer, session)
                else:
                    assert answer.error == "login_required"

    def check_whose(self, answer: Answer, session: Session) -> str:
        """The code is of this session; answers its ID token."""
        given = self.provider.redeem(self.always, answer.code).json
        told = claims_of(given["id_token"])
        assert (told["sub"], told["sid"]) == (self.ids[session.person], session.sid)
        assert self.provider.userinfo(given["access_token"]).json["sub"] == self.ids[session.person]
        return str(given["id_token"])

    @invariant()
    def nobody_else_is_signed_in(self) -> None:
        for name, person_id in self.ids.items():
            expected = {one.sid for one in self.sessions if one.person == name and one.stands(self.now) and one.sid}
            unseen = sum(one.stands(self.now) and not one.sid for one in self.sessions if one.person == name)
            found = {one.id for one in open_of(self.provider.services, person_id)}
            assert expected <= found
            assert len(found) == len(expected) + unseen

    @invariant()
    def what_was_issued_works_exactly_as_long_as_it_may(self) -> None:
        for family in self.families[-MAX_WATCHED:]:
            alive, app, person = self.is_alive(family), self.apps[family.app], self.ids[family.session.person]
            for token, end in list(family.access.items())[-2:]:
                told = self.provider.introspect(self.guard, token)
                assert told["active"] is (alive and self.now < end)
                assert told.get("sub", person) == person
                about = self.provider.userinfo(token)
                assert about.status == (200 if alive and self.now < end else 401)
                assert about.json.get("sub", person) == person
            if self.app_enabled[family.app]:
                assert self.provider.introspect(app, family.refresh)["active"] is alive
                assert all(self.provider.introspect(app, old) == {"active": False} for old in family.rotated[-2:])


PROFILES = {"": (30, 40), "deep": (400, 80)}


def test_X21_X29_nobody_is_ever_somebody_else_and_revocation_is_immediate(
    template: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    memory = Path("/dev/shm")  # where there is one: what a disk takes for its syncs is not the question here
    base = Path(tempfile.mkdtemp(dir=memory)) if os.access(memory, os.W_OK) else tmp_path_factory.mktemp("houses")
    numbers = itertools.count()

    class OfThisRun(House):
        folders = staticmethod(lambda: base / str(next(numbers)))

    OfThisRun.template = template
    examples, steps = PROFILES.get(os.environ.get("HYPOTHESIS_PROFILE", ""), PROFILES[""])
    try:
        run_state_machine_as_test(
            OfThisRun,
            settings=settings(
                max_examples=examples,
                stateful_step_count=steps,
                deadline=None,
                print_blob=True,
                report_multiple_bugs=False,
                suppress_health_check=list(HealthCheck),
            ),
        )
    finally:
        shutil.rmtree(base, ignore_errors=True)
