"""W1–W3, W5, S63: pauses after wrong passwords, by a clock that only the test moves."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.login.throttle import Account, Failure, Guesser, Pause, Throttle, address_range
from idp.state.memory import MemoryState
from tests.backends import Clock

HOME, OFFICE = "203.0.113.7", "198.51.100.20"
LAPTOP = "device-1"
PERSON = "uaaaaaaaaaaaaaaaaaaaaaaaaaa"


def as_account(account: Account | str) -> Account:
    """A person under the one name that they use here."""
    return Account(account, f"x{account}") if isinstance(account, str) else account


class Door:
    """One throttle with a clock of its own."""

    def __init__(self, **settings: Any) -> None:
        self.clock = Clock(1_800_000_000.0)
        self.state = MemoryState(self.clock)
        self.throttle = Throttle(self.state, b"k" * 32, **settings)
        self._typed = 0

    def wrong(
        self, account: Account | str = PERSON, device: str | None = None, address: str = HOME, password: str = ""
    ) -> Failure:
        """Type a password that was not typed before, or this one."""
        self._typed += 1
        typed = password or f"wrong {self._typed}"
        return self.throttle.failed(Guesser(as_account(account), device, address), typed, self.clock.now)

    def check(self, account: Account | str = PERSON, device: str | None = None, address: str = HOME) -> Pause | None:
        return self.throttle.check(Guesser(as_account(account), device, address), self.clock.now)

    def right(self, account: Account | str = PERSON, device: str | None = None, address: str = HOME) -> Pause | None:
        return self.throttle.succeeded(Guesser(as_account(account), device, address), self.clock.now)

    def fail_until_paused(
        self, account: Account | str = PERSON, device: str | None = None, address: str = HOME
    ) -> Pause:
        """Type wrong passwords until a pause begins."""
        for _ in range(200):
            pause = self.wrong(account, device, address).pause
            if pause is not None:
                return pause
        raise AssertionError("no pause ever began")

    def trips(self, call: Callable[[], object]) -> list[str]:
        """The state verbs that a call uses."""
        seen: list[str] = []
        self.state.observer = seen.append
        call()
        self.state.observer = None
        return seen


@pytest.fixture
def door() -> Door:
    return Door()


@pytest.mark.parametrize("device", [None, LAPTOP])
def test_W1_five_failures_pause_and_each_further_one_pauses_longer(door: Door, device: str | None) -> None:
    for number in range(1, 5):
        assert door.wrong(device=device) == Failure(None, number, False)
        assert door.check(device=device) is None
    for minutes in (1, 5, 15, 30, 30, 30):
        pause = door.wrong(device=device).pause
        assert pause == Pause(door.clock.now + minutes * 60, "device" if device else "address")
        door.clock.advance(minutes * 60 - 1)
        assert door.check(device=device) == pause
        door.clock.advance(1)
        assert door.check(device=device) is None


def test_W1_the_numbers_are_settings() -> None:
    door = Door(failures=3, pauses_minutes=(2, 4))
    assert [door.wrong().pause is None for _ in range(3)] == [True, True, False]
    door.clock.advance(120)
    assert door.wrong().pause == Pause(door.clock.now + 240, "address")


def test_W1_a_pause_holds_for_the_right_password_too(door: Door) -> None:
    pause = door.fail_until_paused()
    assert door.check() == pause
    assert door.right() == pause
    assert door.check() == pause


def test_S63_a_success_starts_the_count_anew(door: Door) -> None:
    for _ in range(10):
        for _ in range(4):
            assert door.wrong().pause is None
        assert door.right() is None
    assert door.wrong().failures == 1


def test_W1_failures_are_forgotten_after_a_day(door: Door) -> None:
    for _ in range(4):
        door.wrong()
    door.clock.advance(86_401)
    assert door.wrong().failures == 1


def test_W1_unknown_names_pause_just_as_existing_ones() -> None:
    """The same story told for somebody and for nobody gives the same answers with the same round trips."""
    stories = []
    for person_id in (PERSON, None):
        door = Door(max_consecutive=20)
        account = door.throttle.account(person_id, "anna@example.com")
        story: list[object] = []
        for step in range(40):
            seen: list[str] = []
            door.state.observer = seen.append
            story.append(door.check(account))
            story.append(door.wrong(account, password=f"wrong {step % 17}"))
            story.append(tuple(seen))
            door.clock.advance(70)
        stories.append(story)
    assert stories[0] == stories[1]


def test_W1_every_spelling_of_an_unknown_name_is_one_account(door: Door) -> None:
    account = door.throttle.account(None, "nobody@example.com")
    assert door.throttle.account(None, " NOBODY@example.com ") == account
    assert door.throttle.account(None, "nobody@example.org") != account


def test_S55_a_pause_under_one_name_does_not_tell_whose_other_name_is(door: Door) -> None:
    by_name, by_mail = door.throttle.account(PERSON, "anna"), door.throttle.account(PERSON, "anna@example.com")
    assert by_name.key == by_mail.key == PERSON
    door.fail_until_paused(by_name)
    assert door.check(by_name) is not None
    assert door.check(by_mail) is None  # as with two names that nobody has
    door.throttle.lift(PERSON, door.clock.now)
    assert door.check(by_name) is None


def test_S63_failures_in_a_row_are_counted_over_all_names_of_a_person(door: Door) -> None:
    for n in range(80):
        name = door.throttle.account(PERSON, f"spelling {n % 3}")
        pause = door.wrong(name, address=f"10.0.{n}.1").pause
    assert pause is not None
    assert pause.until is None  # until an admin unlocks


@given(st.text(max_size=2000))
def test_any_typed_text_makes_a_usable_account(login: str) -> None:
    door = Door()
    account = door.throttle.account(None, login)
    assert door.wrong(account, login or None, login, login).failures == 1
    assert door.check(account, login or None, login) is None


def test_nothing_that_was_typed_is_stored(door: Door) -> None:
    account = door.throttle.account(None, "my-secret-in-the-wrong-field")
    door.throttle.failed(Guesser(account, None, HOME), "my-almost-right-password", door.clock.now)
    kept = repr(door.state._entries)
    assert "secret" not in kept
    assert "almost" not in kept
    other = Throttle(MemoryState(door.clock), b"another key" * 3)
    assert other.account(None, "my-secret-in-the-wrong-field") != account


def test_W2_a_stranger_does_not_lock_out_the_person_on_their_own_device(door: Door) -> None:
    for step in range(300):
        door.wrong(address=f"192.0.{step % 256}.9")
    assert door.check(address="192.0.2.9") is not None
    assert door.check(address=HOME) == Pause(None, "address")  # all strangers wait for an admin
    assert door.check(device=LAPTOP, address="192.0.2.9") is None
    assert door.right(device=LAPTOP, address="192.0.2.9") is None


def test_W2_a_known_device_has_a_counter_of_its_own(door: Door) -> None:
    door.fail_until_paused(device=LAPTOP)
    assert door.check(device=LAPTOP) is not None
    assert door.check(device="device-2") is None
    assert door.check() is None


def test_W2_address_ranges_are_counted_apart(door: Door) -> None:
    door.fail_until_paused(address=HOME)
    assert door.check(address="203.0.113.250") is not None
    assert door.check(address=OFFICE) is None
    door.fail_until_paused(address="2001:db8:1:200::1")
    assert door.check(address="2001:db8:1:2ff:ffff::9") is not None
    assert door.check(address="2001:db8:1:300::1") is None


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("203.0.113.7", "203.0.113.0/24"),
        ("::ffff:203.0.113.7", "203.0.113.0/24"),
        ("2001:db8:1:2ff::1", "2001:db8:1:200::/56"),
        ("fe80::1%eth0", "fe80::/56"),
        ("", "unknown"),
        ("unix:", "unknown"),
    ],
)
def test_an_address_stands_for_its_range(address: str, expected: str) -> None:
    assert address_range(address) == expected


def test_W2_the_same_wrong_password_typed_again_does_not_count(door: Door) -> None:
    assert door.wrong(password="Sommer2025").failures == 1
    for again in ("Sommer2025", " Sommer2025\n", "Sommer2025"):
        assert door.wrong(password=again) == Failure(None, 1, False)
    assert door.wrong(password="Zoë").failures == 2
    assert door.wrong(password="Zoe\u0308").failures == 2
    assert door.wrong(device=LAPTOP, password="Sommer2025").failures == 1
    door.clock.advance(3601)
    assert door.wrong(password="Sommer2025").failures == 3


def test_S63_a_hundred_failures_in_a_row_stop_an_account_until_it_is_unlocked(door: Door) -> None:
    """Over all lanes together, however slowly: 80 by strangers and 20 by known devices."""
    counted = {"address": 0, "device": 0}
    for day in range(25):
        for device, address in ((None, f"10.0.{day}.1"), (LAPTOP, HOME)):
            for _ in range(4):
                if door.check(device=device, address=address) is None:
                    door.wrong(device=device, address=address)
                    counted["device" if device else "address"] += 1
        door.clock.advance(86_401)
    assert counted == {"address": 80, "device": 20}
    for device in (None, LAPTOP):
        pause = door.check(device=device)
        assert pause is not None
        assert pause.until is None
        assert door.right(device=device) == pause
    door.clock.advance(60 * 86_400)
    assert door.check() == Pause(None, "address")
    door.throttle.lift(PERSON, door.clock.now)
    assert door.check() is None
    assert door.check(device=LAPTOP) is None


def test_S63_a_success_ends_the_failures_in_a_row(door: Door) -> None:
    for round_ in range(10):
        for n in range(20):
            assert door.wrong(address=f"10.{round_}.{n}.1").pause is None
        assert door.right(device=LAPTOP) is None
    assert door.check() is None


@pytest.mark.parametrize("account", [PERSON, "xunknown"])
def test_W3_lifting_ends_every_pause_in_all_lanes_at_once(door: Door, account: str) -> None:
    for address in (HOME, OFFICE):
        door.fail_until_paused(account, address=address)
    door.fail_until_paused(account, device=LAPTOP)
    assert door.trips(lambda: door.throttle.lift(account, door.clock.now)) == ["put"]
    for device, address in ((None, HOME), (None, OFFICE), (LAPTOP, HOME)):
        assert door.check(account, device, address) is None
    assert door.wrong(account).failures == 1  # and the count starts anew


def test_W3_lifting_one_account_leaves_the_others(door: Door) -> None:
    door.fail_until_paused()
    door.fail_until_paused("ubob")
    door.throttle.lift("ubob", door.clock.now)
    assert door.check() is not None
    assert door.check("ubob") is None


def test_W5_many_names_from_one_range_slow_the_range_and_raise_one_alarm(door: Door) -> None:
    names = [door.throttle.account(None, f"name {n}") for n in range(40)]
    alarms = [door.wrong(name).alarm for name in names[:30]]
    assert alarms == [False] * 29 + [True]
    pause = door.check("uanybody")
    assert pause == Pause(door.clock.now + 60, "range")
    assert door.check("uanybody", address=OFFICE) is None
    assert door.check("uanybody", device=LAPTOP) is None
    door.clock.advance(60)
    assert door.check("uanybody") is None
    after = door.wrong(names[30])
    assert after == Failure(Pause(door.clock.now + 300, "range"), 1, False)


def test_W5_one_name_failing_often_does_not_slow_its_neighbours(door: Door) -> None:
    for _ in range(40):
        door.wrong()
    assert door.check("ubob") is None


def test_W3_an_unlocked_person_is_not_held_up_by_the_range(door: Door) -> None:
    for n in range(30):
        door.wrong(door.throttle.account(None, f"name {n}"))
    assert door.check() is not None
    door.throttle.lift(PERSON, door.clock.now)
    assert door.check() is None


def test_the_decision_before_the_hash_is_one_round_trip_for_a_known_device(door: Door) -> None:
    assert door.trips(lambda: door.check(device=LAPTOP)) == ["get"]
    assert door.trips(door.check) == ["get", "get", "get"]
    assert door.trips(lambda: door.right(device=LAPTOP)) == ["get"]
    assert door.trips(door.right) == ["get"]
    door.wrong()
    assert len(door.trips(door.check)) == 3
    assert len(door.trips(door.wrong)) <= 6


def test_S63_guesses_sent_in_parallel_gain_nothing(door: Door) -> None:
    """All pass the check before one has failed; the right one among them comes too late all the same."""
    with ThreadPoolExecutor(8) as pool:
        checks = list(pool.map(lambda _: door.check(), range(32)))
        assert checks == [None] * 32
        who = Guesser(as_account(PERSON), None, HOME)
        failures = list(pool.map(lambda n: door.throttle.failed(who, f"guess {n}", door.clock.now), range(32)))
    assert sorted(f.failures for f in failures) == list(range(1, 33))
    assert door.right() is not None


def test_S63_past_the_budget_a_wrong_guess_is_told_nothing(door: Door) -> None:
    """One that passed the check before the pause began: late, whether it is new or was sent twice."""
    first = [door.wrong(password=f"guess {n}") for n in range(5)]
    assert [failure.late for failure in first] == [False] * 5
    pause = first[-1].pause
    for password in ("guess 7", "guess 1", "guess 7"):
        failure = door.wrong(password=password)
        assert (failure.late, failure.pause) == (True, pause)
    door.clock.advance(60)
    assert not door.wrong().late
