"""C3 meets U5: an envelope makes nobody a second owner, whoever can read it, and whatever of it they take."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from idp.accounts import roles
from idp.accounts.person import Person
from idp.accounts.roles import RoleGrant
from idp.admin import turning_off
from idp.admin.actor import Actor, NotAllowed
from idp.admin.approving import deciding
from idp.admin.approving.asking import Waits
from idp.admin.break_glass import keeping
from idp.admin.break_glass.keeping import Secrets
from idp.config.admin import SECOND_OWNER
from tests.admin.test_break_glass import SHELL, boss
from tests.admin.test_second_owner import again, waits
from tests.provider import Provider

DAY = 86400.0
Open = Callable[..., Provider]


def opened(open_provider: Open, *named: str) -> Provider:
    return open_provider(admin={"second_factor": False, "second_owner": list(named)}, mail={"host": "mail.example"})


def itself(provider: Provider, made: Secrets) -> Actor:
    return again(provider, made.person.id)


def is_on(provider: Provider, person: Person) -> bool:
    return provider.services.directory.get(person.id).enabled


@pytest.mark.parametrize("named", SECOND_OWNER)
def test_C3_U5_where_anything_takes_two_owners_the_console_shows_nobody_an_envelope(
    open_provider: Open, named: str
) -> None:
    provider = opened(open_provider, named)
    made, (_, owner) = keeping.make(provider.services, SHELL, "emergency"), boss(provider)
    for run in (
        lambda: keeping.renew(provider.services, owner, made.person.id),
        lambda: keeping.make(provider.services, owner, "another"),
    ):
        with pytest.raises(NotAllowed, match=r"takes two owners here.*on the machine"):
            run()
    stored = provider.services.directory.find_credentials(made.person.id)
    assert stored is not None
    assert provider.services.passwords.verify(stored.password_hash, made.password).ok


def test_C3_U5_on_the_machine_it_is_renewed_and_every_owner_hears_of_it(open_provider: Open) -> None:
    provider = opened(open_provider, "key:promote")
    made = keeping.make(provider.services, SHELL, "emergency")
    assert keeping.renew(provider.services, SHELL, made.person.id).password != made.password
    assert [one.detail["verb"] for one in provider.events("approval:bypassed")] == [
        "making a break-glass account", "renewing a break-glass account",
    ]  # fmt: skip


def test_C3_U5_where_nothing_takes_two_owners_one_renews_it(open_provider: Open) -> None:
    provider = opened(open_provider)
    made, (_, owner) = keeping.make(provider.services, SHELL, "emergency"), boss(provider)
    assert keeping.renew(provider.services, owner, made.person.id).password != made.password


def test_C2_U5_who_is_an_owner_for_a_while_gets_no_envelope_for_ever(open_provider: Open) -> None:
    provider = opened(open_provider)
    made, guest = keeping.make(provider.services, SHELL, "emergency"), provider.add_person("guest")
    roles.change(
        provider.services.db, guest.id, give=[RoleGrant("owner", until=provider.clock() + DAY)], by="test",
        now=provider.clock(), record=lambda *_: None,
    )  # fmt: skip
    with pytest.raises(NotAllowed, match="longer than you have yours"):
        keeping.renew(provider.services, again(provider, guest.id), made.person.id)


def test_C3_U5_a_break_glass_account_approves_nothing(open_provider: Open) -> None:
    provider = opened(open_provider, "role:grant:owner", "user:turn_off")
    made, (_, owner) = keeping.make(provider.services, SHELL, "emergency"), boss(provider)
    leaver = provider.add_person("leaver")
    id = waits(lambda: turning_off.turn_off(provider.services, owner, leaver))
    for verb in (deciding.approve, deciding.refuse):
        with pytest.raises(NotAllowed, match="decides nothing"):
            verb(provider.services, itself(provider, made), id)
    assert is_on(provider, leaver)


def test_C3_U5_nor_does_it_ask_for_what_its_reader_would_approve(open_provider: Open) -> None:
    provider = opened(open_provider, "user:turn_off")
    made, leaver = keeping.make(provider.services, SHELL, "emergency"), provider.add_person("leaver")
    with pytest.raises(NotAllowed, match="a break-glass account is nobody"):
        turning_off.turn_off(provider.services, itself(provider, made), leaver)
    assert is_on(provider, leaver)


def test_C3_U5_ending_one_waits_where_turning_an_owner_off_does(open_provider: Open) -> None:
    provider = opened(open_provider, "user:turn_off")
    made, (_, owner), (_, other) = (
        keeping.make(provider.services, SHELL, "emergency"), boss(provider), boss(provider, "other"),
    )  # fmt: skip
    with pytest.raises(Waits) as asked:
        keeping.end(provider.services, owner, made.person.id)
    assert is_on(provider, made.person)
    deciding.approve(provider.services, other, asked.value.id)
    assert not is_on(provider, made.person)
    assert keeping.every(provider.services, owner) == ()
