"""Password hashes: argon2id in threads of their own.

A hash costs 26 ms of a core. A few low-priority threads compute them behind a bounded queue, so that a login flood
slows down logins and nothing else (P1); past the queue callers hear `Busy` at once.
"""

from __future__ import annotations

import contextlib
import ctypes
import math
import os
import secrets
import threading
import time
from base64 import b64encode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

from idp.accounts import hash_schemes
from idp.meters.spent import SPENT
from idp.normal_forms import normal

MAX_LENGTH = 1024  # code points; NIST SP 800-63B-4 §3.1.1.2 asks for at least 64
NICENESS = 10  # below the threads that serve
QUIET = 2.0  # seconds without a hash before its memory is handed back

_T = TypeVar("_T")


class Busy(Exception):
    """Too many hashes are waiting. The endpoint answers 503 with `Retry-After: retry_after` (seconds)."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"too many passwords are being checked; try again in {retry_after} s")
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the password is right; `rehash` is its hash under the cost of today, where the stored one has another."""

    ok: bool
    rehash: str | None = field(default=None, repr=False)


class Verifier:
    """Makes and verifies hashes. `threads=0`: half the cores that this process may use."""

    def __init__(
        self, *, threads: int = 0, queue: int = 64, memory_kib: int = 19456, time_cost: int = 2, parallelism: int = 1
    ) -> None:
        self.threads = threads or max(1, _cores() // 2)
        self.hashes = 0  # computed so far: a metric, and what tests count in place of wall-clock time
        self.waiting = 0  # callers that have a hash, or wait for one: a metric
        self._room = threading.BoundedSemaphore(self.threads + queue)
        self._waiting = self.threads + queue
        self._seconds = 0.03  # what the last job took
        self._counting = threading.Lock()
        self._hasher = PasswordHasher(time_cost=time_cost, memory_cost=memory_kib, parallelism=parallelism)
        self._decoy = _decoy(memory_kib, time_cost, parallelism)
        self._ended, self._given_back_at = 0.0, 0
        self._pool = ThreadPoolExecutor(self.threads, "password", initializer=_step_back)

    def hash(self, password: str) -> str:
        """A new hash. Errors: `Busy`."""
        return self._run(lambda: self._hash(_encoded(password)))

    def verify(self, stored: str | None, password: str) -> Verdict:
        """Whether the password belongs to the hash: as received, then once more without outer white space (L4).

        `stored` None (unknown name, or no password) costs what a wrong password costs (L7, S55). Errors: `Busy`.
        """
        candidates = _candidates(password)
        if not candidates:
            return Verdict(False)
        return self._run(lambda: self._verify(stored, candidates))

    def wrap(self, scheme: str, salt: bytes, inner: bytes) -> str:
        """argon2id around a fast hash that another product made (`hash_schemes.wrapped`). Errors: `Busy`."""
        return self._run(lambda: hash_schemes.wrapped(scheme, salt, inner, self._hash))

    def unusable(self) -> str:
        """A hash of today's cost that no password has: whoever's it is signs in by no password."""
        return _decoy(self._hasher.memory_cost, self._hasher.time_cost, self._hasher.parallelism)

    def give_back(self) -> bool:
        """Hand the memory of past hashes back to the system, once there has been none for a while; answers whether.

        glibc keeps the last 19 MiB for the next hash, which saves a third of its time while people sign in.
        """
        if self.hashes == self._given_back_at or time.perf_counter() - self._ended < QUIET:
            return False
        self._given_back_at = self.hashes
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        return trim is not None and bool(trim(0))

    def close(self) -> None:
        """Let the threads end."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _run(self, job: Callable[[], _T]) -> _T:
        if not self._room.acquire(blocking=False):
            raise Busy(max(1, math.ceil(self._waiting * self._seconds / self.threads)))
        begun = time.perf_counter()
        self._wait(1)
        try:
            return self._pool.submit(self._timed, job).result()
        finally:
            self._wait(-1)
            self._room.release()
            ended = time.perf_counter()
            SPENT.hashing += ended - begun
            SPENT.mark("hash", begun, ended, "")

    def _wait(self, more: int) -> None:
        with self._counting:
            self.waiting += more

    def _timed(self, job: Callable[[], _T]) -> _T:
        begun = time.perf_counter()
        try:
            return job()
        finally:
            self._ended = time.perf_counter()
            self._seconds = self._ended - begun

    def _hash(self, password: bytes) -> str:
        self._count()
        return self._hasher.hash(password)

    def _verify(self, stored: str | None, candidates: list[bytes]) -> Verdict:
        for candidate in candidates:
            if self._matches(stored or self._decoy, candidate) and stored:
                stale = hash_schemes.is_foreign(stored) or self._hasher.check_needs_rehash(stored)
                return Verdict(True, self._hash(candidate) if stale else None)
        return Verdict(False)

    def _matches(self, stored: str, candidate: bytes) -> bool:
        self._count()
        if hash_schemes.is_foreign(stored):
            inner = hash_schemes.unwrapped(stored, candidate)
            if inner is None:
                return hash_schemes.matches(stored, candidate)
            stored, candidate = inner
        try:
            return self._hasher.verify(stored, candidate)
        except VerifyMismatchError:
            return False
        except (InvalidHashError, VerificationError):  # a damaged row: nobody's password, at the price of any other
            with contextlib.suppress(VerifyMismatchError):
                self._hasher.verify(self._decoy, candidate)
            return False

    def _count(self) -> None:
        with self._counting:
            self.hashes += 1


def is_too_long(password: str) -> bool:
    """Whether it is longer than any password that can have been set."""
    return len(password) > MAX_LENGTH


def _encoded(password: str) -> bytes:
    # NIST SP 800-63B-4 §3.1.1.2: Unicode is normalised before hashing; bytes carry their length, so NUL ends nothing.
    return normal("NFC", password).encode("utf-8", "surrogatepass")


def _candidates(password: str) -> list[bytes]:
    if is_too_long(password):
        return []
    trimmed = password.strip()
    return [_encoded(password)] + ([_encoded(trimmed)] if trimmed and trimmed != password else [])


def _decoy(memory_kib: int, time_cost: int, parallelism: int) -> str:
    """A hash of nothing in particular: random salt, random digest, the cost of today."""
    salt, digest = (b64encode(secrets.token_bytes(n)).decode("ascii").rstrip("=") for n in (16, 32))
    return f"$argon2id$v=19$m={memory_kib},t={time_cost},p={parallelism}${salt}${digest}"


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _step_back() -> None:
    """Lower this thread's priority below the threads that serve tokens, whatever `nice` the process was started with.

    Linux counts threads one by one. 19 is the lowest: where the process runs there already, nothing is below it.
    """
    with contextlib.suppress(OSError, AttributeError):
        own = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), min(19, own + NICENESS))
