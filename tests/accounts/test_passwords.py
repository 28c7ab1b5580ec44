"""P1, L4, L7, S54.8, S55, S62: hashes and the pool that computes them."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from argon2 import extract_parameters

from idp.accounts.passwords import Busy, Verifier
from tests.accounts.conftest import CHEAP

PHRASE = "correct horse battery staple"


def test_P1_the_default_is_argon2id_at_the_cost_of_owasp() -> None:
    verifier = Verifier()
    cost = extract_parameters(verifier.hash(PHRASE))
    verifier.close()
    assert (cost.type.name, cost.memory_cost, cost.time_cost, cost.parallelism) == ("ID", 19456, 2, 1)
    assert cost.salt_len * 8 >= 32  # S62


@pytest.mark.parametrize(
    "password",
    [
        PHRASE,
        "x" * 200,
        "é" * 73,
        "before\0after",
        " leading and trailing ",
        "пароль на русском языке",
        "🐎" * 64,
        "a" * 1024,
        "lone \ud800 surrogate",
    ],
    ids=["phrase", "200", "over 72 bytes", "NUL", "outer spaces", "Cyrillic", "emoji", "1024", "surrogate"],
)
def test_S54_8_a_password_is_verified_whole_and_as_received(verifier: Verifier, password: str) -> None:
    stored = verifier.hash(password)
    assert verifier.verify(stored, password).ok
    assert not verifier.verify(stored, password[:-1]).ok
    assert not verifier.verify(stored, password + "x").ok
    assert not verifier.verify(stored, password[: len(password) // 2]).ok
    assert not verifier.verify(stored, password.swapcase() + "!").ok


def test_S54_8_nothing_is_cut_off_behind_72_bytes_or_a_NUL(verifier: Verifier) -> None:
    assert not verifier.verify(verifier.hash("x" * 72 + "one"), "x" * 72 + "two").ok
    assert not verifier.verify(verifier.hash("same\0one"), "same\0two").ok
    assert not verifier.verify(verifier.hash("Case"), "case").ok


@pytest.mark.parametrize(
    ("stored", "typed"), [("Zoe\u0308 läuft", "Zoë la\u0308uft"), ("Zoë läuft", "Zoe\u0308 la\u0308uft")]
)
def test_S62_composed_and_decomposed_letters_are_the_same(verifier: Verifier, stored: str, typed: str) -> None:
    assert verifier.verify(verifier.hash(stored), typed).ok


def test_L4_outer_white_space_of_a_paste_is_forgiven_second(verifier: Verifier) -> None:
    stored = verifier.hash(PHRASE)
    assert verifier.verify(stored, f" {PHRASE}\r\n").ok
    assert not verifier.verify(stored, PHRASE.replace(" ", "  ")).ok
    spaced = verifier.hash(f" {PHRASE} ")
    assert verifier.verify(spaced, f" {PHRASE} ").ok
    assert not verifier.verify(spaced, PHRASE).ok


@pytest.mark.parametrize(
    ("typed", "hashes"), [("wrong", 1), ("wrong ", 2), (" ", 1), ("", 1), ("x" * 1025, 0), ("\0", 1)]
)
def test_L7_an_unknown_name_costs_as_many_hashes_as_a_wrong_password(
    verifier: Verifier, typed: str, hashes: int
) -> None:
    stored = verifier.hash(PHRASE)
    counted = []
    for known in (stored, None, "not a hash at all"):
        before = verifier.hashes
        assert not verifier.verify(known, typed).ok
        counted.append(verifier.hashes - before)
    assert counted == [hashes] * 3


def test_L7_the_decoy_has_the_cost_of_a_real_hash() -> None:
    verifier = Verifier(threads=1, memory_kib=128, time_cost=3)
    stored, decoy = verifier.hash(PHRASE), verifier._decoy
    verifier.close()
    assert extract_parameters(decoy) == extract_parameters(stored)


def test_P1_a_sign_in_under_an_old_cost_answers_the_new_hash(verifier: Verifier) -> None:
    old = verifier.hash(PHRASE)
    assert verifier.verify(old, PHRASE).rehash is None
    dearer = Verifier(threads=1, memory_kib=128, time_cost=2)
    assert dearer.verify(old, "wrong").rehash is None
    verdict = dearer.verify(old, PHRASE + "\n")
    assert verdict.ok
    assert verdict.rehash is not None
    assert extract_parameters(verdict.rehash).memory_cost == 128
    assert dearer.verify(verdict.rehash, PHRASE).ok
    assert dearer.verify(verdict.rehash, PHRASE).rehash is None
    assert verdict.rehash not in repr(verdict)
    dearer.close()


def test_P1_many_sign_ins_at_once_are_all_answered_right(verifier: Verifier) -> None:
    stored = [verifier.hash(f"{PHRASE} {n}") for n in range(4)]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda n: verifier.verify(stored[n % 4], f"{PHRASE} {n // 4}").ok, range(16)))
    assert answers == [n % 4 == n // 4 for n in range(16)]


class Held:
    """A verifier of one thread whose thread is held up until `release`."""

    def __init__(self, queue: int) -> None:
        self.verifier = Verifier(threads=1, queue=queue, **CHEAP)
        self.release, self._started = threading.Event(), threading.Event()
        self.callers = ThreadPoolExecutor(8)
        self.callers.submit(self.verifier._run, self._hold)
        assert self._started.wait(5)

    def _hold(self) -> None:
        self._started.set()
        self.release.wait(10)

    def close(self) -> None:
        self.release.set()
        self.callers.shutdown()
        self.verifier.close()


def test_P1_past_the_queue_people_are_turned_away_at_once() -> None:
    held = Held(queue=2)
    waiting = [held.callers.submit(held.verifier.hash, PHRASE) for _ in range(2)]
    while held.verifier._room._value:
        time.sleep(0.001)
    with pytest.raises(Busy) as busy:
        held.verifier.verify(None, PHRASE)
    assert busy.value.retry_after >= 1
    assert not any(future.done() for future in waiting)
    held.release.set()
    assert all(future.result(5).startswith("$argon2id$") for future in waiting)
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:  # the places are free again
        try:
            assert not held.verifier.verify(None, PHRASE).ok
            break
        except Busy:
            time.sleep(0.001)
    else:
        pytest.fail("the queue never emptied")
    held.close()


def test_P1_a_failing_job_gives_its_place_back() -> None:
    verifier = Verifier(threads=1, queue=0, **CHEAP)

    def fail() -> None:
        raise RuntimeError("broken")

    for _ in range(5):
        with pytest.raises(RuntimeError, match="broken"):
            verifier._run(fail)
    assert not verifier.verify(None, PHRASE).ok
    verifier.close()


@pytest.mark.skipif(sys.platform != "linux", reason="threads have priorities of their own on Linux only")
def test_P1_hashing_threads_stand_behind_the_others() -> None:
    verifier = Verifier(threads=2, queue=4, **CHEAP)
    mine = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    theirs = verifier._run(lambda: os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
    verifier.close()
    assert theirs == min(19, mine + 10) > mine
    assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) == mine


@pytest.mark.skipif(sys.platform != "linux", reason="threads have priorities of their own on Linux only")
@pytest.mark.parametrize(("own", "theirs"), [(0, 10), (5, 15), (12, 19), (19, 19)])
def test_N11_hashing_threads_stand_behind_the_others_whatever_nice_says(own: int, theirs: int) -> None:
    program = (
        "import os, threading\nfrom idp.accounts.passwords import Verifier\n"
        "v = Verifier(threads=1, queue=1)\n"
        "print(v._run(lambda: os.getpriority(os.PRIO_PROCESS, threading.get_native_id())))\nv.close()"
    )
    here = os.getpriority(os.PRIO_PROCESS, 0)
    if here:
        pytest.skip("the tests run niced themselves")
    said = subprocess.run(
        ["nice", "-n", str(own), sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert int(said.stdout) == theirs


def test_P1_half_the_cores_hash_by_default() -> None:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    verifier = Verifier(**CHEAP)
    assert verifier.threads == max(1, cores // 2)
    verifier.close()
