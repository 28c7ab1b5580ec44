"""N6, P6, A3: whatever a thief plants at an account, its owner gets them out and keeps them out.

The thief had a session with a fresh proof once, and reads the mail of the addresses that they planted. The owner reads
the mail of the account's own address. Both do what they can in any order; then the owner does one thing that ends it.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from idp.accounts.person import Person
from idp.accounts.recovery import contacts, resets
from tests.backends import Clock
from tests.provider import PASSWORD, Browser, Provider
from tests.recovery.post import MAIL, collect

OWN, HOME = "ann@example.com", "ann@home.example"
PLANTED = ("thief@evil.example", "thief@other.example")
HOUR, DAY = 3600.0, 86400.0
LINK = re.compile(r"https://login\.example/((?:setup|recovery/undo|not-me)/\S+)")


class Boxes:
    """The mailboxes of two people, and what each can do with the links in them."""

    def __init__(self, provider: Provider, ann: Person) -> None:
        self.provider, self.ann = provider, ann
        self.links: dict[str, list[str]] = {}

    def fetch(self) -> None:
        for mail in collect(self.provider):
            self.links.setdefault(mail.to, []).extend(LINK.findall(mail.text))

    def of_thief(self, kind: str) -> list[str]:
        return [link for box in PLANTED for link in self.links.get(box, []) if link.startswith(kind)]

    def of_owner(self, kind: str) -> list[str]:
        return [link for link in self.links.get(OWN, []) if link.startswith(kind)]

    def press(self, link: str) -> bool:
        """Open a link and press its button; answers whether it did anything."""
        browser = self.provider.browser()
        page = browser.get(link)
        if page.status != 200 or (link.startswith("not-me") and 'id="secure"' not in page.text):
            return False  # for the second time it says only that it is done
        if link.startswith("setup"):
            return browser.submit(
                page, password=f"a new phrase {link[-12:]}", confirm=f"a new phrase {link[-12:]}"
            ).is_redirect
        return browser.submit(page, "secure" if link.startswith("not-me") else "undo").status == 200

    def reset(self, typed: str) -> None:
        browser = self.provider.browser(f"192.0.2.{len(self.links) + 1}")
        browser.submit(browser.get("help/password"), login=typed)
        self.fetch()


@pytest.fixture
def boxes(provider: Provider, ann: Person) -> Boxes:
    contacts.change(provider.services, ann, "email", HOME, {})
    collect(provider)
    return Boxes(provider, ann)


def plant(boxes: Boxes, address: str = PLANTED[0]) -> None:
    """What somebody at an open screen with a fresh proof does."""
    contacts.change(boxes.provider.services, boxes.ann, "email", address, {})
    boxes.fetch()


def remove(boxes: Boxes) -> None:
    contacts.change(boxes.provider.services, boxes.ann, "email", None, {})
    boxes.fetch()


def not_me(boxes: Boxes) -> None:
    assert boxes.press(boxes.of_owner("not-me")[-1])
    boxes.fetch()


def reset_by_admin(boxes: Boxes) -> None:
    boxes.provider.services.directory.restrict(boxes.ann.id)  # what `doorward user password` does in each form
    resets.send_link(boxes.provider.services, boxes.ann)
    boxes.fetch()


def disable(boxes: Boxes) -> None:
    boxes.provider.services.directory.disable(boxes.ann.id)
    boxes.fetch()


def thief_gets_in(boxes: Boxes) -> str:
    """Everything that the thief can still try; answers what worked, '' for nothing."""
    for address in (*PLANTED, "ann"):
        boxes.reset(address)
    for kind in ("recovery/undo", "setup"):
        for link in boxes.of_thief(kind):
            if boxes.press(link):
                return link
    return ""


ENDS = (not_me, reset_by_admin, disable)


@pytest.mark.parametrize("end", ENDS, ids=lambda end: end.__name__)
@pytest.mark.parametrize("age", [0.0, 4 * DAY, 30 * DAY], ids=["now", "4 days", "30 days"])
def test_n6_a_planted_address_of_any_age_is_out(
    boxes: Boxes, clock: Clock, age: float, end: Callable[[Boxes], None]
) -> None:
    plant(boxes)
    clock.advance(age)
    boxes.reset(PLANTED[0])  # a link is in the thief's box already
    contacts.change(boxes.provider.services, boxes.ann, "phone", "+491701234567", {})  # some security mail to come by
    boxes.fetch()
    end(boxes)
    if end is disable:
        assert not thief_gets_in(boxes)
        boxes.provider.services.directory.enable(boxes.ann.id)
    assert not thief_gets_in(boxes)
    found = contacts.of_person(boxes.provider.services, boxes.ann.id)
    assert not any(one.is_good for one in found.values())


@pytest.mark.parametrize("age", [0.0, 71 * HOUR, 73 * HOUR, 30 * DAY])
def test_n6_a_removed_address_is_offered_the_undo_only_if_it_is_older_than_the_window(
    boxes: Boxes, clock: Clock, age: float
) -> None:
    plant(boxes)
    clock.advance(age)
    remove(boxes)
    assert bool(boxes.of_thief("recovery/undo")) is (age > 72 * HOUR)
    assert bool(boxes.of_thief("not-me")) is (age > 72 * HOUR)


def a_new_password_knowing_the_old(boxes: Boxes) -> None:
    browser = boxes.provider.browser()
    browser.log_in(browser.get("password"))
    page = browser.get("password")
    browser.submit(page, current=PASSWORD, password="a much better phrase", confirm="a much better phrase")


def an_address_in_its_place(boxes: Boxes) -> None:
    plant(boxes, HOME)


def a_reset_by_the_own_address(boxes: Boxes) -> None:
    boxes.reset("ann")
    assert boxes.press(boxes.of_owner("setup")[-1])


@pytest.mark.parametrize(
    "then", [a_new_password_knowing_the_old, an_address_in_its_place, a_reset_by_the_own_address, *ENDS],
    ids=lambda then: then.__name__,
)  # fmt: skip
def test_n6_the_undo_of_an_old_planted_address_ends_with_what_the_owner_does_next(
    boxes: Boxes, clock: Clock, then: Callable[[Boxes], None]
) -> None:
    plant(boxes)
    clock.advance(30 * DAY)
    remove(boxes)
    (link,) = boxes.of_thief("recovery/undo")
    assert boxes.provider.browser().get(link).status == 200
    then(boxes)
    assert boxes.provider.browser().get(link).status == 404


def test_n6_an_address_puts_itself_back_once_and_not_for_ever(boxes: Boxes, clock: Clock) -> None:
    plant(boxes)
    clock.advance(30 * DAY)
    remove(boxes)
    assert boxes.press(boxes.of_thief("recovery/undo")[-1])
    remove(boxes)
    assert not boxes.press(boxes.of_thief("recovery/undo")[-1])


def test_n6_the_thief_takes_nothing_from_the_owners_own_undo(boxes: Boxes, clock: Clock) -> None:
    clock.advance(30 * DAY)
    plant(boxes)
    own = boxes.of_owner("recovery/undo")[-1]
    boxes.reset(PLANTED[0])
    assert boxes.press(boxes.of_thief("setup")[-1])  # the password is the thief's
    plant(boxes, PLANTED[1])
    assert boxes.press(own)
    assert contacts.of_person(boxes.provider.services, boxes.ann.id)["email"].value == HOME


def test_n6_what_was_suspended_helps_again_once_the_owner_confirms_it(
    boxes: Boxes, browser: Browser, provider: Provider
) -> None:
    provider.services.directory.restrict(boxes.ann.id)
    browser.log_in(browser.get("security/recovery"))
    page = browser.get("security/recovery")
    assert "until you confirm it anew" in page.dom.text
    browser.submit(page, "anew", kind="email")
    (mail,) = collect(provider, "confirm_address")
    assert mail.to == HOME
    page = browser.get("security/recovery")
    browser.submit(page, "confirm", code=mail.code)
    assert contacts.addresses(provider.services, boxes.ann) == (OWN, HOME)


def test_n6_p6_removing_a_suspended_address_offers_nobody_to_put_it_back_as_good(boxes: Boxes, clock: Clock) -> None:
    plant(boxes)
    clock.advance(30 * DAY)
    boxes.provider.services.directory.restrict(boxes.ann.id)
    remove(boxes)
    assert not boxes.of_thief("recovery/undo")
    boxes.press(boxes.of_owner("recovery/undo")[-1])
    assert contacts.addresses(boxes.provider.services, boxes.ann) == (OWN,)


def test_n6_an_admins_change_of_the_address_ends_links_and_undos_of_the_old_one(boxes: Boxes) -> None:
    services = boxes.provider.services
    plant(boxes)
    boxes.reset("ann")
    undo, link = boxes.of_owner("recovery/undo")[-1], boxes.of_owner("setup")[-1]
    services.directory.update(boxes.ann.id, email="ann.new@example.com")
    browser = boxes.provider.browser()
    assert [browser.get(one).status for one in (undo, link)] == [404, 404]


class Struggle(RuleBasedStateMachine):
    """Thief and owner in any order; `teardown` lets the owner end it, and the thief try everything."""

    template: Path  # set by the test

    def __init__(self) -> None:
        super().__init__()
        self.folder, self.clock = Path(tempfile.mkdtemp()), Clock()
        self.provider = Provider.open(
            self.folder, self.clock, self.template, server={"issuer": "https://login.example"}, mail=MAIL,
            recovery={"mails_per_hour": 20, "asks_per_network": 10000}, throttle={"failures": 50},
        )  # fmt: skip
        self.boxes = Boxes(self.provider, self.provider.add_person("ann"))
        contacts.change(self.provider.services, self.boxes.ann, "email", HOME, {})
        self.boxes.fetch()
        self.end: Callable[[Boxes], None] = not_me
        self.is_in = True  # the thief's session lives until the owner ends it

    @rule(address=st.sampled_from((*PLANTED, HOME, None)))
    def the_contact_is_changed(self, address: str | None) -> None:
        contacts.change(self.provider.services, self.boxes.ann, "email", address, {})
        self.boxes.fetch()

    @rule(kind=st.sampled_from(("recovery/undo", "setup", "not-me")), thief=st.booleans())
    def a_link_is_used(self, kind: str, thief: bool) -> None:
        links = self.boxes.of_thief(kind) if thief else self.boxes.of_owner(kind)
        if links:
            self.clock.advance(1)
            self.boxes.press(links[-1])
            self.boxes.fetch()

    @rule(typed=st.sampled_from((*PLANTED, "ann")))
    def a_new_password_is_asked_for(self, typed: str) -> None:
        self.boxes.reset(typed)

    @rule(hours=st.sampled_from((1, 71, 74, 24 * 9)))
    def time_goes_by(self, hours: int) -> None:
        self.clock.advance(hours * HOUR)

    @rule(end=st.sampled_from((reset_by_admin, disable)))
    def the_owner_will_end_it_by(self, end: Callable[[Boxes], None]) -> None:
        self.end = end

    def teardown(self) -> None:
        try:
            person = self.provider.services.directory.get(self.boxes.ann.id)
            if self.end is not_me:
                contacts.change(self.provider.services, person, "phone", f"+49170{int(self.clock.now)}"[:14], {})
                self.boxes.fetch()  # a security mail: it has a link for "not me"
            self.end(self.boxes)
            if self.end is disable:
                self.provider.services.directory.enable(self.boxes.ann.id)
            assert not thief_gets_in(self.boxes)
            self.clock.advance(4 * HOUR)  # past the cap of mails
            self.boxes.reset("ann")
            assert self.boxes.press(self.boxes.of_owner("setup")[-1])  # and the owner is back
            assert not thief_gets_in(self.boxes)
        finally:
            self.provider.close()
            shutil.rmtree(self.folder, ignore_errors=True)


def test_n6_the_owner_always_wins(template: Path) -> None:
    deep = os.environ.get("HYPOTHESIS_PROFILE") == "deep"

    class Ready(Struggle):
        pass

    Ready.template = template
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        Ready,
        settings=settings(
            max_examples=200 if deep else 12, stateful_step_count=15, report_multiple_bugs=False, deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip
