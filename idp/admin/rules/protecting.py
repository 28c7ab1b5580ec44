"""What rules ask of those who may do more than whoever changes the rules stays as strong as it was (C2).

Decided by what decides at the door: what is needed before and after is worked out for each of them at every place where
some rule could tell the difference: each application that a rule names, both ends of each network, a known device and
an unknown one, now and on each day on which a rule begins.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Final

from idp.accounts import roles
from idp.accounts.person import Person
from idp.accounts.sign_in_rules.rule import DENY, LEVELS, Rule, is_about, starts_at
from idp.admin.actor import Actor, NotAllowed
from idp.admin.permissions import Permission
from idp.login import requirements
from idp.login.requirements import Circumstances, Need
from idp.protocols import Services

#: Looks at a rule or one of its networks. With more, nobody can say within a page's time that nothing is weaker.
_MOST: Final = 50_000


class AsksLess(NotAllowed):
    """Owners would sign in with less than before, by the word of somebody who is none."""

    whom: Final = "above"

    def __init__(self) -> None:
        why = (
            "owners would have to show less than before to sign in; ask an owner to do it, or leave owners as they are"
        )
        super().__init__(Permission.RULES_CHANGE, why)


@dataclass(frozen=True)
class Standing:
    """The rules that hold, and those who may do more than whoever changes them."""

    rules: tuple[Rule, ...]
    above: tuple[Person, ...]


def standing(services: Services, actor: Actor) -> Standing:
    """How it is at this moment. Nobody is above an owner, and nothing is read then."""
    if actor.scope(Permission.ROLES_GRANT) is None:
        return Standing((), ())
    now = services.clock()
    above = tuple(
        one for one in services.directory.owners()
        if one.id != actor.id and not actor.outranks(roles.grants_of(services.db, one.id, one.roles, now))
    )  # fmt: skip
    return Standing(services.rules.refresh(), above)


def check_change(services: Services, actor: Actor, before: Rule | None, after: Rule | None) -> None:
    """For a rule that becomes another one; None: there is none. Errors: `AsksLess`."""
    was = standing(services, actor)
    if not was.above:
        return
    # Whom a rule denies is looked at apart: nobody shuts out an owner, by however narrow a rule.
    changed = {one.id for one in (before, after) if one is not None}
    others = tuple(one for one in was.rules if one.id not in changed)
    check(services, was, replace(was, rules=others if after is None or not after.enabled else (*others, after)))


def check_leaving(services: Services, actor: Actor, group: str) -> None:
    """For the end of a group. Errors: `NotAllowed` where somebody who may do more is in it: nobody moves them about."""
    for one in standing(services, actor).above:
        if is_about(Rule(id="", groups=(group,)), one.groups):
            actor.check_person(services, Permission.GROUPS_CHANGE, one)


def check_all(services: Services, actor: Actor, before: Standing) -> None:
    """For changes that were made together, in the transaction that they were made in.

    Errors: `AsksLess`; `NotAllowed` where somebody above is not let in somewhere any more.
    """
    if not before.above:
        return
    after = standing(services, actor)
    check(services, before, after)
    denies = {one for one in after.rules if one.need == DENY} - set(before.rules)
    for one in after.above:
        if _of(denies, one):
            actor.check_person(services, Permission.RULES_CHANGE, one)


def check(services: Services, before: Standing, after: Standing) -> None:
    """Whether everybody above is asked for as much as before, in every place. Errors: `AsksLess`."""
    now, then, seen = services.clock(), {one.id: one for one in after.above}, set()
    for one in before.above:
        last = then.get(one.id, one)
        was, will = _of(before.rules, one), _of(after.rules, last)
        key = (was, will, one.created_at if any(rule.grace_days for rule in (*was, *will)) else 0.0)
        if was == will or key in seen:
            continue
        seen.add(key)
        if any(_is_less(*needs) for needs in _needs(was, will, one, last, now)):
            raise AsksLess


def _of(rules: Iterable[Rule], person: Person) -> tuple[Rule, ...]:
    """What can ask something of somebody. Rules of roles are theirs as long as the role is, which is not looked at."""
    return tuple(one for one in rules if one.enabled and is_about(one, person.groups, person.roles))


def _needs(
    was: Sequence[Rule], will: Sequence[Rule], before: Person, after: Person, now: float
) -> Iterator[tuple[Need, Need, float]]:
    rules = (*was, *will)
    places = list(product(_apps(rules), _addresses(rules), (True, False), _times(rules, now)))
    if len(places) * sum(1 + len(one.networks) + len(one.outside) for one in rules) > _MOST:
        raise AsksLess
    for app, address, is_known, at in places:
        yield (
            _need(was, before, app, address, is_known, at), _need(will, after, app, address, is_known, at), at
        )  # fmt: skip


def _need(rules: Sequence[Rule], person: Person, app: str, address: str, is_known: bool, at: float) -> Need:
    here = Circumstances(person.groups, app, address, lambda: is_known, at, person.roles)
    return requirements.needed(rules, here, person.created_at)


def _is_less(was: Need, will: Need, at: float) -> bool:
    if LEVELS.index(will.level) < LEVELS.index(was.level):
        return True
    if was.max_age and not 0 < will.max_age <= was.max_age and will.level != DENY:
        return True
    # A stronger demand that may be put off for longer than a weaker one takes the weaker one back meanwhile.
    return bool(was.level) and will.due > max(was.due, at)


def _apps(rules: Iterable[Rule]) -> list[str]:
    return ["", *dict.fromkeys(app for rule in rules for app in rule.apps)]


def _addresses(rules: Iterable[Rule]) -> list[str]:
    """One of each set of addresses that the networks tell apart, and one that cannot be read."""
    found = dict.fromkeys(("", str(ipaddress.IPv4Address(0)), str(ipaddress.IPv6Address(0))))
    for given in {network for rule in rules for network in (*rule.networks, *rule.outside)}:
        network = ipaddress.ip_network(given)
        found[str(network.network_address)] = None
        last = network.broadcast_address
        if int(last) + 1 < 1 << network.max_prefixlen:
            found[str(last + 1)] = None
    return list(found)


def _times(rules: Iterable[Rule], now: float) -> list[float]:
    return [now, *dict.fromkeys(start for rule in rules if (start := starts_at(rule)) > now)]
