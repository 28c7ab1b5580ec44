"""Processes that serve together and are not alike: which one, and in what. Case 32."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import structlog

from idp.installation import processes
from idp.installation.processes import Beat, Process
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


def logged(provider: Provider, beat: Beat) -> list[tuple[str, str]]:
    """Level and text of what a beat that is due says."""
    beat._next = 0.0
    with structlog.testing.capture_logs() as lines:
        beat.tick(provider.services)
    return [(str(one["log_level"]), str(one["what"])) for one in lines if one["event"] == "processes_differ"]


def changed(provider: Provider, pid: int, **more: object) -> Process:
    """The line of one with another setting, that began before."""
    mine = processes.own(provider.services, since=1.0)
    return replace(mine, host="web2", pid=pid, settings={**mine.settings, "outbound.allow": "x"}, **more)


def test_case_32_one_that_ended_before_a_restart_is_not_compared(provider: Provider, clock: Clock) -> None:
    """Its line stands on the board for a while, and the new process was named as the one that differs."""
    old, beat = changed(provider, 5), Beat()
    processes.write(provider.services, old)
    assert logged(provider, beat) == []
    clock.advance(processes.EVERY)
    assert logged(provider, beat) == []
    assert old in processes.on_board(provider.services)


def test_case_32_one_that_goes_on_writing_is_compared_and_told_once(
    open_provider: Callable[..., Provider], clock: Clock
) -> None:
    provider = open_provider(log={"level": "warning"})
    other, beat = changed(provider, 5), Beat()
    processes.write(provider.services, other)
    assert logged(provider, beat) == []
    clock.advance(processes.EVERY)
    processes.write(provider.services, replace(other, at=clock()))
    ((level, text),) = logged(provider, beat)
    assert (level, "settings differ: outbound.allow" in text) == ("warning", True)
    assert logged(provider, beat) == []


def test_case_32_one_that_starts_later_is_compared_at_once(provider: Provider, clock: Clock) -> None:
    beat = Beat()
    assert logged(provider, beat) == []
    clock.advance(processes.EVERY)
    processes.write(provider.services, changed(provider, 6, root="another", at=clock()))
    ((level, text),) = logged(provider, beat)
    assert (level, "keys.master_key differs" in text) == ("error", True)


def test_case_32_one_of_this_machine_that_is_no_more_is_not_on_the_board(provider: Provider) -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    mine = processes.own(provider.services)
    processes.write(provider.services, replace(mine, pid=ended.pid))
    processes.write(provider.services, mine)
    assert processes.on_board(provider.services) == (mine,)
    processes.write(provider.services, replace(mine, pid=ended.pid, space="another machine"))
    assert len(processes.on_board(provider.services)) == 2


def test_case_32_a_process_that_ends_takes_its_line_away(provider: Provider) -> None:
    other = changed(provider, 5)
    for one in (other, processes.own(provider.services)):
        processes.write(provider.services, one)
    processes.leave(provider.services)
    assert processes.on_board(provider.services) == (other,)


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
