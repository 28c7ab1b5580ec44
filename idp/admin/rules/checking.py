"""Whether a rule says something that can hold: its fields, and that its groups and applications exist."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError

from idp.accounts import groups
from idp.accounts.person import fold
from idp.accounts.sign_in_rules import keeping
from idp.accounts.sign_in_rules.rule import SAID, Rule, of_said
from idp.config import FactorRule
from idp.protocols import Services
from idp.texts import N_

_EXPECTED: Final = {
    "name": N_("Expected at most 80 characters."),
    "need": N_("Choose what is needed."),
    "max_age_minutes": N_("Expected a number of minutes up to 525600, or nothing."),
    "networks": N_("Expected networks such as 192.0.2.0/24 or 2001:db8::/32, one a line."),
    "outside": N_("Expected networks such as 192.0.2.0/24 or 2001:db8::/32, one a line."),
    "roles": N_("Expected owner, admin, app_admin, help_desk or auditor."),
    "device": N_("Expected any or unknown."),
    "starts": N_("Expected a day such as 2026-12-01, or nothing."),
    "grace_days": N_("Expected a number of days up to 365, or nothing."),
    "why": N_("Expected at most 300 characters."),
}
_NOTHING = N_("It would ask for nothing: choose what is needed, or how old a sign-in may be.")
_DENIES = N_("A rule that lets nobody in has neither days to put it off nor an age of the sign-in.")
_PLAIN = N_("Expected text in one line.")


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one field, a sentence."""

    field: str
    message: str


class InvalidRule(Exception):
    """A rule that cannot be. `problems`: all that is wrong."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(f"{one.field}: {one.message}" for one in problems))


def checked(
    services: Services, said: Mapping[str, Any], rule_id: str = "", *, enabled: bool = True,
    also_groups: Collection[str] = (), also_apps: Collection[str] = (),
) -> Rule:  # fmt: skip
    """The rule. `also_groups`, `also_apps`: those that are made beside it. Errors: `InvalidRule`."""
    said = {key: value for key, value in said.items() if key in SAID}
    try:
        valid = FactorRule.model_validate(said)
    except ValidationError as error:
        raise InvalidRule([*_problems(error)]) from None
    plain = valid.model_dump()
    problems = [*_of_name(services, plain["name"], rule_id)]
    problems += [
        Problem(key, _PLAIN)
        for key in ("name", "why")
        if plain[key] != " ".join(plain[key].split()) or not plain[key].isprintable()
    ]
    problems += [*_unknown_groups(services, plain["groups"], also_groups), *_unknown_apps(services, plain, also_apps)]
    if problems:
        raise InvalidRule(problems)
    return of_said(rule_id, plain, enabled=enabled)


def _problems(error: ValidationError) -> Iterator[Problem]:
    seen = set()
    for one in error.errors():
        field = str(one["loc"][0]) if one["loc"] else ""
        if not field:
            field, message = ("need", _DENIES if "deny lets" in one["msg"] else _NOTHING)
        else:
            message = _EXPECTED.get(field, one["msg"])
        if field not in seen:
            seen.add(field)
            yield Problem(field, message)


def _of_name(services: Services, name: str, rule_id: str) -> Iterator[Problem]:
    """By its name a rule is found again, in files and on the command line."""
    if not name.strip():
        yield Problem("name", N_("Give it a name."))
    elif any(fold(one.rule.name) == fold(name) and one.rule.id != rule_id for one in keeping.list_of(services.db)):
        yield Problem("name", N_("There is a rule of this name already."))


def _unknown_groups(services: Services, names: Sequence[str], also: Collection[str]) -> Iterator[Problem]:
    """A rule for a group that is not there would hold for nobody, and nobody would notice."""
    for name in names:
        if groups.find(services.db, name) is None and fold(name) not in set(map(fold, also)):
            near = ", ".join(groups.similar(services.db, name))
            yield Problem(
                "groups",
                N_("There is no group %(name)s. Did you mean %(near)s?", name=name[:60], near=near) if near
                else N_("There is no group %(name)s.", name=name[:60]),
            )  # fmt: skip
            return


def _unknown_apps(services: Services, plain: Mapping[str, Any], also: Collection[str]) -> Iterator[Problem]:
    for client_id in plain["apps"]:
        if services.registry.find(client_id) is None and client_id not in also:
            yield Problem("apps", N_("There is no application %(name)s.", name=client_id[:60]))
            return
