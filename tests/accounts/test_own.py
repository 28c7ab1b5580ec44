"""What a person keeps on their own pages, below the pages. A1, A2, A10."""

from __future__ import annotations

import pytest

from idp.accounts import notices
from idp.accounts.own import pins, verdicts
from idp.accounts.own.uses import MAX_WAITING, Uses
from idp.db import Database, Unavailable
from tests.backends import Clock
from tests.provider import Provider


@pytest.mark.parametrize(
    ("before", "client", "move", "after"),
    [
        ("", "a", "pin", "a"),
        ("a b", "c", "pin", "a b c"),
        ("a b", "a", "pin", "a b"),
        ("a b c", "b", "unpin", "a c"),
        ("a b c", "b", "up", "b a c"),
        ("a b c", "b", "down", "a c b"),
        ("a b c", "a", "up", "a b c"),
        ("a b c", "c", "down", "a b c"),
        ("a b c", "x", "up", "a b c"),
        ("a b c", "x", "unpin", "a b c"),
        ("a b c", "b", "sideways", "a b c"),
    ],
)
def test_A1_one_press_moves_one_app(before: str, client: str, move: str, after: str) -> None:
    assert pins.moved(before.split(), client, move) == after.split()


def test_A1_as_many_pins_as_anybody_wants_and_no_more(provider: Provider) -> None:
    pins.save(provider.services.db, "ann", [f"app{n}" for n in range(pins.MAX_PINS + 50)])
    assert len(pins.of(provider.services.db, "ann")) == pins.MAX_PINS


def test_A1_notes_of_uses_have_a_limit_and_a_store_that_is_down_costs_no_request(
    provider: Provider, clock: Clock
) -> None:
    class Down(Database):
        def transaction(self, durable: bool = True) -> object:  # type: ignore[override]
            raise Unavailable("down")

    uses = Uses(Down(provider.services.db.url))
    for number in range(MAX_WAITING + 10):
        uses.note("ann", f"app{number}", clock())
    assert len(uses.of("ann")) == MAX_WAITING
    with pytest.raises(Unavailable):
        uses.flush()
    assert uses.flush() == 0  # nobody's request waits for them, and nothing piles up


def test_A1_an_older_use_never_replaces_a_newer_one(provider: Provider, clock: Clock) -> None:
    first, second = provider.services.uses, provider.another().services.uses
    second.note("ann", "crm", clock() - 30)
    first.note("ann", "crm", clock())
    assert (first.flush(), second.flush()) == (1, 1)
    assert second.of("ann") == {"crm": clock()}


def test_A2_nobody_speaks_for_somebody_else(provider: Provider, clock: Clock) -> None:
    db = provider.services.db
    verdicts.say(db, "ann", "0" * 26, verdicts.ME, clock())
    verdicts.say(db, "eve", "0" * 26, verdicts.NOT_ME, clock())
    assert verdicts.of(db, "ann", ["0" * 26]) == {"0" * 26: verdicts.ME}
    assert verdicts.of(db, "eve", ["0" * 26]) == {}
    verdicts.say(db, "ann", "0" * 26, verdicts.NOT_ME, clock())
    assert verdicts.of(db, "ann", ["0" * 26]) == {"0" * 26: verdicts.NOT_ME}


def test_A10_a_store_that_is_down_costs_no_page_its_life(provider: Provider, clock: Clock) -> None:
    class Flaky(Database):
        is_down = False

        def all(self, expression: object, /, **params: object) -> list[object]:
            if self.is_down:
                raise Unavailable("down")
            return super().all(expression, **params)

    db = Flaky(provider.services.db.url)
    shown = notices.Notices(db, clock)
    notices.add(db, clock(), "Maintenance", "cli:test")
    assert [notice.text for notice in shown.shown("login")] == ["Maintenance"]
    db.is_down = True
    clock.advance(notices.STALE_AFTER)
    assert [notice.text for notice in shown.shown("login")] == ["Maintenance"]
    assert notices.Notices(db, clock).shown("launcher") == ()
