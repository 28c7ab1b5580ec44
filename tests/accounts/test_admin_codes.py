"""Codes that the help desk issues: an hour, once, with a reason, and a second pair of eyes where asked for. F6."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from idp.accounts.factors import admin_codes
from idp.accounts.factors.admin_codes import Issued, NotIssued
from idp.accounts.person import NoSuchPerson, Person
from idp.audit import Event, record
from tests.backends import Clock
from tests.provider import Provider
from tests.server import race

LOST = "lost her phone on a train"


def recorder(provider: Provider) -> Any:
    def write(tx: Any, action: str, detail: Any) -> None:
        record(tx, Event(action, actor="test", person_id=detail["person_id"], detail=detail), provider.clock())

    return write


def issue(provider: Provider, person: Person, **more: Any) -> Issued:
    return admin_codes.issue(provider.services, person.id, LOST, "cli:root", record=recorder(provider), **more)


def use(provider: Provider, person: Person, typed: str) -> Issued | None:
    return admin_codes.use(provider.services, person.id, typed, recorder(provider))


@pytest.fixture
def ann(provider: Provider) -> Person:
    return provider.add_person("ann")


def test_F6_a_code_works_once_within_its_hour(provider: Provider, ann: Person, clock: Clock) -> None:
    issued = issue(provider, ann)
    assert issued.expires_at == clock.now + 3600
    clock.advance(3599)
    assert admin_codes.is_ready(provider.services, ann.id)
    used = use(provider, ann, issued.code.lower())
    assert used is not None
    assert (used.reason, used.issued_by) == (LOST, "cli:root")
    assert use(provider, ann, issued.code) is None
    assert not admin_codes.is_ready(provider.services, ann.id)


def test_F6_a_code_that_ran_out_is_none(provider: Provider, ann: Person, clock: Clock) -> None:
    issued = issue(provider, ann, minutes=10)
    clock.advance(601)
    assert use(provider, ann, issued.code) is None
    assert not admin_codes.is_ready(provider.services, ann.id)


def test_F6_a_new_code_voids_the_one_before_and_codes_are_personal(provider: Provider, ann: Person) -> None:
    bob = provider.add_person("bob")
    first, bobs = issue(provider, ann), issue(provider, bob)
    second = issue(provider, ann)
    assert use(provider, ann, first.code) is None
    assert use(provider, ann, bobs.code) is None
    assert use(provider, ann, second.code) is not None
    assert use(provider, bob, bobs.code) is not None


def test_F6_who_issued_it_and_why_is_on_record_and_the_code_is_not(
    provider: Provider, ann: Person, clock: Clock
) -> None:
    issued = issue(provider, ann)
    clock.advance(1)
    use(provider, ann, issued.code)
    told = [e for e in provider.events() if e.action.startswith("admin_code:")]
    assert [e.action for e in told] == ["admin_code:issued", "admin_code:used"]
    for event in told:
        assert event.person_id == ann.id
        assert (event.detail["reason"], event.detail["issued_by"]) == (LOST, "cli:root")
    assert issued.code not in str(provider.events())
    assert issued.code.replace("-", "") not in str(provider.events())
    assert issued.code not in repr(issued)


def test_F6_a_code_costs_one_hash_to_try_and_is_stored_hashed(provider: Provider, ann: Person) -> None:
    issued, verifier = issue(provider, ann), provider.services.passwords
    bob = provider.add_person("bob")
    for person, typed in ((ann, "00000-00000"), (bob, issued.code), (ann, "nonsense"), (ann, issued.code)):
        before = verifier.hashes
        use(provider, person, typed)
        assert verifier.hashes - before == 1


@pytest.mark.parametrize(
    ("reason", "minutes", "said"),
    [("", None, "give the reason"), (" \n ", None, "give the reason"), ("x" * 401, None, "at most 400"),
     (LOST, 0, "1 to 1440 minutes"), (LOST, 1441, "1 to 1440 minutes")],
)  # fmt: skip
def test_F6_no_code_without_a_reason_or_for_a_week(
    provider: Provider, ann: Person, reason: str, minutes: int | None, said: str
) -> None:
    with pytest.raises(NotIssued, match=said):
        admin_codes.issue(provider.services, ann.id, reason, "cli:root", minutes)
    assert not admin_codes.is_ready(provider.services, ann.id)


def test_F6_somebody_who_is_shut_out_gets_none(provider: Provider, ann: Person) -> None:
    provider.services.directory.disable(ann.id)
    with pytest.raises(NotIssued, match="shut out"):
        issue(provider, ann)
    with pytest.raises(NoSuchPerson):
        admin_codes.issue(provider.services, "unobody", LOST, "cli:root")


# -- two pairs of eyes -----------------------------------------------------------------------------------------------


@pytest.fixture
def strict(open_provider: Callable[..., Provider]) -> Provider:
    """Where a second admin must agree."""
    return open_provider(admin_codes={"second_approver": True})


def test_F6_a_code_waits_for_a_second_admin_where_the_settings_say_so(strict: Provider, clock: Clock) -> None:
    ann, boss = strict.add_person("ann"), strict.add_person("boss", roles=("admin",))
    issued = issue(strict, ann)
    assert not admin_codes.is_ready(strict.services, ann.id)
    with pytest.raises(admin_codes.WaitsForApproval):
        use(strict, ann, issued.code)
    clock.advance(1)
    approved = admin_codes.approve(strict.services, ann.id, boss.id, recorder(strict))
    assert approved.approved_by == boss.id
    clock.advance(1)
    assert use(strict, ann, issued.code) is not None
    told = [e.detail["approved_by"] for e in strict.events() if e.action.startswith("admin_code:")]
    assert told == [None, boss.id, boss.id]


def test_F6_nobody_is_a_second_pair_of_eyes_for_themselves(strict: Provider) -> None:
    ann, boss = strict.add_person("ann"), strict.add_person("boss", roles=("admin",))
    admin_codes.issue(strict.services, ann.id, LOST, boss.id)
    for approver in (boss.id, ann.id):
        with pytest.raises(NotIssued, match="two people"):
            admin_codes.approve(strict.services, ann.id, approver)
    with pytest.raises(NotIssued, match="two people"):
        admin_codes.issue(strict.services, ann.id, LOST, boss.id, approved_by=boss.id)


def test_F6_what_is_used_or_approved_cannot_be_approved(strict: Provider) -> None:
    ann, boss = strict.add_person("ann"), strict.add_person("boss", roles=("admin",))
    with pytest.raises(NotIssued, match="no code that waits"):
        admin_codes.approve(strict.services, ann.id, boss.id)
    issue(strict, ann, approved_by=boss.id)
    with pytest.raises(NotIssued, match="approved already"):
        admin_codes.approve(strict.services, ann.id, strict.add_person("eve", roles=("admin",)).id)


# -- at once ---------------------------------------------------------------------------------------------------------


def test_S56_of_fifty_uses_of_one_code_one_counts(open_provider: Callable[..., Provider], database_url: str) -> None:
    provider = open_provider(
        storage={"database_url": database_url}, passwords={"memory_kib": 8192, "time_cost": 1, "queue": 512}
    )
    ann = provider.add_person("ann")
    code = issue(provider, ann).code
    workers = [provider, provider.another()]
    results = race([lambda p=workers[n % 2]: use(p, ann, code) for n in range(50)])  # type: ignore[misc]
    assert Counter(found is not None for found in results) == {True: 1, False: 49}


def test_F6_codes_that_ran_out_are_swept(provider: Provider, ann: Person, clock: Clock) -> None:
    issue(provider, ann)
    clock.advance(3600 + 86400 + 1)
    issued = issue(provider, ann)
    assert admin_codes.sweep(provider.services) == 1
    assert use(provider, ann, issued.code) is not None
