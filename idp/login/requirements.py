"""How much proof a sign-in needs, by the operator's rules: per group, application, network and device (F9)."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from idp.accounts.person import fold
from idp.login.authn import ADMIN_CODE, EMAIL, PASSWORD, is_multi_factor, resists_phishing

if TYPE_CHECKING:
    from idp.config import FactorRule as Rule

SECOND = "second"
PHISHING_RESISTANT = "phishing-resistant"
_RANK = ("", SECOND, PHISHING_RESISTANT)
_DAY = 86400.0


@dataclass(frozen=True, slots=True)
class Need:
    """What is needed. `due`: epoch seconds until which somebody without any second factor may put it off (F8)."""

    level: str = ""
    why: str = ""
    due: float = 0.0


NONE = Need()


def needed(
    rules: Sequence[Rule], groups: Sequence[str], client_id: str, address: str,
    is_known_device: Callable[[], bool], now: float, since: float = 0.0,
) -> Need:  # fmt: skip
    """The strongest need of all rules that apply; of equals the one due first. `since`: the person's first day."""
    found = NONE
    for rule in rules:
        begins = starts_at(rule)
        if begins <= now and _applies(rule, groups, client_id, address, is_known_device):
            due = max(begins, since) + rule.grace_days * _DAY if rule.grace_days else 0.0
            candidate = Need(rule.need, rule.why, due)
            if _RANK.index(candidate.level) > _RANK.index(found.level) or (
                candidate.level == found.level and candidate.due < found.due
            ):
                found = candidate
    return found


def is_met(level: str, methods: Sequence[str], *, email_is_second: bool = False) -> bool:
    """Whether what was shown is enough to be let in here. What applications are told is another matter: `authn`."""
    if not level:
        return True
    if ADMIN_CODE in methods and len(methods) > 1:
        return True
    if level == PHISHING_RESISTANT:
        return resists_phishing(methods)
    return is_multi_factor(methods) or (email_is_second and PASSWORD in methods and EMAIL in methods)


def concerns(rule: Rule, groups: Sequence[str], now: float) -> bool:
    """Whether a rule asks this person for more somewhere, wherever that is."""
    return starts_at(rule) <= now and (not rule.groups or _is_member(rule, groups))


def _is_member(rule: Rule, groups: Sequence[str]) -> bool:
    """A group's name is the same in any spelling, so that no rule fails to hold for its capitals."""
    return bool(set(map(fold, rule.groups)) & set(map(fold, groups)))


def starts_at(rule: Rule) -> float:
    """When a rule begins to hold, epoch seconds; midnight UTC of its day."""
    return datetime.fromisoformat(rule.starts).replace(tzinfo=UTC).timestamp() if rule.starts else 0.0


def _applies(
    rule: Rule, groups: Sequence[str], client_id: str, address: str, is_known_device: Callable[[], bool]
) -> bool:
    if rule.groups and not _is_member(rule, groups):
        return False
    if rule.apps and client_id not in rule.apps:
        return False
    if rule.networks and not _is_within(address, rule.networks, unreadable=True):
        return False
    if rule.outside and _is_within(address, rule.outside, unreadable=False):
        return False
    return rule.device == "any" or not is_known_device()


def _is_within(address: str, networks: Sequence[str], *, unreadable: bool) -> bool:
    """Whether it is; `unreadable` for an address that cannot be read: whoever hides it is asked for more."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return unreadable
    return any(parsed in ipaddress.ip_network(network) for network in networks)
