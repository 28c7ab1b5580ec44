"""How much proof a sign-in needs, by rule: per group, role, application, network and device (F9, R4).

Every rule that holds counts, and the strongest of them wins; their order only says whose reason is told of equals.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from idp.accounts.sign_in_rules.rule import (
    DENY,
    LEVELS,
    PHISHING_RESISTANT,
    SECOND,
    About,
    is_about,
    starts_at,
)
from idp.login.authn import ADMIN_CODE, EMAIL, PASSWORD, is_multi_factor, resists_phishing

__all__ = ["DENY", "NONE", "PHISHING_RESISTANT", "SECOND", "Need", "concerns", "is_met", "needed", "starts_at",
           "why_not"]  # fmt: skip
_DAY = 86400.0


class Rule(About, Protocol):
    """What decides, as a rule of the settings file or of the database has it."""

    @property
    def apps(self) -> Sequence[str]: ...
    @property
    def networks(self) -> Sequence[str]: ...
    @property
    def outside(self) -> Sequence[str]: ...
    @property
    def device(self) -> str: ...
    @property
    def max_age_minutes(self) -> int: ...
    @property
    def grace_days(self) -> int: ...
    @property
    def why(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Need:
    """What is needed. `due`: epoch seconds until which somebody without any second factor may put it off (F8).

    `max_age`: seconds after which a sign-in is too old here; 0: never. `rule`, `age_rule`: those that decided.
    """

    level: str = ""
    why: str = ""
    due: float = 0.0
    max_age: float = 0.0
    rule: Any = field(default=None, compare=False)
    age_rule: Any = field(default=None, compare=False)


NONE = Need()


@dataclass(frozen=True, slots=True)
class Circumstances:
    """Who signs in to what, from where and when: all that the conditions of rules are about.

    `is_known_device` is asked only where a rule depends on it.
    """

    groups: Sequence[str]
    client_id: str
    address: str
    is_known_device: Callable[[], bool]
    at: float
    roles: Sequence[str] = ()


def needed(rules: Sequence[Rule], here: Circumstances, since: float = 0.0) -> Need:
    """The strongest need of all rules that apply; of equals the one due first. `since`: the person's first day."""
    found, max_age, age_rule = NONE, 0.0, None
    for rule in rules:
        if why_not(rule, here):
            continue
        if rule.max_age_minutes and (not max_age or rule.max_age_minutes * 60.0 < max_age):
            max_age, age_rule = rule.max_age_minutes * 60.0, rule
        due = max(starts_at(rule), since) + rule.grace_days * _DAY if rule.grace_days else 0.0
        level = rule.need if rule.need in LEVELS else ""
        if LEVELS.index(level) > LEVELS.index(found.level) or (level and level == found.level and due < found.due):
            found = Need(level, rule.why, due, rule=rule)
    return replace(found, max_age=max_age, age_rule=age_rule) if max_age else found


def is_met(level: str, methods: Sequence[str], *, email_is_second: bool = False) -> bool:
    """Whether what was shown is enough to be let in here. What applications are told is another matter: `authn`."""
    if not level:
        return True
    if level == DENY:
        return False
    if ADMIN_CODE in methods and len(methods) > 1:
        return True
    if level == PHISHING_RESISTANT:
        return resists_phishing(methods)
    return is_multi_factor(methods) or (email_is_second and PASSWORD in methods and EMAIL in methods)


def concerns(rule: About, groups: Sequence[str], now: float, roles: Sequence[str] = ()) -> bool:
    """Whether a rule asks this person for another factor somewhere, wherever that is."""
    return rule.need in (SECOND, PHISHING_RESISTANT) and starts_at(rule) <= now and is_about(rule, groups, roles)


def why_not(rule: Rule, here: Circumstances) -> str:
    """The first condition that keeps a rule from holding here, by its name; '' where it holds."""
    if starts_at(rule) > here.at:
        return "starts"
    if not is_about(rule, here.groups, here.roles):
        return "roles" if is_about(_AnyRole(rule.groups), here.groups) else "groups"
    if rule.apps and here.client_id not in rule.apps:
        return "apps"
    if rule.networks and not _is_within(here.address, rule.networks, unreadable=True):
        return "networks"
    if rule.outside and _is_within(here.address, rule.outside, unreadable=False):
        return "outside"
    return "device" if rule.device != "any" and here.is_known_device() else ""


@dataclass(frozen=True, slots=True)
class _AnyRole:
    """The groups of a rule alone."""

    groups: Sequence[str]
    roles: Sequence[str] = ()
    need: str = ""
    starts: str = ""


def _is_within(address: str, networks: Sequence[str], *, unreadable: bool) -> bool:
    """Whether it is; `unreadable` for an address that cannot be read: whoever hides it is asked for more."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return unreadable
    return any(parsed in ipaddress.ip_network(network) for network in networks)
