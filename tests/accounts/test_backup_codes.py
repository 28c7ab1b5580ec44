"""Ten codes on paper: hashed, once, one hash for each try. F5, S56, S65."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from idp.accounts.factors import backup_codes, codes
from idp.accounts.person import Person
from tests.provider import Provider
from tests.server import race


def no_record(tx: Any, action: str, detail: Any) -> None:
    """For tests that look at no events."""


def make(provider: Provider, person: Person, record: Any = no_record) -> list[str]:
    batch = backup_codes.make(provider.services)
    with provider.services.db.transaction() as tx:
        backup_codes.keep(tx, provider.services.clock(), person.id, batch, record)
    return batch.shown


def use(provider: Provider, person: Person, typed: str) -> int | None:
    return backup_codes.use(provider.services, person.id, typed, no_record)


@pytest.fixture
def ann(provider: Provider) -> Person:
    return provider.add_person("ann")


def test_F5_there_are_ten_and_each_works_once(provider: Provider, ann: Person) -> None:
    printed = make(provider, ann)
    assert len(set(printed)) == 10
    assert [use(provider, ann, code) for code in printed] == list(range(9, -1, -1))
    assert {use(provider, ann, code) for code in printed} == {None}
    assert backup_codes.left(provider.services.db, ann.id) == 0


def test_S56_codes_are_random_and_hashed_like_passwords(provider: Provider, ann: Person) -> None:
    printed = [codes.read(code) for code in make(provider, ann)]
    rest = [code[1:] for code in printed]  # behind the slot: 9 characters of 5 bits
    assert [code[0] for code in printed] == list("0123456789")
    assert len(set(rest)) == 10
    path = Path(provider.settings.database_url.removeprefix("sqlite:///"))
    with sqlite3.connect(path) as db:
        hashes = [row[0] for row in db.execute("SELECT code_hash FROM backup_codes")]
        dump = "\n".join(db.iterdump())
    assert all(stored.startswith("$argon2id$") for stored in hashes)
    assert not any(code in dump or codes.spaced(code) in dump for code in printed)


def test_F5_one_hash_is_computed_for_a_try_whatever_is_typed(provider: Provider, ann: Person) -> None:
    printed = make(provider, ann)
    bob, verifier = provider.add_person("bob"), provider.services.passwords
    spent = printed[0]
    use(provider, ann, spent)
    for person, typed in (
        (ann, printed[5]), (ann, "5" + printed[6][1:]), (ann, spent), (ann, "no code at all"), (bob, printed[7]),
    ):  # fmt: skip
        before = verifier.hashes
        use(provider, person, typed)
        assert verifier.hashes - before == 1


@pytest.mark.parametrize(
    "alter", [str.lower, lambda c: c.replace("-", " "), lambda c: c.replace("-", ""), "  {}  ".format]
)
def test_F5_a_code_is_read_as_it_was_written_down(provider: Provider, ann: Person, alter: Callable[[str], str]) -> None:
    assert use(provider, ann, alter(make(provider, ann)[3])) == 9


def test_F5_letters_that_look_like_digits_are_read_as_those() -> None:
    assert codes.read("olI00-ABCDE") == "01100ABCDE"
    assert codes.read("U1100-ABCDE") == ""
    assert not set("ILOU") & set(codes.ALPHABET)


@pytest.mark.parametrize("typed", ["", "1", "0" * 9, "0" * 11, "\0" * 10, "é" * 10, "x" * 100_000])
def test_F5_what_is_no_code_is_none(provider: Provider, ann: Person, typed: str) -> None:
    make(provider, ann)
    assert use(provider, ann, typed) is None


def test_F5_new_codes_void_the_old_ones_and_nobody_elses(provider: Provider, ann: Person) -> None:
    bob = provider.add_person("bob")
    old, bobs = make(provider, ann), make(provider, bob)
    new = make(provider, ann)
    assert use(provider, ann, old[0]) is None
    assert use(provider, ann, bobs[0]) is None
    assert use(provider, ann, new[0]) == 9
    assert use(provider, bob, bobs[0]) == 9


def test_F5_making_and_using_codes_is_recorded_without_them(provider: Provider, ann: Person) -> None:
    told: list[tuple[str, dict[str, Any]]] = []

    def record(tx: Any, action: str, detail: Any) -> None:
        told.append((action, dict(detail)))

    printed = make(provider, ann, record)
    backup_codes.use(provider.services, ann.id, printed[2], record)
    backup_codes.use(provider.services, ann.id, printed[2], record)
    assert told == [
        ("backup_codes:made", {"person_id": ann.id, "codes": 10, "replaced": 0}),
        ("backup_codes:used", {"person_id": ann.id, "slot": "2", "left": 9}),
    ]


@pytest.mark.spec("SP800-63B-4 3.1.2.2")
def test_S56_of_fifty_uses_of_one_code_one_counts(open_provider: Callable[..., Provider], database_url: str) -> None:
    provider = open_provider(
        storage={"database_url": database_url}, passwords={"memory_kib": 8192, "time_cost": 1, "queue": 512}
    )
    ann = provider.add_person("ann")
    code = make(provider, ann)[4]
    workers = [provider, provider.another()]
    results = race([lambda p=workers[n % 2]: use(p, ann, code) for n in range(50)])  # type: ignore[misc]
    assert Counter(results) == {9: 1, None: 49}
