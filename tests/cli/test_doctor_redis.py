"""N9: `doorward doctor` warns of a Redis that anybody on the way can write to."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from idp.installation.checks import machine
from idp.state.memory import MemoryState


def found(url: str) -> list[Any]:
    settings = SimpleNamespace(storage=SimpleNamespace(state_url=url))
    return list(machine.examine_state(SimpleNamespace(settings=settings, state=MemoryState())))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("redis://redis.example.com:6379/0", "without password and without TLS"),
        ("redis://10.0.0.7", "without password and without TLS"), ("rediss://redis.example.com", "without password"),
        ("redis://me:secret@redis.example.com", "without TLS"), ("redis://:secret@[2001:db8::1]:6379", "without TLS"),
    ],
)  # fmt: skip
def test_n9_a_redis_on_the_network_without_password_or_tls_is_warned_of(url: str, said: str) -> None:
    warning = found(url)[-1]
    assert (warning.status, warning.text.endswith(said)) == ("warning", True)
    assert "secret" not in warning.text


@pytest.mark.parametrize(
    "url",
    [
        "",
        "unix:///run/redis.sock",
        "redis://127.0.0.1",
        "redis://localhost:6379/1",
        "redis://[::1]",
        "rediss://u:p@r.example",
    ],
)
def test_n9_a_redis_of_this_machine_or_a_closed_one_is_fine(url: str) -> None:
    assert [finding.status for finding in found(url)] == ["ok"]
