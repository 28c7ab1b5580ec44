"""Processes that serve together and are not alike: which one, and in what. Case 32."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from idp.installation import processes
from idp.installation.processes import Process
from tests.backends import Clock
from tests.provider import Provider, make_settings

ONE = Process("web1", 11, 1000.0, 1.0, "1.0", "0027", "https://login.example", "aa", settings={"session.hours": "x"})
TWO = replace(ONE, host="web2", pid=22, since=2.0)
THREE = replace(ONE, host="web3", pid=33, since=3.0)


@pytest.mark.parametrize(
    ("other", "words", "fix"),
    [
        (replace(TWO, root="bb"), "keys.master_key differs", "the same master key"),
        (replace(TWO, issuer="https://sso.example"), "server.issuer differs: https://sso.example instead of", "issuer"),
        (replace(TWO, version="0.9"), "release differs: 0.9 instead of 1.0", "upgrade or restart it"),
        (replace(TWO, schema="0026"), "release differs: 0026 instead of 0027", "upgrade or restart it"),
        (replace(TWO, settings={"session.hours": "y"}), "settings differ: session.hours", "the same settings"),
        (replace(TWO, apart=-250.0), "clock: -250 s from the store's", "NTP"),
        (replace(TWO, leapt=3600.0), "clock: it was set by +3600 s", "NTP"),
    ],
)
@pytest.mark.parametrize("many", [1, 2])
def test_Q5_case_32_the_process_that_differs_is_named(other: Process, words: str, fix: str, many: int) -> None:
    for order in ([ONE, other, THREE][: 1 + many], [other, ONE, THREE][: 1 + many]):
        (found,) = processes.judge(order)
        assert found.text.startswith("process 22 on web2, ")
        assert words in found.text
        assert fix in found.fix


def test_case_32_processes_that_are_alike_are_no_finding() -> None:
    assert [*processes.judge([ONE, TWO, THREE])] == []
    assert [*processes.judge([])] == []


def test_case_32_settings_of_another_root_or_release_are_not_compared() -> None:
    """All digests are others then, and one cause is told, not a hundred."""
    for other in (replace(TWO, root="bb", settings={"session.hours": "y"}), replace(TWO, version="2", settings={})):
        assert len([*processes.judge([ONE, other])]) == 1


def test_case_32_a_line_has_no_secret_and_runs_out(provider: Provider, clock: Clock) -> None:
    services = provider.services
    mine = processes.own(services)
    processes.write(services, mine)
    assert processes.on_board(services) == (mine,)
    assert "passwords.memory_kib" in mine.settings
    assert "mail.password" not in mine.settings
    assert all(len(value) == 12 for value in mine.settings.values())
    clock.advance(processes.KEPT + 1)
    assert processes.on_board(services) == ()


def test_case_32_two_of_one_installation_are_alike_and_other_settings_are_seen(
    provider: Provider,
) -> None:
    one = processes.own(provider.services, since=1.0)
    other = replace(processes.own(provider.another().services, since=2.0), pid=2)
    assert [*processes.judge([one, other])] == []
    settings = make_settings(
        provider.settings.data_dir, server={"issuer": provider.issuer}, session={"idle_minutes": 7}
    )
    changed = processes.own(replace(provider.services, settings=settings), since=2.0)
    (found,) = processes.judge([one, replace(changed, pid=2)])
    assert "session.idle_minutes" in found.text


@pytest.mark.slow
def test_Q5_case_32_two_installations_on_one_redis_see_each_other(tmp_path: Path, clock: Clock, redis_url: str) -> None:
    storage = {"state_url": redis_url}
    made = [
        Provider.open(tmp_path / name, clock, server={"issuer": "https://login.example"}, storage=storage)
        for name in ("one", "two")
    ]
    try:
        for number, provider in enumerate(made):
            line = processes.own(provider.services, since=float(number))
            processes.write(provider.services, replace(line, pid=number))
        for provider in made:
            told = [one.text for one in processes.examine(provider.services)]
            assert [one for one in told if "process 1 on" in one and "keys.master_key differs" in one]
    finally:
        for provider in made:
            provider.close()
