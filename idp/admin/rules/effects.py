"""What a change of the rules would do to people, in numbers, before it is made (B5, C5).

Whom a rule concerns is decided by groups and roles alone: from where and on which device somebody will come, nobody
knows. So the numbers say how many people may meet a rule, wherever it holds.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from idp.accounts import factors
from idp.accounts.factors import kinds
from idp.accounts.person import Person
from idp.accounts.sign_in_rules.rule import DENY, LEVELS, SECOND, Rule, is_about
from idp.login import authenticators, requirements
from idp.login.authn import PASSWORD, is_multi_factor
from idp.protocols import Services

_PAGE = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Effects:
    """Counts of people who can sign in.

    `concerned`: whom the rule concerns; `without`: who have nothing yet that meets it and will be asked to set it up;
    `stuck`: of those, for whom nothing here would do; `denied`: who are let in no more where the rule holds; `again`:
    who sign in anew after its time; `released`: of whom no rule asks as much any more. `owners`: owners who would be
    left with a way in, of those who have one now.
    """

    concerned: int = 0
    without: int = 0
    stuck: int = 0
    denied: int = 0
    again: int = 0
    released: int = 0
    owners: int = 0
    owners_now: int = 0

    @property
    def is_dangerous(self) -> bool:
        """Whether somebody will notice at their next sign-in, or may sign in with less than before."""
        return bool(self.without or self.stuck or self.denied or self.again or self.released)


def of_change(services: Services, before: Rule | None, after: Rule | None) -> Effects:
    """A rule that becomes another one; None: there is none. One that is off is none."""
    before, after = _on(before), _on(after)
    now = services.rules.refresh()
    others = tuple(one for one in now if one.id not in {rule.id for rule in (before, after) if rule is not None})
    standing = others if after is None else (*others, after)
    enrollable = authenticators.enrollable(services)
    counts: defaultdict[str, int] = defaultdict(int)
    for person, proofs in _everybody(services):
        is_owner = "owner" in person.roles
        if is_owner:
            counts["owners_now"] += not _is_shut_out(services, now, person, proofs, enrollable)
            counts["owners"] += not _is_shut_out(services, standing, person, proofs, enrollable)
        was = before is not None and is_about(before, person.groups, person.roles)
        if after is not None and is_about(after, person.groups, person.roles):
            counts["concerned"] += 1
            _count(services, counts, after, before if was else None, proofs, enrollable)
        if before is not None and was and _strongest(standing, person) < LEVELS.index(_level(before)):
            counts["released"] += 1
    return Effects(**counts)


def lacking(services: Services) -> int:
    """People whom a rule asks for a factor that they do not have yet, somewhere."""
    rules = [one for one in services.rules.refresh() if _level(one) in (SECOND, requirements.PHISHING_RESISTANT)]
    if not rules:
        return 0
    return sum(
        any(is_about(rule, person.groups, person.roles) and not _meets(services, rule.need, proofs) for rule in rules)
        for person, proofs in _everybody(services)
    )


def _count(
    services: Services, counts: defaultdict[str, int], rule: Rule, was: Rule | None,
    proofs: Sequence[tuple[str, ...]], enrollable: dict[str, tuple[str, ...]],
) -> None:  # fmt: skip
    if rule.need == DENY:
        counts["denied"] += was is None or was != rule
        return
    counts["again"] += bool(rule.max_age_minutes) and (was is None or was.max_age_minutes != rule.max_age_minutes)
    if _level(rule) and not _meets(services, rule.need, proofs):
        counts["without"] += 1
        counts["stuck"] += not _meets(services, rule.need, [(PASSWORD, *shown) for shown in enrollable.values()])


def _everybody(services: Services) -> Iterator[tuple[Person, list[tuple[str, ...]]]]:
    """Everybody who can sign in, with what each of their second factors shows: a few reads for a thousand people."""
    held: defaultdict[str, list[tuple[str, ...]]] = defaultdict(list)
    for row in kinds.KINDS.values():
        for one in factors.of_kind(services.db, row.kind) if row.enrolled else ():
            if kinds.works(services.settings, one):
                shown = kinds.shown_by(one)
                held[one.person_id].append(shown if is_multi_factor(shown) else (PASSWORD, *shown))
    sent = [one for row in kinds.KINDS.values() if row.lasts and not row.enrolled
            for one in (authenticators.get(row.kind),)]  # fmt: skip
    after = ""
    while page := services.directory.list(after, _PAGE):
        for person in page:
            if person.enabled:
                by_message = [(PASSWORD, *one.methods) for one in sent if one.is_ready(services, person)]
                yield person, [*held[person.id], *by_message]
        after = page[-1].username


def _is_shut_out(
    services: Services, rules: Sequence[Rule], person: Person, proofs: Sequence[tuple[str, ...]],
    enrollable: dict[str, tuple[str, ...]],
) -> bool:  # fmt: skip
    """Whether the rules leave somebody no way to our own pages, wherever they come from."""
    can = [*proofs, *((PASSWORD, *shown) for shown in enrollable.values())]
    for rule in rules:
        if rule.apps or rule.networks or rule.outside or rule.device != "any":
            continue
        if is_about(rule, person.groups, person.roles) and (rule.need == DENY or not _meets(services, rule.need, can)):
            return True
    return False


def _meets(services: Services, level: str, proofs: Sequence[tuple[str, ...]]) -> bool:
    by_mail = services.settings.factors.email_is_second
    wanted = level if level in LEVELS else ""
    return not wanted or any(requirements.is_met(wanted, proof, email_is_second=by_mail) for proof in proofs)


def _strongest(rules: Sequence[Rule], person: Person) -> int:
    found = [LEVELS.index(_level(rule)) for rule in rules if is_about(rule, person.groups, person.roles)]
    return max(found, default=0)


def _level(rule: Rule) -> str:
    return rule.need if rule.need in LEVELS else ""


def _on(rule: Rule | None) -> Rule | None:
    return rule if rule is not None and rule.enabled else None
