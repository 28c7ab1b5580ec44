"""P4, P6, S55, S56: whoever resets, changes, undoes and waits in whatever order, only a mailbox that is confirmed just
then opens the account, each mail once and in its time.

A model in plain Python says what each link, code and undoing must lead to.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from idp.accounts.recovery import contacts
from tests.backends import Clock
from tests.provider import PASSWORD, Answer, Provider
from tests.recovery.post import MAIL, Mail, collect

OWN, HOMES = "ann@example.com", ("ann@home.example", "ann@work.example")
LINK, CODE, UNDO = 1800, 600, 72 * 3600  # seconds: the defaults

picks = st.integers(0, 9)
seats = st.integers(0, 1)


@dataclass(eq=False)
class Letter:
    """A mail with a link and a code, as the model has it."""

    mail: Mail
    at: float
    stamp: int  # the password that it was made under
    seat: int
    is_spent: bool = False  # the code of its request


@dataclass(eq=False)
class Undo:
    """A change of the recovery address that can be taken back."""

    link: str
    before: str | None
    before_at: float | None  # when that was confirmed
    after: str | None
    is_own: bool  # mailed to the account's own address
    at: float
    is_void: bool = False


class Post(RuleBasedStateMachine):
    """One person, two browsers, three mailboxes."""

    folders: Callable[[], Path]
    template: Path  # set by the test

    def __init__(self) -> None:
        super().__init__()
        self.folder, self.clock = type(self).folders(), Clock()
        self.provider = Provider.open(
            self.folder, self.clock, self.template, server={"issuer": "https://login.example"}, mail=MAIL,
            recovery={"mails_per_hour": 20, "asks_per_network": 10000}, throttle={"failures": 50},
        )  # fmt: skip
        self.ann = self.provider.add_person("ann", email_verified=True)
        self.passwords, self.enabled, self.recovery = [PASSWORD], True, HOMES[0]
        self.confirmed_at, self.suspended = self.clock.now, False
        contacts.change(self.provider.services, self.ann, "email", HOMES[0], {})
        collect(self.provider)
        self.asked: list[tuple[float, int]] = []  # mails, for the cap
        self.letters: list[Letter] = []
        self.undos: list[Undo] = []
        self.browsers = [self.provider.browser("192.0.2.1"), self.provider.browser("192.0.2.2")]
        self.pages: list[Answer | None] = [None, None]
        self.newest: list[list[Letter]] = [[], []]
        self.tries = [0, 0]

    def teardown(self) -> None:
        self.provider.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    recovery: str | None

    @property
    def reached(self) -> set[str]:
        """The mailboxes that open the account now."""
        return {OWN, self.recovery} - {None} if not self.suspended else {OWN}  # type: ignore[return-value]

    def void(self, *, all_of_them: bool) -> None:
        """A new password, or the company's word."""
        for undo in self.undos:
            undo.is_void = undo.is_void or all_of_them or not undo.is_own

    def works(self, letter: Letter) -> bool:
        """Whether what this mail brought may open anything, its time apart."""
        return self.enabled and letter.stamp == len(self.passwords) and letter.mail.to in self.reached

    def choose(self, seat: int, page: Answer, letter: Letter) -> None:
        """Set the next password on the page of a link."""
        password = f"brand new phrase, number {len(self.passwords)}"
        done = self.browsers[seat].submit(page, password=password, confirm=password)
        assert done.location == self.provider.issuer + "/", done.dom.text
        self.passwords.append(password)
        self.void(all_of_them=letter.mail.to == OWN)
        collect(self.provider)

    # -- what happens --------------------------------------------------------------------------------------------------

    @rule(seat=seats, typed=st.sampled_from(("ann", "ann", "ann", OWN, *HOMES, "nobody")))
    def ask(self, seat: int, typed: str) -> None:
        self.clock.advance(1)
        browser = self.browsers[seat]
        self.pages[seat] = browser.submit(browser.get("help/password"), login=typed)
        self.tries[seat] = 0
        assert "Look at your mail" in self.pages[seat].dom.text  # type: ignore[union-attr]
        sent = collect(self.provider, "reset_password")
        is_ann = typed == "ann" or typed in self.reached
        expected = self.reached if is_ann and self.enabled else set()
        recent = [at for at, _ in self.asked if at > self.clock.now - 3600]
        if expected and len(recent) < 20:
            assert {mail.to for mail in sent} == expected
        else:
            assert not sent or len(recent) >= 20
        if is_ann and self.enabled:
            self.asked.append((self.clock.now, seat))
        self.newest[seat] = [Letter(mail, self.clock.now, len(self.passwords), seat) for mail in sent]
        self.letters += self.newest[seat]

    @precondition(lambda self: self.letters)
    @rule(seat=seats, pick=picks, use=st.booleans())
    def open_a_link(self, seat: int, pick: int, use: bool) -> None:
        letter = self.letters[-1 - pick % len(self.letters)]
        page = self.browsers[seat].get(letter.mail.link)
        works = self.works(letter) and self.clock.now < letter.at + LINK
        assert page.status == (200 if works else 404)
        if works and use:
            self.clock.advance(1)
            if self.clock.now < letter.at + LINK:
                self.choose(seat, page, letter)

    @precondition(lambda self: self.letters and any(self.pages))
    @rule(seat=seats, pick=picks, use=st.booleans())
    def type_a_code(self, seat: int, pick: int, use: bool) -> None:
        seat = seat if self.pages[seat] is not None else 1 - seat
        among = self.newest[seat] if self.newest[seat] and pick % 4 else self.letters  # the right one, as a rule
        page, letter = self.pages[seat], among[-1 - pick % len(among)]
        assert page is not None
        self.tries[seat] += 1
        is_here = letter in self.newest[seat] and not letter.is_spent and self.clock.now < letter.at + CODE
        answer = self.browsers[seat].submit(page, code=letter.mail.code)
        if not is_here or self.tries[seat] > 5:
            assert answer.status == 200
            return
        for one in self.newest[seat]:
            one.is_spent = True
        if letter.stamp != len(self.passwords):
            assert answer.status == 200
            return
        opened = self.browsers[seat].follow(answer)
        assert opened.status == (200 if self.works(letter) else 404)
        if use and opened.status == 200:
            self.choose(seat, opened, letter)

    @rule(value=st.sampled_from((None, *HOMES)))
    def change_the_recovery_address(self, value: str | None) -> None:
        self.clock.advance(1)
        contacts.change(self.provider.services, self.ann, "email", value, {})
        told = collect(self.provider, "recovery_address_changed")
        if value == self.recovery and not (self.recovery and self.suspended):
            assert not told
            return
        gone = {self.recovery} - {None, value}
        assert {mail.to for mail in told} == {OWN} | gone
        is_good = bool(gone) and not self.suspended
        before, before_at = (self.recovery, self.confirmed_at) if is_good else (None, None)
        for mail in told:
            has_link = mail.to == OWN or (is_good and self.confirmed_at <= self.clock.now - UNDO)
            assert ("recovery/undo" in mail.text) is has_link
            assert has_link or "/not-me/" not in mail.text
            if has_link:
                undo = Undo(mail.link, before, before_at, value, mail.to == OWN, self.clock.now)
                self.undos.append(undo)
        self.recovery, self.confirmed_at, self.suspended = value, self.clock.now, False

    @precondition(lambda self: self.undos)
    @rule(pick=picks, use=st.booleans())
    def undo(self, pick: int, use: bool) -> None:
        self.clock.advance(1)
        undo = self.undos[-1 - pick % len(self.undos)]
        stranger = self.provider.browser()
        page = stranger.get(undo.link)
        is_standing = undo.is_own or undo.after == self.recovery
        works = self.enabled and is_standing and not undo.is_void and self.clock.now < undo.at + UNDO
        assert page.status == (200 if works else 404)
        if works and use:
            assert stranger.submit(page, "undo").status == 200
            self.recovery, self.suspended = undo.before, False
            self.confirmed_at = undo.before_at if undo.is_own and undo.before_at else self.clock.now
            for other in self.undos:
                other.is_void = other.is_void or other.at >= undo.at
            collect(self.provider)

    @rule(on=st.sampled_from((True, True, True, False)))
    def disable_or_enable(self, on: bool) -> None:
        directory = self.provider.services.directory
        (directory.enable if on else directory.disable)(self.ann.id)
        self.enabled = on
        if not on:
            self.void(all_of_them=True)
            self.suspended = self.recovery is not None

    @rule(seconds=st.sampled_from((1, 300, 1200, 601, 1801, 72 * 3600)))
    def wait(self, seconds: int) -> None:
        self.clock.advance(seconds)

    # -- what must hold ------------------------------------------------------------------------------------------------

    @invariant()
    def the_recovery_address_is_the_one_of_the_model(self) -> None:
        found = contacts.of_person(self.provider.services, self.ann.id)
        assert [one.value for one in found.values()] == ([self.recovery] if self.recovery else [])
        assert all(one.is_good is not self.suspended for one in found.values())

    @invariant()
    def only_the_newest_password_belongs_to_the_account(self) -> None:
        services = self.provider.services
        stored = services.directory.find_credentials(self.ann.id)
        assert stored is not None
        for password in self.passwords[-2:]:
            is_newest = password == self.passwords[-1]
            assert services.passwords.verify(stored.password_hash, password).ok is is_newest


def test_P4_P6_S56_only_a_confirmed_mailbox_opens_the_account_whatever_happens(template: Path) -> None:
    deep = os.environ.get("HYPOTHESIS_PROFILE") == "deep"

    class Ready(Post):
        folders = staticmethod(lambda: Path(tempfile.mkdtemp()))

    Ready.template = template
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        Ready,
        settings=settings(
            max_examples=200 if deep else 12,
            stateful_step_count=40 if deep else 30,
            report_multiple_bugs=False,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
