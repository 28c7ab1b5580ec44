"""When a key is made, signs, retires and leaves: pure decisions, no clock and no store.

next (published, not signing) → active → retiring (published until its last token has died) → gone (public part kept
for old ID token hints, private part destroyed) → removed.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Literal

State = Literal["next", "active", "retiring", "gone", "removed"]
PUBLISHED: tuple[State, ...] = ("active", "next", "retiring")

_DAY = 86_400.0


class TooEarly(Exception):
    """Somebody may still hold a JWKS without this key. `at`: when it may sign, seconds since the epoch."""

    def __init__(self, kid: str, at: float) -> None:
        when = datetime.fromtimestamp(at, UTC).isoformat(" ", "seconds")
        super().__init__(f"key {kid} may sign from {when} on: until then apps may hold a JWKS without it")
        self.kid = kid
        self.at = at


class NoSuchKey(Exception):
    """No key of that id or algorithm can be promoted, or withdrawn."""


@dataclass(frozen=True, slots=True)
class Policy:
    """How keys roll. Times in seconds."""

    algs: tuple[str, ...] = ("RS256", "ES256")
    #: Age at which an active key is replaced.
    rotate_after: float = 90 * _DAY
    #: How long a key stands in the JWKS before it signs; the JWKS's `max-age` must not exceed it.
    publish_before: float = _DAY
    #: The longest life of any token we sign.
    token_lifetime_max: float = _DAY
    #: How far a process may lag behind: stale snapshot and clock difference together.
    slack: float = 30.0
    #: How long a gone key's public part still verifies ID token hints.
    remember: float = 31 * _DAY
    rsa_bits: int = 2048

    @property
    def lead(self) -> float:
        """From publication to the first signature."""
        return self.publish_before + self.slack


@dataclass(frozen=True, slots=True)
class SigningKey:
    """One key and its life so far. Times: seconds since the epoch, None where it has not come to that."""

    kid: str
    alg: str
    state: State
    public_jwk: str
    sealed: str = field(repr=False)
    created_at: float
    published_at: float
    activate_after: float
    activated_at: float | None = None
    retired_at: float | None = None
    expires_at: float | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """A key goes to a state; `kid` "" means a key yet to be made. `at`: when next may sign, when retiring may leave."""

    alg: str
    to: State
    kid: str = ""
    at: float = 0.0


def plan(keys: Iterable[SigningKey], now: float, policy: Policy, pinned: Container[str] = frozenset()) -> list[Change]:
    """What is due at `now`, for the policy's algorithms and every other that has a key.

    `pinned`: kids that somebody is still signed for with, and which stay for that.
    """
    by_alg: dict[str, list[SigningKey]] = {alg: [] for alg in policy.algs}
    for key in keys:
        by_alg.setdefault(key.alg, []).append(key)
    changes: list[Change] = []
    for alg, own in by_alg.items():
        if alg in policy.algs or any(key.state in ("active", "next") for key in own):
            changes += _succession(alg, own, now, policy)
        changes += _departures(own, now, policy, pinned)
    return changes


def _succession(alg: str, keys: Sequence[SigningKey], now: float, policy: Policy) -> list[Change]:
    active, successor = _find(keys, "active"), _find(keys, "next")
    if active is None:
        # Nothing is cached for an algorithm without a key, and without a signature nobody gets in: no waiting here.
        return [Change(alg, "active", successor.kid if successor else "")]
    due = (active.activated_at or active.created_at) + policy.rotate_after
    if successor is None:
        return [Change(alg, "next", at=max(due, now + policy.lead))] if now >= due - policy.lead else []
    if now >= max(ripe_at(successor, policy), min(successor.activate_after, due)):
        return _handover(active, successor, now, policy)
    return []


def _departures(keys: Iterable[SigningKey], now: float, policy: Policy, pinned: Container[str]) -> list[Change]:
    changes = []
    for key in keys:
        left = max(key.expires_at or 0.0, _leaves_at(key.retired_at or now, policy))
        if key.state == "retiring" and now >= left and key.kid not in pinned:
            changes.append(Change(key.alg, "gone", key.kid))
        elif key.state == "gone" and now >= left + policy.remember:
            changes.append(Change(key.alg, "removed", key.kid))
    return changes


def _find(keys: Iterable[SigningKey], state: State) -> SigningKey | None:
    found = [key for key in keys if key.state == state]
    return min(found, key=lambda key: (key.published_at, key.kid)) if found else None


def ripe_at(key: SigningKey, policy: Policy) -> float:
    """From when on every cached JWKS holds the key."""
    # OpenID Connect Core §10.1.1: verifiers find a new key by its kid; those that cache must not have to.
    return key.published_at + policy.lead


def _leaves_at(retired_at: float, policy: Policy) -> float:
    return retired_at + policy.token_lifetime_max + policy.slack


def _handover(active: SigningKey, successor: SigningKey, now: float, policy: Policy) -> list[Change]:
    return [
        Change(active.alg, "retiring", active.kid, _leaves_at(now, policy)),
        Change(successor.alg, "active", successor.kid),
    ]


def preparation(keys: Iterable[SigningKey], alg: str, now: float, policy: Policy) -> list[Change]:
    """An operator wants a new key: publish one, or let the one that waits sign as soon as it may."""
    own = [key for key in keys if key.alg == alg]
    waiting = _find(own, "next")
    if waiting is not None:
        soonest = ripe_at(waiting, policy)
        return [] if waiting.activate_after <= soonest else [Change(alg, "next", waiting.kid, soonest)]
    if _find(own, "active") is None:
        return [Change(alg, "active")]
    return [Change(alg, "next", at=now + policy.lead)]


def promotion(
    keys: Iterable[SigningKey], kid_or_alg: str, now: float, policy: Policy, *, force: bool = False
) -> list[Change]:
    """An operator wants this key (or this algorithm's next one) to sign now; a retiring one is a roll-back.

    Errors: `TooEarly` unless forced, `NoSuchKey`.
    """
    every = list(keys)
    wanted = next((k for k in every if k.kid == kid_or_alg), None)
    if wanted is None:
        wanted = _find((k for k in every if k.alg == kid_or_alg), "next")
    if wanted is None or wanted.state not in PUBLISHED:
        raise NoSuchKey(f"{kid_or_alg}: no published key of that id, and no next key of that algorithm")
    if wanted.state == "active":
        return []
    if not force and now < ripe_at(wanted, policy):
        raise TooEarly(wanted.kid, ripe_at(wanted, policy))
    active = _find((k for k in every if k.alg == wanted.alg), "active")
    if active is None:
        return [Change(wanted.alg, "active", wanted.kid)]
    return _handover(active, wanted, now, policy)


def rollback(keys: Iterable[SigningKey], kid_or_alg: str, now: float, policy: Policy) -> list[Change]:
    """A promotion went wrong: the key before the active one signs again, and the active one is next again.

    It waits for its regular turn, or for an operator: by itself it would sign again within a minute.
    Errors: `NoSuchKey` where there is no active key of that id or algorithm, or none that signed before it is left.
    """
    every = list(keys)
    active = next((k for k in every if kid_or_alg in (k.kid, k.alg) and k.state == "active"), None)
    if active is None:
        raise NoSuchKey(f"{kid_or_alg}: no active key of that id or algorithm")
    before = [k for k in every if k.alg == active.alg and k.state == "retiring"]
    if not before:
        raise NoSuchKey(f"{active.kid} has no predecessor in the JWKS that could sign again")
    last = max(before, key=lambda k: (k.retired_at or 0.0, k.kid))
    return [
        Change(active.alg, "next", active.kid, now + policy.rotate_after),
        Change(last.alg, "active", last.kid),
    ]


def pin_ends_at(key: SigningKey, policy: Policy) -> float | None:
    """When a key that has retired signs for nobody any more, pinned or not; None for one that has not."""
    return None if key.state != "retiring" else (key.retired_at or 0.0) + policy.rotate_after


def unpinned(key: SigningKey, now: float, policy: Policy) -> SigningKey:
    """A key that signed for somebody until now: it stays until the last of those tokens has died."""
    if key.state != "retiring":
        return key
    return replace(key, expires_at=max(key.expires_at or 0.0, _leaves_at(now, policy)))


def withdrawal(keys: Iterable[SigningKey], kid: str) -> list[Change]:
    """An operator distrusts a key: away with it at once, and with every token it signed. Errors: `NoSuchKey`."""
    found = next((k for k in keys if k.kid == kid), None)
    if found is None:
        raise NoSuchKey(f"{kid}: no key of that id")
    if found.state == "active":
        raise NoSuchKey(f"{kid} is the active key: promote another one first")
    return [Change(found.alg, "removed", kid)]


def changed(key: SigningKey, change: Change, now: float) -> SigningKey:
    """The key after a change other than its removal."""
    if change.to == "next":
        return replace(key, state="next", activate_after=change.at, activated_at=None)
    if change.to == "active":
        return replace(key, state="active", activated_at=now, retired_at=None, expires_at=None)
    if change.to == "retiring":
        return replace(key, state="retiring", retired_at=now, expires_at=change.at)
    return replace(key, state="gone", sealed="")
