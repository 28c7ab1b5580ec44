"""K4: keys roll while many sign and verify, and nobody notices."""

from __future__ import annotations

import json
import random
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from idp.db import Database
from keys.algorithms import PublicKey
from keys.ring import Ring
from keys.rotation import Policy
from keys.sealing import create
from keys.verifying import InvalidToken, read_jwks, verify, verify_own
from tests.backends import Clock

STEP, LIFETIME, CACHE = 7.0, 150.0, 120.0
POLICY = Policy(algs=("ES256", "RS256"), rotate_after=400, publish_before=CACHE, token_lifetime_max=LIFETIME, slack=30)


class App:
    """A relying party that fetches the JWKS when its copy is too old, and at no other time."""

    def __init__(self, ring: Ring, clock: Callable[[], float], fetched_at: float) -> None:
        self.ring, self.clock = ring, clock
        self.keys, self.fetched_at = read_jwks_of(ring), fetched_at

    def accepts(self, token: str, now: float) -> None:
        if now - self.fetched_at > CACHE:
            self.keys, self.fetched_at = read_jwks_of(self.ring), now
        verify(token, self.keys, algs=("ES256", "RS256"), now=now, types=("JWT",), ahead=STEP)


def read_jwks_of(ring: Ring) -> tuple[PublicKey, ...]:
    return read_jwks(json.loads(ring.jwks))


def roll(
    any_url: str, master: bytes, clock: Clock, policy: Policy, steps: int
) -> tuple[list[BaseException], set[str], int]:
    """Three rings on one store: each signs, verifies and ticks in a thread, while time goes on step by step.

    Time waits for work that began before the last step, so that a slow machine stretches the test and not its claim.
    """
    sealer = create(Database(any_url), master, clock)
    rings = [Ring(Database(any_url), sealer, clock, policy) for _ in range(3)]
    rings[0].tick()
    failures: list[BaseException] = []
    signed_by: set[str] = set()
    bag: deque[tuple[float, str]] = deque(maxlen=4000)
    rounds, verified = [0] * len(rings), [0] * len(rings)
    stop = threading.Event()

    def work(n: int) -> None:
        dice, ring = random.Random(n), rings[n]
        app = App(ring, clock, clock())
        while not stop.is_set() and not failures:
            try:
                now = clock()
                for alg in ("ES256", "RS256"):
                    signer = ring.signer(alg)
                    signed_by.add(signer.kid)
                    token = signer.sign_jwt({"iat": now, "exp": now + LIFETIME}, "JWT")
                    app.accepts(token, clock())
                    bag.append((now + LIFETIME, token))
                expires, token = dice.choice(list(bag)) if n else bag[0]
                now = clock()
                if expires > now + STEP:
                    app.accepts(token, now)
                    verify_own(ring, token, types=("JWT",), now=now)
                    verified[n] += 1
                if dice.random() < 0.2:
                    ring.tick()
            except BaseException as error:
                failures.append(error)
            rounds[n] += 1

    threads = [threading.Thread(target=work, args=(n,)) for n in range(len(rings))]
    for thread in threads:
        thread.start()
    for _ in range(steps):
        before = list(rounds)
        while not failures and any(now < then + 2 for now, then in zip(rounds, before, strict=True)):
            stop.wait(0.0005)
        while bag and bag[0][0] <= clock() + STEP:
            bag.popleft()
        clock.advance(STEP)
    stop.set()
    for thread in threads:
        thread.join()
    return failures, signed_by, sum(verified)


@pytest.mark.slow
def test_K4_keys_roll_under_load_and_no_app_with_a_cached_JWKS_ever_fails(
    any_url: str, master: bytes, clock: Clock
) -> None:
    failures, signed_by, verified = roll(any_url, master, clock, POLICY, steps=200)
    assert failures == []
    assert len(signed_by) >= 2 * 3, "both keys have rolled several times"
    assert verified > 200


@pytest.mark.slow
@pytest.mark.parametrize(
    "broken",
    [
        pytest.param({"publish_before": 0.0}, id="a key that signs before it is known"),
        pytest.param({"token_lifetime_max": 0.0}, id="a key that leaves before its last token"),
    ],
)
def test_K4_the_same_load_finds_a_policy_that_is_too_short(
    url: str, master: bytes, clock: Clock, broken: dict[str, Any]
) -> None:
    failures, _, _ = roll(url, master, clock, replace(POLICY, **broken), steps=250)
    assert failures
    assert all(isinstance(failure, InvalidToken) for failure in failures)
