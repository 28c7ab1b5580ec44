"""What held at each moment of a time, for one person and one application: pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from clients import past as apps
from clients.access import Access, Decision, decide
from idp.accounts.past import Membership, Past, Standing


@dataclass(frozen=True, slots=True)
class Window:
    """From a moment until before another, epoch seconds."""

    since: float
    until: float


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time in which one rule decided. `since_seen`: it may have begun earlier; `until_seen`: it ended earlier.

    `since`, `until` are those of the window where it began before that, or went on after.
    """

    since: float
    until: float
    decision: Decision
    since_seen: bool = False
    until_seen: bool = False


@dataclass(frozen=True, slots=True)
class _Then:
    """An application as it stood."""

    enabled: bool
    access: Access


_Times = apps.Standing | Standing | Membership
NO_APP = Decision(False, "no application", "there was no such application")
NO_ACCOUNT = Decision(False, "no account", "the person had no account")
SHUT_OUT = Decision(False, "account off", "the account was shut out")


def stretches(rules: Sequence[apps.Standing], past: Past, window: Window) -> tuple[Stretch, ...]:
    """What decided in each part of a window, in order."""
    times: tuple[_Times, ...] = (*rules, *past.standings, *past.memberships)
    terms = [term for rule in rules for _, term in rule.access.terms]
    turns = [at for term in terms for at in (term.since, term.until) if at is not None]
    found: list[Stretch] = []
    for since, until in _parts(times, turns, window):
        decision = _decided(rules, past, since)
        if found and found[-1].decision == decision:
            found[-1] = replace(found[-1], until=until)
        else:
            found.append(Stretch(since, until, decision))
    return tuple(_marked(one, times) for one in found)


def _parts(times: Iterable[_Times], turns: Iterable[float], window: Window) -> Iterator[tuple[float, float]]:
    """The parts of a window in which nothing changes."""
    moments = {window.since, window.until, *turns}
    for one in times:
        moments.add(one.since)
        moments.add(window.until if one.until is None else one.until)
    inside = sorted(at for at in moments if window.since <= at <= window.until)
    yield from pairwise(inside)


def _decided(rules: Sequence[apps.Standing], past: Past, at: float) -> Decision:
    rule = next((one for one in rules if _holds(one, at)), None)
    account = next((one for one in past.standings if _holds(one, at)), None)
    if rule is None:
        return NO_APP
    if account is None:
        return NO_ACCOUNT
    if not account.enabled:
        return SHUT_OUT
    groups = [one.group for one in past.memberships if _holds(one, at)]
    return decide(_Then(rule.enabled, rule.access), past.person_id, groups, at)


def _holds(one: _Times, at: float) -> bool:
    return one.since <= at and (one.until is None or at < one.until)


def _marked(one: Stretch, times: Iterable[_Times]) -> Stretch:
    """Whether something that makes its bounds was only found to be so."""
    times = tuple(times)
    return replace(
        one,
        since_seen=any(other.since_seen and other.since == one.since for other in times),
        until_seen=any(other.until_seen and other.until == one.until for other in times),
    )
