"""F1, F5, F6, F9, F10, P4, P7, A3, A9, S56, S58, X21, X24: in whatever order people prove, step up, lose their phones,
reset passwords and are shut out, nobody is signed in as somebody else, and no level is claimed that was not shown.

A model in plain Python knows what each browser has shown, and when; after every step the provider must have exactly the
sessions that the model has. `HYPOTHESIS_PROFILE=deep` looks longer.
"""

from __future__ import annotations

import itertools
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pyotp
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from idp.accounts import factors, links, not_me
from idp.accounts.factors import admin_codes, totp
from idp.accounts.factors import backup_codes as codes
from idp.login.browser.sessions import open_of
from tests.backends import Clock
from tests.phone import Phone, backup_codes, form_with
from tests.provider import PASSWORD, Answer, App, Provider
from tests.recovery.post import MAIL, collect
from tests.security.claims_of_tokens import claims_of
from tests.security.seats import Seat, Session

GROUPS = {"ann": [], "bob": ["finance"], "cid": ["desk"]}
PEOPLE = tuple(GROUPS)
PORTAL, CRM, BANK, ALWAYS = -1, 0, 1, 2  # ALWAYS is asked after each step
FRESH, HALF, STEP, ACCESS = 300, 900, 30, 600  # seconds
MFA = "https://refeds.org/profile/mfa"
BY_PASSWORD = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"
ESSENTIAL = json.dumps({"id_token": {"acr": {"essential": True, "values": [MFA]}}})

seats = st.integers(0, 1)
people = st.sampled_from(PEOPLE)
apps = st.sampled_from((CRM, BANK))
picks = st.integers(0, 5)
kinds = st.sampled_from(("totp", "totp", "backup", "desk"))
tricks = st.sampled_from(("wrong", "used", "foreign", "removed", "far", "other way"))


@dataclass(eq=False)
class AppOnPhone:
    """An authenticator app as its person has it. `last`: the latest step that was used."""

    phone: Phone
    factor_id: str
    last: int
    told: set[int] = field(default_factory=set)  # steps that a guess was told of
    used: str = ""

    def code(self, offset: int = 0) -> str:
        assert isinstance(self.phone.app, pyotp.TOTP)
        return self.phone.app.at(self.phone.clock(), counter_offset=offset)


@dataclass(eq=False)
class Person:
    """What somebody has, and what they had."""

    name: str
    id: str
    password: str | None = PASSWORD
    earlier: list[str] = field(default_factory=list)
    version: int = 0  # of the password
    enabled: bool = True
    phones: list[AppOnPhone] = field(default_factory=list)
    removed: list[AppOnPhone] = field(default_factory=list)
    backup: list[str] = field(default_factory=list)
    desk: tuple[str, float] | None = None  # a code of the help desk, and its end
    spent: dict[str, list[str]] = field(default_factory=lambda: {"backup": [], "desk": []})


@dataclass(eq=False)
class Half:
    """A part that was proven in one browser."""

    person: Person
    methods: tuple[str, ...]
    version: int
    until: float
    allowed: tuple[str, ...]
    session: Session | None = None  # where somebody who is signed in proves more
    done: bool = False


@dataclass(frozen=True, eq=False)
class Tab:
    """A page that lies open, and what it was asked for."""

    app: int
    opened: float
    prompt: str = ""
    strong: bool = False
    path: str = "/"
    kind: str = ""  # login, factor, enrol or account
    page: Any = None
    selected: bool = False
    beside: bool = False
    postponed: bool = False
    half: Half | None = None
    shown_to: tuple[Session, ...] = ()


@dataclass(frozen=True)
class Link:
    """A link for a new password."""

    path: str
    person: Person
    version: int
    until: float


@dataclass(frozen=True)
class Issued:
    """An access token."""

    token: str
    session: Session
    until: float


def is_two(methods: tuple[str, ...]) -> bool:
    """Something known and something had. A code of the help desk, or one by mail, is nothing that one has."""
    return "pwd" in methods and bool({"totp", "backup"} & set(methods))


def lets_in(methods: tuple[str, ...]) -> bool:
    return is_two(methods) or ("admin" in methods and len(methods) > 1)


SHOWN = {"totp": "totp", "backup": "backup", "desk": "admin"}


class House(RuleBasedStateMachine):
    """Two browsers; Ann is free, Bob's group needs a second factor, Cid's does at the bank."""

    folders: Callable[[], Path]
    template: Path  # set by the test
    personal = "always"  # when a second factor is asked for that no rule demands

    def __init__(self) -> None:
        super().__init__()
        self.folder, self.clock = type(self).folders(), Clock()
        self.clock.now = self.clock.now // STEP * STEP
        self.provider = Provider.open(
            self.folder, self.clock, self.template,
            server={"issuer": "https://login.example"}, throttle={"failures": 50},  # pauses have tests of their own
            mail=MAIL, recovery={"mails_per_hour": 20},
            factors={"personal": self.personal, "rules": [{"need": "second", "groups": ["finance"]}]},
        )  # fmt: skip
        self.apps: list[App] = [self.provider.add_client(name) for name in ("CRM", "Bank", "Always")]
        self.provider.add_rule(need="second", groups=["desk"], apps=[self.apps[BANK].id])
        self.people = {
            name: Person(name, self.provider.add_person(name, groups=groups, email_verified=True).id)
            for name, groups in GROUPS.items()
        }
        self.seats = [Seat(self.provider.browser()), Seat(self.provider.browser())]
        self.sessions: list[Session] = []
        self.waiting: dict[Session, tuple[Tab, float]] = {}
        self.postponed: dict[Session, float] = {}
        self.resuming: dict[Seat, tuple[Tab, float]] = {}
        self.links: list[Link] = []
        self.issued: list[Issued] = []
        self.count = itertools.count()

    @initialize(owners=st.sampled_from(("ann", "ann cid", "ann bob cid", "bob")))
    def have_phones(self, owners: str) -> None:
        for name in owners.split():
            who, services = self.people[name], self.provider.services
            person = services.directory.get(who.id)
            enrolment, batch = totp.begin(services, person, "first"), codes.make(services)
            phone = Phone(enrolment.uri, self.clock)
            with services.db.transaction() as tx:
                factor = totp.keep(tx, services, person, enrolment, phone.code, "", lambda *_: None)
                codes.keep(tx, self.now, who.id, batch, lambda *_: None)
            who.phones.append(AppOnPhone(phone, factor.id, self.step(0), used=phone.code))
            who.backup = batch.shown

    def teardown(self) -> None:
        self.provider.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    # -- what must be shown -------------------------------------------------------------------------------------------

    @property
    def now(self) -> float:
        return self.clock.now

    def tick(self) -> None:
        self.clock.advance(1)

    def is_enough(self, person: Person, tab: Tab, methods: tuple[str, ...], *, own: bool) -> bool:
        groups = GROUPS[person.name]
        needs = own or "finance" in groups or ("desk" in groups and tab.app == BANK)
        return (not needs or lets_in(methods)) and (not tab.strong or is_two(methods))

    def ways(self, person: Person) -> list[str]:
        """What somebody could show now."""
        desk = person.desk is not None and self.now < person.desk[1]
        return [
            *(["totp"] if person.phones else []),
            *(["backup"] if person.backup else []),
            *(["desk"] if desk else []),
        ]

    def asked(self, person: Person, tab: Tab, methods: tuple[str, ...], *, own: bool) -> list[str]:
        """The ways that somebody must choose from; empty where there is nothing to ask for."""
        if self.is_enough(person, tab, methods, own=own):
            return []
        ways = self.ways(person)
        best = [way for way in ways if self.is_enough(person, tab, (*methods, SHOWN[way]), own=own)]
        return best or ([] if lets_in(methods) else ways)

    def has_own(self, person: Person, tab: Tab) -> bool:
        """Whether somebody signs in with the second factor that nobody but they asked for."""
        return bool(person.phones) and (self.personal == "always" or tab.prompt == "login")

    def more(self, person: Person, tab: Tab, methods: tuple[str, ...], *, own: bool) -> str:
        """`factor` or `enrol`; empty where enough was shown."""
        if self.is_enough(person, tab, methods, own=own):
            # Whoever was helped shall set something up anew.
            return "enrol" if "admin" in methods and not tab.postponed and tab.prompt != "none" else ""
        return "factor" if self.asked(person, tab, methods, own=own) else "enrol"

    def after(self, tab: Tab, session: Session) -> str:
        """Where somebody who is signed in stands with what was asked for."""
        if tab.prompt == "select_account" and not tab.selected:
            return "account"
        if tab.prompt == "login" and session.auth_time < tab.opened:
            return "login"
        more = self.more(self.people[session.person], tab, session.methods, own=False)
        was_put_off = self.now < self.postponed.get(session, 0)
        if more == "enrol" and "admin" in session.methods and lets_in(session.methods) and was_put_off:
            more = self.more(self.people[session.person], replace(tab, postponed=True), session.methods, own=False)
        return more or ("home" if tab.app == PORTAL else "code")

    def may_change(self, session: Session) -> bool:
        """P7: a fresh proof, of all that one has."""
        is_fresh = self.now - session.auth_time <= FRESH
        return is_fresh and (lets_in(session.methods) or not self.people[session.person].phones)

    def nobody(self, seat: Seat, tab: Tab) -> str:
        return "account" if seat.others(self.now) and not tab.selected else "login"

    # -- what an answer must be ---------------------------------------------------------------------------------------

    def expect(
        self,
        seat: Seat,
        tab: Tab,
        answer: Answer,
        expected: str,
        session: Session | None = None,
        half: Half | None = None,
    ) -> None:
        """The answer is of this kind. `session`: whose code it is; `half`: what the next page builds on."""
        if expected == "code":
            assert session is not None
            self.redeem(session, tab, answer)
        elif expected == "home":
            assert answer.location == self.provider.issuer + tab.path, answer.location
        elif expected in ("login", "factor", "enrol", "account"):
            assert what_page(answer) == expected, answer.dom.text
            front = seat.live(self.now)
            shown_to: tuple[Session, ...] = ()
            if expected == "account":
                shown_to = (*((front,) if front is not None else ()), *seat.others(self.now))
            names = {one.person for one in shown_to}
            if expected == "factor":
                if half is None:  # somebody who is signed in shall prove more
                    assert session is not None
                    half = self.half(seat, self.people[session.person], tab, session.methods, session, own=False)
                names = {half.person.name}
            if expected == "enrol":
                assert session is not None
                self.waiting[session] = (replace(tab, half=None), self.now + 4 * HALF)
                may_wait = self.is_enough(self.people[session.person], tab, session.methods, own=False)
                assert bool(answer.dom.find("button", id="later")) is may_wait
                names = {session.person}
            named = {n for n in PEOPLE if n.title() + " Example" in answer.dom.text}
            # T3: who signed in here last may be greeted on the form for a name, and nobody else.
            assert named <= {seat.last} if expected == "login" else named == names
            half = half if expected == "factor" else None
            seat.tabs.append(replace(tab, kind=expected, page=answer, half=half, shown_to=shown_to))
            del seat.tabs[:-4]
        else:
            assert answer.error == expected, (answer.status, answer.sent)

    def half(
        self, seat: Seat, person: Person, tab: Tab, methods: tuple[str, ...], session: Session | None, *, own: bool
    ) -> Half:
        allowed = tuple(self.asked(person, tab, methods, own=own))
        return Half(person, methods, person.version, self.now + HALF, allowed, session)

    def redeem(self, session: Session, tab: Tab, answer: Answer) -> None:
        """Who it says that it is, and how they proved it: never more than was shown in this session."""
        given = self.provider.redeem(self.apps[tab.app], answer.code)
        assert given.status == 200, given.text
        told = claims_of(given.json["id_token"])
        assert session.stands(self.now)
        assert (told["sub"], told["sid"]) == (self.people[session.person].id, session.sid)
        assert told["auth_time"] == int(session.auth_time)
        two = is_two(session.methods)
        assert told["acr"] == (MFA if two else BY_PASSWORD)
        assert told["amr"] == ["pwd", *(["otp"] if len(session.methods) > 1 else []), *(["mfa"] if two else [])]
        self.issued.append(Issued(given.json["access_token"], session, self.now + ACCESS))
        del self.issued[:-6]

    def enter(
        self, seat: Seat, tab: Tab, answer: Answer, person: Person, methods: tuple[str, ...], cookie: str,
        session: Session | None = None,
    ) -> None:  # fmt: skip
        """Something was proven: more is asked for, or a session begins or grows."""
        own = self.has_own(person, tab)
        if self.more(person, tab, methods, own=own) == "factor":
            assert seat.browser.cookie("session") == cookie  # half a proof is nobody's session
            self.expect(seat, tab, answer, "factor", half=self.half(seat, person, tab, methods, session, own=own))
            return
        started = self.start(seat, person, methods, cookie, beside=tab.beside, grows=session)
        tab = replace(tab, selected=True, half=None)
        self.expect(seat, tab, answer, self.after(tab, started), started)

    def start(
        self, seat: Seat, person: Person, methods: tuple[str, ...], cookie: str, *, beside: bool = False,
        grows: Session | None = None,
    ) -> Session:  # fmt: skip
        session = seat.start(person.name, methods, self.now, beside=beside, grows=grows)
        seat.last = person.name
        assert seat.browser.cookie("session") not in ("", cookie)
        sid = seat.browser.cookie("session").partition(".")[0]
        assert session.sid in ("", sid)
        session.sid = sid
        if session not in self.sessions:
            self.sessions.append(session)
        return session

    def end_all(self, person: Person, keep: Session | None = None) -> None:
        for session in self.sessions:
            session.ended = session.ended or (session.person == person.name and session is not keep)

    def new_password(self, person: Person, password: str | None) -> None:
        if person.password is not None:
            person.earlier.append(person.password)
        person.password, person.version = password, person.version + 1

    def fresh_words(self) -> str:
        return f"xylophone quartz meadow {next(self.count)}"

    def tabs(self, seat: Seat, kind: str) -> list[Tab]:
        return [tab for tab in seat.tabs if tab.kind == kind]

    def has_tab(self, kind: str) -> bool:
        return any(self.tabs(seat, kind) for seat in self.seats)

    def pick_tab(self, number: int, pick: int, kind: str) -> tuple[Seat, Tab]:
        seat = self.seats[number] if self.tabs(self.seats[number], kind) else self.seats[1 - number]
        found = self.tabs(seat, kind)
        return seat, found[-1 - pick % len(found)]

    # -- signing in ---------------------------------------------------------------------------------------------------

    @rule(
        number=seats,
        app=apps,
        strong=st.booleans(),
        prompt=st.sampled_from(("", "", "none", "login", "select_account")),
    )
    def come_from_an_application(self, number: int, app: int, strong: bool, prompt: str) -> None:
        self.tick()
        self.come(self.seats[number], Tab(app, self.now, prompt, strong))

    def come(self, seat: Seat, tab: Tab) -> None:
        more = {"claims": ESSENTIAL} if tab.strong else {}
        scope = "openid" if tab.app == ALWAYS else "openid profile"
        answer = self.provider.authorize(
            seat.browser, self.apps[tab.app], prompt=tab.prompt or None, scope=scope, **more
        )
        session = seat.live(self.now)
        expected = self.nobody(seat, tab) if session is None else self.after(tab, session)
        if tab.prompt == "none" and expected != "code":
            expected = "login_required"
        seat.touch(self.now)
        self.expect(seat, tab, answer, expected, session)

    @rule(number=seats, app=apps, strong=st.booleans(), person=people, kind=kinds)
    def sign_in_all_the_way(self, number: int, app: int, strong: bool, person: str, kind: str) -> None:
        """As most visits go: each page that is shown leads to the next."""
        seat = self.seats[number]
        if kind == "desk":
            self.ask_the_help_desk(person)
        self.come_from_an_application(number, app, strong, "login")
        if seat.tabs[-1].kind == "account":
            self.choose_an_account(number, 0, 9)
        self.type_a_password(number, 0, person, "right")
        if seat.tabs[-1].kind == "factor":
            self.show_more(number, 0, kind, 0)
        if seat.tabs[-1].kind == "enrol":
            self.set_up_an_app(number, False)
            self.go_on_after_setting_up(number)

    @rule(number=seats, app=apps, strong=st.booleans(), person=people)
    def sign_in_half_the_way(self, number: int, app: int, strong: bool, person: str) -> None:
        """And leave the second page open, if there is one."""
        seat = self.seats[number]
        self.come_from_an_application(number, app, strong, "login")
        if seat.tabs[-1].kind == "account":
            self.choose_an_account(number, 0, 9)
        self.type_a_password(number, 0, person, "right")

    @precondition(lambda self: any(seat.front for seat in self.seats))
    @rule(number=seats, app=apps, kind=kinds, at_once=st.booleans())
    def step_up(self, number: int, app: int, kind: str, at_once: bool) -> None:
        """F9: an application asks somebody who is signed in for more."""
        self.tick()
        number = number if self.seats[number].front else 1 - number
        seat = self.seats[number]
        self.come(seat, Tab(app, self.now, strong=True))
        if at_once and seat.tabs and seat.tabs[-1].kind == "factor":
            self.show_more(number, 0, kind, 0)

    @rule(number=seats, person=people)
    def sign_in_by_a_password_alone(self, number: int, person: str) -> None:
        """As far as that goes."""
        self.tick()
        seat = self.seats[number]
        tab = Tab(CRM, self.now)
        if seat.live(self.now) is None and not seat.others(self.now):
            self.come(seat, tab)
            self.type_a_password(number, 0, person, "right")

    @precondition(lambda self: self.has_tab("login"))
    @rule(number=seats, pick=picks, person=people, which=st.sampled_from(("right", "right", "right", "old", "wrong")))
    def type_a_password(self, number: int, pick: int, person: str, which: str) -> None:
        self.tick()
        seat, tab = self.pick_tab(number, pick, "login")
        who, cookie = self.people[person], seat.browser.cookie("session")
        typed = {"right": who.password, "old": who.earlier[-1] if who.earlier else None}.get(which)
        answer = seat.browser.log_in(tab.page, person, typed or f"wrong {next(self.count)}")
        if typed is None or which != "right" or not who.enabled or "this browser had to show first" in answer.text:
            assert seat.browser.cookie("session") == cookie
            self.expect(seat, tab, answer, "login")
        else:
            self.enter(seat, tab, answer, who, ("pwd",), cookie)

    @precondition(lambda self: self.has_tab("factor"))
    @rule(
        number=seats,
        pick=picks,
        kind=kinds,
        offset=st.sampled_from((0, 0, 0, 1, -1)),
        late=st.sampled_from((1, 1, HALF)),
    )
    def show_more(self, number: int, pick: int, kind: str, offset: int, late: float = 1) -> None:
        """A right code of one's own, if there is one; whether it still counts is another matter."""
        self.clock.advance(late)
        seat, tab = self.pick_tab(number, pick, "factor")
        assert tab.half is not None
        who = tab.half.person
        kind = kind if kind in self.ways(who) else next(iter(self.ways(who)), "")
        if kind == "totp":
            app = who.phones[-1 - pick % len(who.phones)]
            if self.step(0) <= app.last:  # people wait for the next code
                self.clock.now = (app.last + 1) * STEP + 1.0
            step = self.step(offset)
            self.post(seat, tab, "totp", app.code(offset), app.last < step and step not in app.told, (app, step))
        elif kind:
            code = who.backup[0] if kind == "backup" else who.desk[0] if who.desk else ""
            self.post(seat, tab, kind, code, True)

    def step(self, offset: int) -> int:
        return int(self.now) // STEP + offset

    def post(
        self, seat: Seat, tab: Tab, kind: str, code: str, is_right: bool, of: tuple[AppOnPhone, int] | None = None
    ) -> None:
        """Type a code; a right one is used up, and counts only in a conversation that still stands."""
        half, cookie = tab.half, seat.browser.cookie("session")
        assert half is not None
        own = self.has_own(half.person, tab)
        way = {"desk": "admin"}.get(kind, kind)
        answer = seat.browser.submit(tab.page, way=way, code=code)
        if not self.stands(seat, half):
            assert seat.browser.cookie("session") == cookie
            self.expect(seat, replace(tab, half=None), answer, "login")
            return
        allowed = {*half.allowed, *self.asked(half.person, tab, half.methods, own=own)}
        if not is_right or kind not in allowed or kind not in self.ways(half.person):
            assert seat.browser.cookie("session") == cookie
            assert answer.status == 200
            assert not answer.sent
            return
        self.use_up(half.person, kind, code, of)
        half.done = True
        methods = tuple(dict.fromkeys((*half.methods, SHOWN[kind])))
        self.enter(seat, tab, answer, half.person, methods, cookie, half.session)

    def stands(self, seat: Seat, half: Half) -> bool:
        """X21, S58: a half-proven person has a quarter of an hour, and everything that was shown must still hold."""
        who, here = half.person, (seat.live(self.now), *seat.others(self.now))
        is_here = half.session is None or half.session in here
        return not half.done and self.now < half.until and who.enabled and who.version == half.version and is_here

    @staticmethod
    def use_up(person: Person, kind: str, code: str, of: tuple[AppOnPhone, int] | None) -> None:
        if of is not None:
            of[0].last, of[0].used = of[1], code
        elif kind == "backup":
            person.backup.remove(code)
            person.spent["backup"].append(code)
        else:
            person.desk = None
            person.spent["desk"].append(code)

    @precondition(lambda self: self.has_tab("factor"))
    @rule(number=seats, pick=picks, trick=tricks, kind=st.sampled_from(("totp", "backup", "desk")))
    def cheat(self, number: int, pick: int, trick: str, kind: str) -> None:
        """What must never let in: guesses, used codes, somebody else's, those of a phone that was removed."""
        self.tick()
        seat, tab = self.pick_tab(number, pick, "factor")
        assert tab.half is not None
        who = tab.half.person
        phone = who.phones[0] if who.phones else None
        if trick == "used":
            used = {"totp": phone.used if phone is not None else "", **{k: c[-1] for k, c in who.spent.items() if c}}
            kind = kind if used.get(kind) else next((k for k in ("desk", "backup") if k in used), "totp")
            code = used[kind]
        elif trick == "foreign":
            others = [one for one in self.people.values() if one is not who]
            code = next(
                (
                    one.phones[0].code() if kind == "totp" else one.backup[0]
                    for one in others
                    if one.phones and one.backup
                ),
                "",
            )
            code = next((o.desk[0] for o in others if o.desk), "") if kind == "desk" else code
        elif trick == "removed":
            kind, code = "totp", who.removed[-1].code() if who.removed else ""
        elif trick == "far":
            kind, code = "totp", phone.code(3) if phone is not None else ""
            if phone is not None and self.stands(seat, tab.half) and "totp" in tab.half.allowed:
                phone.told.add(self.step(3))  # told that the clock is fast: so this one will not do later, either
        elif trick == "other way":
            kind, code = "password", phone.code() if phone is not None else ""
        else:
            code = (phone.phone.wrong if phone is not None else "000000") if kind == "totp" else "0AAAA-AAAAA"
        self.post(seat, tab, kind, code or "123456", False)

    @precondition(lambda self: self.has_tab("factor") or self.has_tab("login"))
    @rule(number=seats, pick=picks, kind=st.sampled_from(("factor", "factor", "login")), person=people)
    def carry_a_page_to_another_browser(self, number: int, pick: int, kind: str, person: str) -> None:
        """X24 (CVE-2022-39222): with the right password or code, too; and the code is not used up."""
        self.tick()
        seat, tab = self.pick_tab(
            number, pick, kind if self.has_tab(kind) else "login" if kind == "factor" else "factor"
        )
        other = self.seats[1 - self.seats.index(seat)]
        cookie = other.browser.cookie("session")
        if tab.kind == "login":
            answer = other.browser.log_in(tab.page, person, self.people[person].password or PASSWORD)
        else:
            assert tab.half is not None
            phones = tab.half.person.phones
            answer = other.browser.submit(tab.page, way="totp", code=phones[0].code() if phones else "123456")
        assert not answer.sent
        assert not answer.is_redirect
        assert other.browser.cookie("session") == cookie

    @rule(number=seats)
    def look_who_is_here(self, number: int) -> None:
        self.tick()
        seat = self.seats[number]
        tab = Tab(PORTAL, self.now, "select_account")
        answer, session = seat.browser.get("accounts"), seat.live(self.now)
        self.expect(seat, tab, answer, self.nobody(seat, tab) if session is None else "account", session)

    @precondition(lambda self: self.has_tab("account"))
    @rule(number=seats, pick=picks, which=st.sampled_from((0, 1, 9, 9)))
    def choose_an_account(self, number: int, pick: int, which: int) -> None:
        """One of those that the page shows, or (9) another one, beside whoever is here (A9)."""
        self.tick()
        seat, tab = self.pick_tab(number, pick, "account")
        chosen = tab.shown_to[which % len(tab.shown_to)] if which < 9 else None
        answer = seat.browser.submit(tab.page, chosen.sid if chosen is not None else "other")
        tab = replace(tab, selected=True)
        if chosen is not None and chosen in (seat.live(self.now), *seat.others(self.now)):
            if chosen is not seat.live(self.now):
                seat.put_first(chosen)
            self.expect(seat, tab, answer, self.after(tab, chosen), chosen)
        else:
            self.expect(seat, replace(tab, beside=True), answer, "login")

    @precondition(lambda self: any(seat.front for seat in self.seats))
    @rule(number=seats)
    def sign_out(self, number: int) -> None:
        self.tick()
        seat = self.seats[number] if self.seats[number].front else self.seats[1 - number]
        everybody = seat.everybody(self.now)
        page = seat.browser.get("logout")
        if everybody:
            assert seat.browser.submit(page, "confirm").status == 200
            seat.leave(everybody, self.now)
            assert not seat.browser.cookie("session") or seat.front is not None

    # -- what people have ---------------------------------------------------------------------------------------------

    def at_the_portal(self, seat: Seat, path: str, *, strict: bool = True) -> tuple[Answer, Session | None]:
        """A page for a change; without a proof that is fresh and full, it asks for one."""
        answer, session = seat.browser.get(path.lstrip("/")), seat.live(self.now)
        if session is not None and (not strict or self.may_change(session)):
            return answer, session
        tab = Tab(PORTAL, self.now, "login" if strict else "", path=path)
        self.expect(seat, tab, answer, self.nobody(seat, tab) if session is None else "login", session)
        return answer, None

    @precondition(lambda self: any(seat.front for seat in self.seats))
    @rule(number=seats, slow=st.sampled_from((False, False, False, True)))
    def set_up_an_app(self, number: int, slow: bool) -> None:
        self.tick()
        seat = self.seats[number] if self.seats[number].front else self.seats[1 - number]
        page, session = self.at_the_portal(seat, "/security/totp")
        if session is None or len(self.people[session.person].phones) > 1:
            return
        who, cookie = self.people[session.person], seat.browser.cookie("session")
        (link,) = page.dom.find("a", id="open-app")
        phone = Phone(link["href"], self.clock)
        self.clock.advance(HALF + 1 if slow else 1)
        answer = seat.browser.submit(page, None, form=form_with(page, "code"), code=phone.code, label="")
        if slow:
            self.expect(seat, Tab(PORTAL, self.now, "login", path="/security/totp"), answer, "login")
            return
        factor = factors.list_of(self.provider.services.db, who.id)[-1]
        who.phones.append(AppOnPhone(phone, factor.id, self.step(0), used=phone.code))
        methods = tuple(dict.fromkeys((*(m for m in session.methods if m != "admin"), "totp")))
        assert self.start(seat, who, methods, cookie, grows=session) is session
        if who.backup:
            assert answer.is_redirect
        else:
            who.backup = backup_codes(answer)
            assert len(who.backup) == 10

    @precondition(lambda self: any(seat.front for seat in self.seats))
    @rule(number=seats)
    def go_on_after_setting_up(self, number: int) -> None:
        """Back to the application that asked for it."""
        self.tick()
        seat = self.seats[number] if self.seats[number].front else self.seats[1 - number]
        answer, session = seat.browser.get("login/continue"), seat.live(self.now)
        waiting = self.waiting.get(session) if session is not None else None
        if session is None or waiting is None or self.now >= waiting[1]:
            assert answer.location == self.provider.issuer + "/"
        else:
            self.expect(seat, waiting[0], answer, self.after(waiting[0], session), session)

    @precondition(lambda self: self.has_tab("enrol"))
    @rule(number=seats, pick=picks)
    def put_it_off(self, number: int, pick: int) -> None:
        """F8: only for whoever may."""
        self.tick()
        seat, tab = self.pick_tab(number, pick, "enrol")
        if not tab.page.dom.find("button", id="later"):
            return
        form = next(n for n, one in enumerate(tab.page.dom.forms) if "/login/enrol" in one.action)
        answer, session = seat.browser.submit(tab.page, "later", form=form), seat.live(self.now)
        tab = replace(tab, postponed=True)
        if session is not None:
            self.postponed[session] = session.expires
        self.expect(seat, tab, answer, self.nobody(seat, tab) if session is None else self.after(tab, session), session)

    @precondition(lambda self: any(one.phones for one in self.people.values()))
    @rule(number=seats, pick=picks)
    def remove_an_app(self, number: int, pick: int) -> None:
        """F10: never the last one where a rule asks for it."""
        self.tick()
        seat = self.seats[number] if self.seats[number].front else self.seats[1 - number]
        session = seat.live(self.now)
        if session is None or not self.people[session.person].phones:
            return
        who = self.people[session.person]
        app = who.phones[pick % len(who.phones)]
        page, session = self.at_the_portal(seat, f"/security/factor/{app.factor_id}")
        if session is None:
            return
        data = [*page.dom.forms[form_with(page, "label")].fields, ("action", "remove")]
        answer = seat.browser.post(f"security/factor/{app.factor_id}", data)
        if len(who.phones) == 1 and GROUPS[who.name]:
            assert answer.dom.find("div", id="refused")
            return
        assert answer.is_redirect
        who.phones.remove(app)
        who.removed.append(app)
        if not who.phones:
            who.spent["backup"] += who.backup
            who.backup = []

    @precondition(lambda self: self.people["ann"].phones)
    @rule(number=seats)
    def give_up_the_phone(self, number: int) -> None:
        """Whoever may, right after a full sign-in; the codes on paper go with the last one."""
        self.sign_in_all_the_way(number, CRM, False, "ann", "totp")
        self.remove_an_app(number, 0)

    @precondition(lambda self: any(seat.front for seat in self.seats))
    @rule(number=seats)
    def make_new_backup_codes(self, number: int) -> None:
        self.tick()
        seat = self.seats[number] if self.seats[number].front else self.seats[1 - number]
        page, session = self.at_the_portal(seat, "/security/codes")
        if session is None or not self.people[session.person].phones:
            return
        who = self.people[session.person]
        answer = seat.browser.submit(page, form=next(n for n, f in enumerate(page.dom.forms) if "/codes" in f.action))
        who.spent["backup"] += who.backup
        who.backup = backup_codes(answer)
        assert len(who.backup) == 10

    @rule(person=people)
    def ask_the_help_desk(self, person: str) -> None:
        self.tick()
        who = self.people[person]
        if who.enabled:
            if who.desk is not None:
                who.spent["desk"].append(who.desk[0])
            issued = admin_codes.issue(self.provider.services, who.id, "lost the phone", "desk", minutes=20)
            who.desk = (issued.code, issued.expires_at)

    # -- passwords ----------------------------------------------------------------------------------------------------

    @rule(number=seats, person=people, pick=picks, at_once=st.booleans())
    def forget_the_password(self, number: int, person: str, pick: int, at_once: bool) -> None:
        """P4: by mail, maybe on the way to an application."""
        self.tick()
        seat, who = self.seats[number], self.people[person]
        here = self.tabs(seat, "login")
        path = "help/password"
        if here:
            tab = here[-1 - pick % len(here)]
            path = next(a["href"] for a in tab.page.dom.find("a") if a["href"].startswith("/help/password"))
        if here and "flow=" in path:
            self.resuming[seat] = (tab, self.now + 1800)
        page = seat.browser.get(path)
        seat.browser.submit(page, login=person)
        mails = collect(self.provider, "reset_password")
        assert len(mails) == who.enabled
        self.links += [Link(mail.link, who, who.version, self.now + 1800) for mail in mails]
        if mails and at_once:
            self.choose_a_new_password(number, 0, False)

    @rule(person=people)
    def get_a_link_from_an_admin(self, person: str) -> None:
        self.tick()
        who, services = self.people[person], self.provider.services
        token = links.make(services.state, services.directory.get(who.id), "reset", links.TTL)
        self.links.append(Link(f"/setup/{token}", who, who.version, self.now + links.TTL))

    @precondition(lambda self: self.links)
    @rule(number=seats, pick=picks, keep=st.booleans())
    def choose_a_new_password(self, number: int, pick: int, keep: bool) -> None:
        """S56 V6.4.3: a reset proves no more than a password does."""
        self.tick()
        seat, link = self.seats[number], self.links[-1 - pick % len(self.links)]
        who, cookie = link.person, seat.browser.cookie("session")
        page = seat.browser.get(link.path)
        if self.now >= link.until or who.version != link.version or not who.enabled:
            assert page.status == 404
            return
        words, had = self.fresh_words(), who.password is not None
        typed = {"password": words, "confirm": words, **({"keep_others": "1"} if keep else {})}
        answer = seat.browser.submit(page, None, 0, **typed)
        if not (keep and had):
            self.end_all(who)
        self.new_password(who, words)
        tab, until = self.resuming.pop(seat, (None, 0.0))
        if tab is None or self.now >= until:
            tab = Tab(PORTAL, self.now)
        self.enter(seat, tab, answer, who, ("pwd",), cookie)

    @precondition(lambda self: any(seat.front for seat in self.seats))
    @rule(number=seats, keep=st.booleans())
    def change_the_password(self, number: int, keep: bool) -> None:
        self.tick()
        seat = self.seats[number] if self.seats[number].front else self.seats[1 - number]
        here = seat.live(self.now)
        strict = here is not None and bool(self.people[here.person].phones)
        page, session = self.at_the_portal(seat, "/password", strict=strict)
        if session is None:
            return
        who, cookie, words = self.people[session.person], seat.browser.cookie("session"), self.fresh_words()
        typed = {"current": who.password or "", "password": words, "confirm": words}
        typed |= {"keep_others": "1"} if keep else {}
        answer = seat.browser.submit(page, None, form_with(page, "current"), **typed)
        assert answer.location == self.provider.issuer + "/", answer.dom.text
        if not keep:
            self.end_all(who, keep=session)
        self.new_password(who, words)
        assert self.start(seat, who, session.methods, cookie, grows=session) is session

    @rule(person=people)
    def get_a_new_password_elsewhere(self, person: str) -> None:
        self.tick()
        who, services, words = self.people[person], self.provider.services, self.fresh_words()
        services.directory.store_password(who.id, services.passwords.hash(words), detail={"purpose": "admin"})
        self.end_all(who)
        self.new_password(who, words)

    # -- admins, alarms and time --------------------------------------------------------------------------------------

    @rule(number=seats, person=people)
    def say_that_it_was_not_me(self, number: int, person: str) -> None:
        """A3: everything ends, and nobody gets in until there is a new password."""
        self.tick()
        seat, who, services = self.seats[number], self.people[person], self.provider.services
        token = not_me.make(services.sealer, who.id, "new_device", self.now)
        page = seat.browser.get(f"not-me/{token}")
        if not who.enabled:
            assert page.status == 404
            return
        assert (
            seat.browser.submit(page, form=next(n for n, f in enumerate(page.dom.forms) if "not-me" in f.action)).status
            == 200
        )
        self.end_all(who)
        self.new_password(who, None)
        if who.desk is not None:
            who.spent["desk"].append(who.desk[0])
            who.desk = None

    @rule(person=people, back=st.booleans())
    def turn_somebody_off(self, person: str, back: bool) -> None:
        """And maybe on again: what had ended stays ended."""
        self.tick()
        who = self.people[person]
        self.provider.services.directory.disable(who.id)
        self.end_all(who)
        who.enabled = back
        if back:
            self.provider.services.directory.enable(who.id)

    @precondition(lambda self: not all(one.enabled for one in self.people.values()))
    @rule()
    def let_everybody_in_again(self) -> None:
        self.tick()
        for who in self.people.values():
            self.provider.services.directory.enable(who.id)
            who.enabled = True

    @rule(seconds=st.sampled_from((31, 31, 310, 910, 3700)))
    def wait(self, seconds: int) -> None:
        self.clock.advance(seconds)

    # -- always -------------------------------------------------------------------------------------------------------

    @invariant()
    def nobody_is_signed_in_but_who_proved_it(self) -> None:
        for who in self.people.values():
            expected = {one.sid for one in self.sessions if one.person == who.name and one.stands(self.now)}
            assert {one.id for one in open_of(self.provider.services, who.id)} == expected

    @invariant()
    def everybody_is_who_they_are_and_has_shown_what_is_told(self) -> None:
        for seat in self.seats:
            self.come(seat, Tab(ALWAYS, self.now, "none"))

    @invariant()
    def what_was_issued_ends_with_its_session(self) -> None:
        for one in self.issued:
            about = self.provider.userinfo(one.token)
            works = one.session.stands(self.now) and self.now < one.until
            assert about.status == (200 if works else 401)
            assert not works or about.json["sub"] == self.people[one.session.person].id


def what_page(answer: Answer) -> str:
    """Which page of the sign-in it is."""
    if answer.status != 200:
        return str(answer.status)
    if answer.is_login_page:
        return "login"
    if answer.dom.find("button", name="account"):
        return "account"
    if any({"way", "code"} <= form.names() for form in answer.dom.forms):
        return "factor"
    return "enrol" if answer.dom.find("a", href="/security/totp") and "second step" in answer.dom.text else "other"


PROFILES = {"": (20, 30), "deep": (300, 80)}


@pytest.mark.slow
@pytest.mark.parametrize("personal", ["always", "never"])
def test_S58_X21_nobody_is_somebody_else_and_no_level_is_claimed_that_was_not_shown(
    template: Path, tmp_path_factory: pytest.TempPathFactory, personal: str
) -> None:
    memory = Path("/dev/shm")  # where there is one: what a disk takes for its syncs is not the question here
    base = Path(tempfile.mkdtemp(dir=memory)) if os.access(memory, os.W_OK) else tmp_path_factory.mktemp("houses")
    numbers = itertools.count()

    class OfThisRun(House):
        folders = staticmethod(lambda: base / str(next(numbers)))

    OfThisRun.template, OfThisRun.personal = template, personal
    examples, steps = PROFILES.get(os.environ.get("HYPOTHESIS_PROFILE", ""), PROFILES[""])
    try:
        run_state_machine_as_test(
            OfThisRun,
            settings=settings(
                max_examples=examples, stateful_step_count=steps, deadline=None, print_blob=True,
                report_multiple_bugs=False, suppress_health_check=list(HealthCheck),
            ),
        )  # fmt: skip
    finally:
        shutil.rmtree(base, ignore_errors=True)
