"""The life of each key as it was and as it is planned: for whoever looks (K1)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .certificates import Certificate
from .rotation import Policy, SigningKey, ripe_at


@dataclass(frozen=True, slots=True)
class Phase:
    """A state from `start` to `end`, epoch seconds; `end` None: until somebody ends it. `planned`: it goes on."""

    state: str
    start: float
    end: float | None
    planned: bool


def of_keys(keys: Iterable[SigningKey], now: float, policy: Policy) -> dict[str, tuple[Phase, ...]]:
    """Each key's phases by its kid."""
    every = tuple(keys)
    return {key.kid: _met(_phases(key, every, policy), now) for key in every}


def of_certificates(certificates: Iterable[Certificate], now: float) -> dict[str, tuple[Phase, ...]]:
    """The same of certificates, which nothing but an operator turns."""
    return {one.kid: _met(_steps(one), now) for one in certificates}


def signs_at(key: SigningKey, keys: Iterable[SigningKey], policy: Policy) -> float:
    """When a next key signs by itself."""
    active = next((k for k in keys if k.alg == key.alg and k.state == "active"), None)
    if active is None:
        return key.published_at
    due = _began(active) + policy.rotate_after
    return max(ripe_at(key, policy), min(key.activate_after, due))


def _began(key: SigningKey) -> float:
    return key.created_at if key.activated_at is None else key.activated_at


def _phases(key: SigningKey, keys: Sequence[SigningKey], policy: Policy) -> list[tuple[str, float, float]]:
    began = signs_at(key, keys, policy) if key.activated_at is None else key.activated_at
    ends = _replaced_at(key, keys, policy, began) if key.retired_at is None else key.retired_at
    leaves = ends + policy.token_lifetime_max + policy.slack if key.expires_at is None else key.expires_at
    found = [("next", key.published_at, began), ("active", began, ends), ("retiring", ends, leaves)]
    return found if key.state != "gone" else [*found, ("gone", leaves, leaves + policy.remember)]


def _replaced_at(key: SigningKey, keys: Sequence[SigningKey], policy: Policy, began: float) -> float:
    successor = next((k for k in keys if k.alg == key.alg and k.state == "next" and k.kid != key.kid), None)
    if key.state == "active" and successor is not None:
        return signs_at(successor, keys, policy)
    return began + policy.rotate_after


def _steps(one: Certificate) -> list[tuple[str, float, float | None]]:
    if one.activated_at is None:
        return [("next", one.created_at, None)]
    found: list[tuple[str, float, float | None]] = [("next", one.created_at, one.activated_at)]
    found.append(("active", one.activated_at, one.retired_at))
    return found if one.retired_at is None else [*found, ("retiring", one.retired_at, None)]


def _met(steps: Iterable[tuple[str, float, float | None]], now: float) -> tuple[Phase, ...]:
    return tuple(
        Phase(state, start, end, end is None or end > now) for state, start, end in steps if end is None or end > start
    )
