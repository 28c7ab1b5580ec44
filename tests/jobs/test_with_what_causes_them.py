"""A change and the jobs that tell of it stand or fall together, wherever in between a process dies.

Each case is a change of which somebody is told. The process dies once as it queues, and once as soon as it
has committed.
"""

from __future__ import annotations

import ast
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from idp import mail
from idp.accounts import cases, expiry, factors, links, own_address
from idp.accounts.directory import Directory
from idp.accounts.factors import admin_codes, backup_codes, totp
from idp.accounts.person import Person
from idp.accounts.recovery import contacts, undoing
from idp.admin import people
from idp.admin.actor import of_shell
from idp.cli import user_factors
from idp.login.authenticators import removal
from idp.protocols import Services
from tests.authenticator import Authenticator
from tests.backends import Clock
from tests.login.passkeys import add_passkey
from tests.phone import Phone, form_with
from tests.provider import PASSWORD, Answer, Browser, Provider
from tests.recovery.post import MAIL, collect

SOURCES = Path(__file__).parents[2] / "idp"
NEW = "another horse battery staple"
DAY = 86400.0


class Died(BaseException):
    """The process is gone: nothing of it catches this."""


@contextmanager
def dying(services: Services, when: str) -> Iterator[None]:
    """`queueing`: with the first job's row; `committed`: before anything after the commit that brings one."""

    def observe(sql: str) -> None:
        if sql.startswith("INSERT INTO jobs"):
            raise Died

    def wake() -> None:
        raise Died

    if when == "queueing":
        services.db.observer = observe
    else:
        services.jobs._wake = wake  # type: ignore[method-assign]
    try:
        with pytest.raises(Died):
            yield
    finally:
        services.db.observer = None
        services.jobs.__dict__.pop("_wake", None)


@dataclass
class World:
    """A provider that mails, and Ann, who is no newcomer."""

    provider: Provider
    clock: Clock
    ann: Person

    @property
    def services(self) -> Services:
        return self.provider.services

    def jobs(self) -> list[str]:
        return sorted(job.name for job in self.services.jobs.pending())

    def event(self, action: str) -> Callable[[], bool]:
        before = len(self.provider.events(action))
        return lambda: len(self.provider.events(action)) > before

    def signed_in(self) -> Browser:
        browser = self.provider.browser()
        browser.log_in(browser.get(""))
        self.forget()
        return browser

    def with_app(self) -> Phone:
        self.clock.now = self.clock.now // 30 * 30 + 5
        enrolment = totp.begin(self.services, self.ann, "test")
        phone = Phone(enrolment.uri, self.clock)
        with self.services.db.transaction() as tx:
            totp.keep(tx, self.services, self.ann, enrolment, phone.code, "Phone", nothing)
        self.clock.advance(30)
        return phone

    def forget(self) -> None:
        for job in self.services.jobs.pending():
            self.services.jobs.forget(job.id)


#: What is done, whether it stands, and which jobs tell of it.
Case = tuple[Callable[[], object], Callable[[], bool], list[str]]


def press(browser: Browser, page: Answer, button: str) -> Answer:
    """Press the button with that id, in whichever form it is."""
    (number,) = (n for n, form in enumerate(page.dom.forms) if button in [id for id, _, _ in form.buttons])
    return browser.submit(page, button, form=number)


def nothing(*_: Any) -> None:
    """A recorder that writes nothing."""


@pytest.fixture
def world(open_provider: Callable[..., Provider], clock: Clock) -> World:
    provider = open_provider(mail=MAIL, passwords={"expire_days": {"*": 90}})
    ann = provider.add_person("ann", email_verified=True)
    clock.advance(2 * DAY)
    return World(provider, clock, ann)


def own_password(world: World) -> Case:
    browser = world.signed_in()
    page = browser.get("password")
    values = {"current": PASSWORD, "password": NEW, "confirm": NEW}
    act = lambda: browser.submit(page, None, form=form_with(page, "current"), **values)  # noqa: E731
    return act, world.event("password:set"), ["mail"]


def password_by_link(world: World) -> Case:
    browser = world.provider.browser()
    page = browser.get(f"setup/{links.make(world.services.state, world.ann, 'reset')}")
    act = lambda: browser.submit(page, None, form=form_with(page, "confirm"), password=NEW, confirm=NEW)  # noqa: E731
    return act, world.event("password:set"), ["mail"]


def password_by_an_admin(world: World) -> Case:
    act = lambda: people.set_password(world.services, of_shell("test"), world.ann, NEW)  # noqa: E731
    before = world.ann.password_changed_at
    return act, lambda: world.services.directory.get(world.ann.id).password_changed_at != before, ["mail"]


def password_that_ran_out(world: World) -> Case:
    world.clock.advance(100 * DAY)
    browser = world.provider.browser()
    page = browser.log_in(browser.get(""))
    values = {"password": NEW, "confirm": NEW}
    act = lambda: browser.submit(page, None, form=form_with(page, "confirm"), **values)  # noqa: E731
    return act, world.event("password:set"), ["mail"]


def a_password_soon_runs_out(world: World) -> Case:
    world.clock.advance(80 * DAY)
    return lambda: expiry.tell_everybody(world.services), world.event("password:notice"), ["mail"]


def an_address(world: World) -> Case:
    def act() -> None:
        own_address.update(world.services, world.ann, merge={}, record=nothing, email="anna@example.com")

    get = world.services.directory.get
    return act, lambda: get(world.ann.id).email == "anna@example.com", ["mail", "mail"]


def an_app_added(world: World) -> Case:
    world.clock.now = world.clock.now // 30 * 30 + 5
    browser = world.signed_in()
    page = browser.get("security/totp")
    phone = Phone.scan(page, world.clock)
    act = lambda: browser.submit(page, None, form=form_with(page, "code"), code=phone.code)  # noqa: E731
    return act, world.event("factor:added"), ["mail"]


def a_passkey_added(world: World) -> Case:
    browser, device = world.signed_in(), Authenticator()
    return lambda: add_passkey(browser, device), world.event("factor:added"), ["mail"]


def a_factor_removed_by_its_owner(world: World) -> Case:
    phone = world.with_app()
    browser = world.provider.browser()
    browser.submit(browser.log_in(browser.get("")), code=phone.code)
    world.forget()
    (factor,) = factors.list_of(world.services.db, world.ann.id)
    page = browser.get(f"security/factor/{factor.id}")
    act = lambda: press(browser, page, "remove")  # noqa: E731
    return act, lambda: not factors.list_of(world.services.db, world.ann.id), ["mail"]


def a_factor_removed_by_an_admin(world: World) -> Case:
    world.with_app()
    (factor,) = factors.list_of(world.services.db, world.ann.id)
    act = lambda: user_factors._remove(world.services, world.ann, factor.id)  # noqa: E731
    return act, lambda: not factors.list_of(world.services.db, world.ann.id), ["mail"]


def new_backup_codes(world: World) -> Case:
    phone = world.with_app()
    browser = world.provider.browser()
    browser.submit(browser.log_in(browser.get("")), code=phone.code)
    world.forget()
    page = browser.get("security/codes")
    before = backup_codes.made_at(world.services.db, world.ann.id)
    act = lambda: press(browser, page, "make")  # noqa: E731
    return act, lambda: backup_codes.made_at(world.services.db, world.ann.id) != before, ["mail"]


def a_backup_code_used(world: World) -> Case:
    world.with_app()
    batch = backup_codes.make(world.services)
    with world.services.db.transaction() as tx:
        backup_codes.keep(tx, world.clock(), world.ann.id, batch, nothing)
    browser = world.provider.browser()
    page = browser.log_in(browser.get(""))
    data = dict(page.form.fields)
    act = lambda: browser.post("login/factor", {**data, "way": "backup", "code": batch.codes[0]})  # noqa: E731
    return act, lambda: backup_codes.left(world.services.db, world.ann.id) == 9, ["mail"]


def a_new_device(world: World) -> Case:
    browser = world.provider.browser()
    page = browser.get("")
    return lambda: browser.log_in(page), world.event("session:started"), ["mail"]


def a_code_of_the_help_desk(world: World) -> Case:
    act = lambda: admin_codes.issue(world.services, world.ann.id, "lost her phone", "cli:test")  # noqa: E731
    find = admin_codes.find_open
    return act, lambda: find(world.services.db, world.ann.id, world.clock()) is not None, ["mail"]


def a_recovery_address(world: World) -> Case:
    act = lambda: contacts.change(world.services, world.ann, "email", "ann@home.example", {})  # noqa: E731
    return act, lambda: bool(contacts.of_person(world.services, world.ann.id)), ["mail"]


def a_recovery_address_that_replaces_one(world: World) -> Case:
    contacts.change(world.services, world.ann, "email", "ann@home.example", {})
    world.forget()
    act = lambda: contacts.change(world.services, world.ann, "email", "ann@other.example", {})  # noqa: E731
    of = contacts.of_person
    return act, lambda: of(world.services, world.ann.id)["email"].value == "ann@other.example", ["mail", "mail"]


def a_recovery_address_taken_away(world: World) -> Case:
    contacts.change(world.services, world.ann, "email", "ann@home.example", {})
    world.forget()
    act = lambda: contacts.take_away(world.services, world.ann, "email")  # noqa: E731
    return act, lambda: not contacts.of_person(world.services, world.ann.id), ["mail", "mail"]


def a_recovery_address_undone(world: World) -> Case:
    contacts.change(world.services, world.ann, "email", "ann@home.example", {})
    (letter,) = collect(world.provider)
    token = letter.link.rpartition("/")[2]
    act = lambda: undoing.undo(world.services, token, {})  # noqa: E731
    return act, lambda: not contacts.of_person(world.services, world.ann.id), ["mail", "mail"]


def it_was_not_me(world: World) -> Case:
    browser = world.signed_in()
    page = browser.get("not-me")
    act = lambda: press(browser, page, "secure")  # noqa: E731
    return act, lambda: bool(cases.open_of(world.services.db, world.ann.id)), ["mail"]


CASES = (
    own_password, password_by_link, password_by_an_admin, password_that_ran_out, a_password_soon_runs_out, an_address,
    an_app_added, a_passkey_added, a_factor_removed_by_its_owner, a_factor_removed_by_an_admin, new_backup_codes,
    a_backup_code_used, a_new_device, a_code_of_the_help_desk, a_recovery_address, a_recovery_address_that_replaces_one,
    a_recovery_address_taken_away, a_recovery_address_undone, it_was_not_me,
)  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_a_change_and_its_mail_fall_together_where_the_process_dies_as_it_queues(
    world: World, case: Callable[[World], Case]
) -> None:
    act, stands, _ = case(world)
    world.forget()
    with dying(world.services, "queueing"):
        act()
    assert not stands()
    assert world.jobs() == []


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_a_change_and_its_mail_stand_together_where_the_process_dies_once_it_has_committed(
    world: World, case: Callable[[World], Case]
) -> None:
    act, stands, jobs = case(world)
    world.forget()
    with dying(world.services, "committed"):
        act()
    assert stands()
    assert world.jobs() == jobs


@pytest.mark.parametrize("when", ["queueing", "committed"])
def test_a_session_and_the_notices_of_its_sign_out_stand_or_fall_together(world: World, when: str) -> None:
    """Two applications are told, and the one that asked is reminded later."""
    uri = "https://crm.example/bye"
    asking, *others = (
        world.provider.add_client(name, backchannel_logout_uri=f"https://{name.lower()}.example/out",
                                  post_logout_redirect_uris=[uri])
        for name in ("CRM", "Desk", "Wiki")
    )  # fmt: skip
    browser = world.signed_in()
    hint = world.provider.tokens(asking, browser)["id_token"]
    for other in others:
        world.provider.tokens(other, browser)
    world.forget()
    with dying(world.services, when):
        browser.get(f"oauth/logout?id_token_hint={hint}&post_logout_redirect_uri={uri}")
    if when == "queueing":
        assert (world.event("session:ended")(), world.jobs()) == (False, [])
        assert not world.provider.events("session:ended")
        assert "code" in world.provider.authorize(browser, asking, prompt="none").sent
    else:
        assert len(world.provider.events("session:ended")) == 1
        assert world.jobs() == ["oidc.logout", "oidc.logout", "oidc.logout.reminder"]


def test_without_a_mail_server_the_failure_is_recorded_with_the_change(
    open_provider: Callable[..., Provider], clock: Clock
) -> None:
    """What could not be queued is on record when the change is, and not when the change is not."""
    provider = open_provider()
    ann = provider.add_person("ann")
    removed = contacts.take_away(provider.services, ann, "email")
    assert not removed
    admin_codes.issue(provider.services, ann.id, "lost her phone", "cli:test")
    (event,) = provider.events("mail:failed")
    assert event.detail["message"] == "admin_code_issued"

    def refuse(tx: Any, person: Person) -> None:
        mail.tell(provider.services, person, "password_changed", {"time": clock()}, tx=tx)
        raise ValueError("the change does not come about")

    directory: Directory = provider.services.directory
    with pytest.raises(ValueError, match="does not come about"):
        directory.store_password(ann.id, provider.services.passwords.hash(NEW), detail={}, told=refuse)
    assert len(provider.events("mail:failed")) == 1


def test_a_removal_that_is_refused_tells_nobody(world: World) -> None:
    told: list[object] = []
    outcome = removal.remove(world.services, world.ann, "unknown", nothing, lambda *about: told.append(about))
    assert (outcome.removed, told, world.jobs()) == (None, [], [])


def test_workers_are_woken_once_the_transaction_has_committed(world: World) -> None:
    """Sooner they would find nothing and rest for a second."""
    jobs, seen = world.services.jobs, []
    jobs._wake = lambda: seen.append(world.jobs())  # type: ignore[method-assign]
    with world.services.db.transaction() as tx:
        jobs.enqueue("mail", {}, tx=tx)
        assert seen == []
    assert seen == [["mail"]]

    def fail() -> None:
        with world.services.db.transaction() as tx:
            jobs.enqueue("mail", {}, tx=tx)
            raise ValueError("it does not come about")

    with pytest.raises(ValueError, match="does not come about"):
        fail()
    assert seen == [["mail"]]


_SCRIPT = """
import os, signal, sys
from pathlib import Path
from idp.opening import create_services
from tests.provider import make_settings
from idp.accounts.factors import admin_codes
services = create_services(make_settings(Path(sys.argv[1]), mail={"host": "mail.example"}))
services.jobs._wake = lambda: os.kill(os.getpid(), signal.SIGKILL)
admin_codes.issue(services, sys.argv[2], "lost her phone", "cli:test")
"""


def test_a_process_that_is_killed_right_after_the_commit_has_left_the_mail_behind(world: World) -> None:
    """kill -9 of a process of its own, which could do nothing more."""
    folder, root = world.provider.settings.data_dir, Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    ended = subprocess.run(
        [sys.executable, "-c", _SCRIPT, str(folder), world.ann.id], cwd=root, env=environment, capture_output=True,
        timeout=120, check=False,
    )  # fmt: skip
    assert ended.returncode == -signal.SIGKILL, ended.stderr.decode()
    assert admin_codes.find_open(world.services.db, world.ann.id, 0.0) is not None
    assert [letter.message for letter in collect(world.provider)] == ["admin_code_issued"]


#: Who queues a job without a change that causes it: what was asked for is itself the job, or stands in State.
WITHOUT_A_CHANGE = {
    "accounts/recovery/resets.py", "accounts/recovery/usernames.py", "accounts/recovery/confirming.py",
    "accounts/factors/sent_codes.py", "accounts/invitations.py", "admin/record_checks.py",
    "accounts/registering/asking.py",  # an ask changes nothing; the job that mails is tried again as a whole
    "admin/reviews/ending.py",  # goes on with reviews whose rows were there before; the background begins what is due
    "oidc/ciba.py", "oidc/decoupled/asking.py",  # the request, and what was said to it, stand in State
    "admin/batches/running.py",  # goes on with a batch whose row was there before; `resume` finds one without a job
}  # fmt: skip


def test_whoever_tells_of_a_change_passes_its_transaction() -> None:
    """Every call of `mail.tell`, `mail.tell_gone`, `mail.send` and `jobs.enqueue` in the source."""
    found, missing = 0, []
    for path in sorted(SOURCES.rglob("*.py")):
        for call in (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)):
            name = ast.unparse(call.func)
            if name in ("mail.tell", "mail.tell_gone", "mail.send") or name.endswith("jobs.enqueue"):
                found += 1
                where = str(path.relative_to(SOURCES))
                may_go_without = where in WITHOUT_A_CHANGE and name not in ("mail.tell", "mail.tell_gone")
                if "tx" not in {word.arg for word in call.keywords} and not may_go_without:
                    missing.append(f"{where}:{call.lineno} {name}")
    assert found > 20
    assert missing == []
