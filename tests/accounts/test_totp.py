"""Authenticator apps: which codes are right, each of them once, and what a wrong one tells. F1, F2, S56, S65."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pyotp
import pytest

from idp.accounts import factors
from idp.accounts.factors import totp
from idp.accounts.person import Person
from tests.backends import Clock
from tests.phone import Phone, read_qr
from tests.provider import Provider
from tests.server import race

STEP = 30


def no_record(tx: Any, action: str, detail: Any) -> None:
    """For tests that look at no events."""


@pytest.fixture
def ann(provider: Provider, clock: Clock) -> Person:
    clock.now = clock.now // STEP * STEP + 10  # not at the edge of a step
    return provider.add_person("ann")


def enrol(provider: Provider, person: Person, clock: Clock, session: str = "s1", slow: float = 0.0) -> Phone:
    enrolment = totp.begin(provider.services, person, session)
    phone = Phone(enrolment.uri, clock, slow)
    assert totp.check(provider.services, person, enrolment, phone.code).ok
    assert totp.take(provider.services, person, session, enrolment)
    with provider.services.db.transaction() as tx:
        totp.keep(tx, provider.services, person, enrolment, phone.code, "My phone", no_record)
    clock.advance(STEP)  # the code that confirmed it is used up
    return phone


# -- what the phone is given ---------------------------------------------------------------------------------------


def test_F1_an_app_that_was_set_up_by_a_code_was_used_then(provider: Provider, ann: Person, clock: Clock) -> None:
    at = clock()
    enrol(provider, ann, clock)
    (factor,) = factors.list_of(provider.services.db, ann.id)
    assert factor.last_used_at == at


def test_F1_the_uri_names_company_and_account_and_a_seed_of_160_bits(
    open_provider: Callable[..., Provider], clock: Clock
) -> None:
    provider = open_provider(brand={"company": "Larkfield: Büro & Söhne"})
    person = provider.add_person("ann.bell@example.com", email=None)
    enrolment = totp.begin(provider.services, person, "s1")
    app = pyotp.parse_uri(enrolment.uri)
    assert isinstance(app, pyotp.TOTP)
    assert (app.issuer, app.name) == ("Larkfield Büro & Söhne", "ann.bell@example.com")
    assert (app.digits, app.interval, app.digest().name) == (6, 30, "sha1")
    assert len(app.byte_secret()) * 8 == 160
    assert enrolment.spaced.replace(" ", "").upper() == app.secret
    assert read_qr(enrolment.picture) == enrolment.uri


def test_F1_the_seed_stays_the_same_until_its_first_code_and_ends_after_a_quarter_of_an_hour(
    provider: Provider, ann: Person, clock: Clock
) -> None:
    first = totp.begin(provider.services, ann, "s1")
    assert totp.begin(provider.services, ann, "s1") == first
    assert totp.begin(provider.services, ann, "s2") != first
    clock.advance(totp.TTL + 1)
    assert totp.find_begun(provider.services, ann, "s1") is None
    assert totp.begin(provider.services, ann, "s1") != first


def test_S56_the_seed_is_sealed_wherever_it_lies(provider: Provider, ann: Person, clock: Clock) -> None:
    seed = totp.begin(provider.services, ann, "s1").seed
    kept = str(provider.services.state.get("totp:enrolment:s1"))
    enrol(provider, ann, clock)
    (factor,) = factors.list_of(provider.services.db, ann.id)
    for text in (kept, str(factor), repr(totp.begin(provider.services, ann, "s1"))):
        assert seed not in text


def test_F1_another_persons_seed_does_not_open(provider: Provider, ann: Person, clock: Clock) -> None:
    bob = provider.add_person("bob")
    totp.begin(provider.services, ann, "s1")
    assert totp.find_begun(provider.services, bob, "s1") is None


# -- which codes are right -----------------------------------------------------------------------------------------


@pytest.mark.spec("RFC6238 5.2")
@pytest.mark.parametrize(("slow", "ok"), [(0, True), (30, True), (-30, True), (60, False), (-60, False)])
def test_F1_a_code_of_the_step_before_and_after_is_taken(
    provider: Provider, ann: Person, clock: Clock, slow: float, ok: bool
) -> None:
    phone = enrol(provider, ann, clock)
    clock.advance(5 * STEP)
    phone.slow = slow
    assert totp.verify(provider.services, ann.id, phone.code).ok is ok


@pytest.mark.spec("RFC6238 5.2")
def test_S56_a_code_works_once(provider: Provider, ann: Person, clock: Clock) -> None:
    phone = enrol(provider, ann, clock)
    code = phone.code
    assert totp.verify(provider.services, ann.id, code).ok
    again = totp.verify(provider.services, ann.id, code)
    assert (again.ok, again.reused) == (False, True)
    clock.advance(STEP)
    assert totp.verify(provider.services, ann.id, code).reused  # it still fits the step before
    assert totp.verify(provider.services, ann.id, phone.code).ok


def test_S65_the_code_that_turned_it_on_signs_nobody_in(provider: Provider, ann: Person, clock: Clock) -> None:
    phone = enrol(provider, ann, clock)
    clock.advance(-STEP)
    assert totp.verify(provider.services, ann.id, phone.code).reused


@pytest.mark.parametrize("shown", ["{0} {1}", " {0}{1} ", "{0}-{1}", "{0}\u00a0{1}"])
def test_F1_a_code_is_read_as_apps_show_it(provider: Provider, ann: Person, clock: Clock, shown: str) -> None:
    code = enrol(provider, ann, clock).code
    assert totp.verify(provider.services, ann.id, shown.format(code[:3], code[3:])).ok


def test_F1_full_width_digits_are_digits(provider: Provider, ann: Person, clock: Clock) -> None:
    wide = "".join(chr(ord(c) + 0xFEE0) for c in enrol(provider, ann, clock).code)
    assert totp.verify(provider.services, ann.id, wide).ok


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "abcdef", "12345a", "٣٤٥٦٧٨", "1" * 5000, "\0" * 6])
def test_F1_what_is_no_code_is_none(provider: Provider, ann: Person, clock: Clock, typed: str) -> None:
    enrol(provider, ann, clock)
    assert not totp.is_code(typed)
    assert totp.verify(provider.services, ann.id, typed) == totp.Matched(False)


def test_F1_each_of_several_apps_will_do_and_each_counts_its_own_steps(
    provider: Provider, ann: Person, clock: Clock
) -> None:
    phones = [enrol(provider, ann, clock, f"s{n}") for n in range(3)]
    for phone in reversed(phones):
        assert totp.verify(provider.services, ann.id, phone.code).ok
    for phone in phones:
        assert totp.verify(provider.services, ann.id, phone.code).reused


def test_F1_a_stranger_has_no_use_for_anothers_code(provider: Provider, ann: Person, clock: Clock) -> None:
    bob = provider.add_person("bob")
    assert not totp.verify(provider.services, bob.id, enrol(provider, ann, clock).code).ok


# -- clocks that are wrong -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("slow", "steps"), [(240, -8), (300, -10), (-240, 8), (-300, 10), (60, -2), (330, None)])
def test_F2_a_code_within_ten_steps_tells_how_wrong_the_clock_is(
    provider: Provider, ann: Person, clock: Clock, slow: float, steps: int | None
) -> None:
    phone = enrol(provider, ann, clock)
    clock.advance(20 * STEP)
    phone.slow = slow
    assert totp.verify(provider.services, ann.id, phone.code) == totp.Matched(False, steps)


def test_F2_being_told_is_no_ticket_for_later(provider: Provider, ann: Person, clock: Clock) -> None:
    """Else each guess would have four times the chance: what is told "right in four minutes" must never be right."""
    phone = enrol(provider, ann, clock)
    phone.slow = -240
    guess = phone.code
    assert totp.verify(provider.services, ann.id, guess).steps == 8
    for _ in range(10):
        clock.advance(STEP)
        assert not totp.verify(provider.services, ann.id, guess).ok
    phone.slow = 0  # and the phone, put right, goes on
    assert totp.verify(provider.services, ann.id, phone.code).ok


# -- at once ---------------------------------------------------------------------------------------------------------


def test_S56_of_fifty_uses_of_one_code_one_counts(
    open_provider: Callable[..., Provider], database_url: str, clock: Clock
) -> None:
    provider = open_provider(storage={"database_url": database_url})
    clock.now = clock.now // STEP * STEP + 10
    ann = provider.add_person("ann")
    code = enrol(provider, ann, clock).code
    workers = [provider.services, provider.another().services]
    results = race([lambda s=workers[n % 2]: totp.verify(s, ann.id, code) for n in range(50)])  # type: ignore[misc]
    assert Counter((r.ok, r.reused) for r in results) == {(True, False): 1, (False, True): 49}


def test_F1_of_many_posts_of_one_page_one_enrols(provider: Provider, ann: Person, clock: Clock) -> None:
    enrolment = totp.begin(provider.services, ann, "s1")
    taken = race([lambda: totp.take(provider.services, ann, "s1", enrolment)] * 20)
    assert taken.count(True) == 1
