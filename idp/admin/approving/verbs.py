"""What runs when it was approved: the verb that asked, with what it was called with; and what it would change."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from idp.accounts.roles import RoleGrant
from idp.accounts.sign_in_rules import keeping
from idp.accounts.sign_in_rules.rule import Rule, of_said
from idp.admin.actor import Actor
from idp.admin.approving import of_providers
from idp.ids import digest
from idp.protocols import Services
from idp.texts import N_

Args = Mapping[str, Any]
Lines = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Verb:
    """`run`: the verb by its values; `lines`: label and value of each thing that changes, as things stand now."""

    run: Callable[[Services, Actor, Args], object]
    lines: Callable[[Services, Args], Lines]


#: Labels whose values change by themselves, from one minute to the next: numbers, and not what is done.
PASSING: Final = frozenset((
    N_("Sign-ins that end"), N_("Applications that hold tokens"), N_("Applications that are told"),
    N_("Who came by it"),
))  # fmt: skip


def mark(lines: Lines) -> str:
    """What tells these lines from others, so that nobody approves what they have not seen."""
    return digest(json.dumps([[str(label), str(value)] for label, value in lines if label not in PASSING]))


def grants_said(grants: Sequence[RoleGrant]) -> list[dict[str, Any]]:
    """Roles as a request keeps them."""
    return [{**asdict(one), "scope": None if one.scope is None else list(one.scope)} for one in grants]


def _grants(said: Any) -> tuple[RoleGrant, ...]:
    return tuple(RoleGrant(one["role"], None if one["scope"] is None else tuple(one["scope"]), one["until"])
                 for one in said)  # fmt: skip


# -- keys ------------------------------------------------------------------------------------------------------------


def _promote(services: Services, actor: Actor, args: Args) -> object:
    from idp.admin import certificates, keys

    verb = certificates.promote if args["certificate"] else keys.promote
    return verb(services, actor, args["key"], force=args["force"])


def _withdraw(services: Services, actor: Actor, args: Args) -> object:
    from idp.admin import certificates, keys

    return (certificates.withdraw if args["certificate"] else keys.withdraw)(services, actor, args["key"])


def _key_lines(services: Services, args: Args) -> Lines:
    from idp.admin import key_readers

    lines = [(N_("Certificate") if args["certificate"] else N_("Key"), str(args["key"]))]
    held = [key for key in key_readers.keys_of(services) if args["key"] in (key.kid, key.slot)]
    lines += [(N_("Key ID"), f"{key.kid} ({key.state})") for key in held]
    for report in key_readers.made(services, held):
        without = ", ".join(one.name for one in report.without) or "0"
        lines.append((N_("Applications that are known not to have it"), without))
    if args.get("force"):
        lines.append((N_("Though applications may not have it"), N_("yes")))
    return lines


# -- people ----------------------------------------------------------------------------------------------------------


def _turn_off(services: Services, actor: Actor, args: Args) -> object:
    from idp.admin import planned_ends, turning_off

    person = services.directory.get(args["person"])
    if args.get("at") is not None and args["at"] > services.clock():
        return planned_ends.plan(services, actor, person, args["at"], args["zone"])
    return turning_off.turn_off(services, actor, person)


def _remove(services: Services, actor: Actor, args: Args) -> object:
    from idp.admin import people

    people.remove(services, actor, services.directory.get(args["person"]))
    return None


def _join(services: Services, actor: Actor, args: Args) -> object:
    from idp.admin import joining

    return joining.join(services, actor, services.directory.get(args["kept"]), services.directory.get(args["gone"]))


def _join_lines(services: Services, args: Args) -> Lines:
    from idp.accounts import joining
    from idp.federation import links

    kept, gone = (services.directory.find(args[name]) for name in ("kept", "gone"))
    if kept is None or gone is None:
        return [(N_("Person"), str(args["gone"]))]
    accounts = ", ".join(one.label for one in links.every_of(services.db, gone.id))
    ways = ", ".join(one.label or one.kind for one in joining.authenticators_of(services, gone.id))
    groups = ", ".join(one.name for one in joining.groups_of(services.db, kept.id, gone.id))
    return [
        (N_("Who stays"), f"{kept.name} ({kept.username})"), (N_("Who becomes the same person"), f"{gone.name} "
         f"({gone.username})"), (N_("Accounts elsewhere"), accounts or "0"), (N_("Authenticators"), ways or "0"),
        (N_("Groups"), groups or "0"),
    ]  # fmt: skip


def _end(services: Services, actor: Actor, args: Args) -> object:
    from idp.admin.break_glass import keeping

    return keeping.end(services, actor, args["person"])


def _person_lines(services: Services, args: Args) -> Lines:
    from idp.admin import turning_off

    person = services.directory.find(args["person"])
    if person is None:
        return [(N_("Person"), str(args["person"]))]
    effect = turning_off.effect_of(services, person)
    apps = ", ".join(one.name for one in effect.applications)
    lines = [
        (N_("Person"), f"{person.name} ({person.username})"), (N_("Sign-ins that end"), str(effect.sessions)),
        (N_("Applications that hold tokens"), str(effect.grants)), (N_("Applications that are told"), apps or "0"),
    ]  # fmt: skip
    if args.get("at") is not None:
        lines.append((N_("At"), _moment(args["at"])))
        if args["at"] <= services.clock():
            lines.append((N_("That moment is over"), AT_ONCE))
    return lines


#: Of a moment that was over before somebody approved.
AT_ONCE: Final = N_("turned off at once when it is approved")


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _roles(services: Services, actor: Actor, args: Args) -> object:
    from idp.admin import granting

    person = services.directory.get(args["person"])
    return granting.change_roles(services, actor, person, give=_grants(args["give"]), take=args["take"])


def _role_lines(services: Services, args: Args) -> Lines:
    person = services.directory.find(args["person"])
    given = [line for one in _grants(args["give"]) for line in _grant_lines(services, one)]
    return [
        (N_("Person"), f"{person.name} ({person.username})" if person is not None else str(args["person"])),
        (N_("Roles now"), ", ".join(person.roles) if person is not None else ""),
        *given, *([(N_("Loses"), ", ".join(args["take"]))] if args["take"] else []),
    ]  # fmt: skip


def _grant_lines(services: Services, one: RoleGrant) -> Lines:
    lines = [(N_("Gets"), one.role)]
    if one.scope is not None:
        clients = {id: services.registry.find(id) for id in one.scope} if one.role == "app_admin" else {}
        names = [f"{client.name} ({id})" if (client := clients.get(id)) else id for id in one.scope]
        lines.append((N_("Limited to"), ", ".join(names)))
    if one.until is not None:
        lines.append((N_("Ends on"), _moment(one.until)))
    return lines


# -- rules -----------------------------------------------------------------------------------------------------------


def _rule(services: Services, actor: Actor, args: Args) -> object:
    from idp.admin.rules import changing

    rule = args.get("rule", "")
    verbs: Mapping[str, Callable[[], object]] = {
        "add": lambda: changing.add(services, actor, args["said"], enabled=args["enabled"]),
        "change": lambda: changing.change(services, actor, rule, args["said"], seen=args["seen"]),
        "turn": lambda: changing.turn(services, actor, rule, on=args["on"]),
        "remove": lambda: changing.remove(services, actor, rule),
        "restore": lambda: changing.restore(services, actor, rule),
    }
    return verbs[args["how"]]()


#: What is done to a rule, as the page of a request says it.
HOW: Final[Mapping[str, str]] = {
    "add": N_("a new rule"), "change": N_("another wording"), "turn": N_("off, or on"), "remove": N_("removed"),
    "restore": N_("brought back"),
}  # fmt: skip


def _rule_lines(services: Services, args: Args) -> Lines:
    found = keeping.find(services.db, args["rule"]) if args.get("rule") else None
    before = found.rule.said() if found is not None else {}
    lines = [(N_("What is done"), HOW[args["how"]])]
    if found is not None:
        lines.append((N_("Rule"), found.rule.name))
    if "on" in args:
        lines.append((N_("Turned on"), N_("yes") if args["on"] else N_("no")))
    said = args.get("said", {})
    for name in dict.fromkeys((*before, *said)) if "said" in args else ():
        old, new = (json.dumps(one, ensure_ascii=False) for one in (before.get(name), said.get(name)))
        if old != new:
            lines.append((name, f"{old} → {new}" if name in before else new))
    return [*lines, *_rule_effects(services, args, found.rule if found is not None else None)]


def _rule_effects(services: Services, args: Args, kept: Rule | None) -> Lines:
    """In numbers, as the page of the rule says them."""
    from idp.admin.rules import effects

    said, how = args.get("said"), args["how"]
    is_on = args.get("on", args.get("enabled", kept.enabled if kept is not None else True))
    after = of_said(args.get("rule", ""), said, enabled=is_on) if said is not None else kept
    if after is not None and how in ("turn", "restore"):
        after = replace(after, enabled=is_on)
    before = kept if how in ("change", "remove", "turn") else None
    found = effects.of_change(services, before, None if how == "remove" else after)
    return [
        (N_("People whom it concerns"), str(found.concerned)),
        (N_("Who will be asked to set something up"), str(found.without)),
        (N_("Who are let in no more"), str(found.denied)), (N_("Of whom less is asked"), str(found.released)),
    ]  # fmt: skip


VERBS: Final[Mapping[str, Verb]] = {
    "keys.promote": Verb(_promote, _key_lines),
    "keys.withdraw": Verb(_withdraw, _key_lines),
    "people.turn_off": Verb(_turn_off, _person_lines),
    "people.remove": Verb(_remove, _person_lines),
    "people.join": Verb(_join, _join_lines),
    "break_glass.end": Verb(_end, _person_lines),
    "people.roles": Verb(_roles, _role_lines),
    "rules.change": Verb(_rule, _rule_lines),
    "providers.change": Verb(*of_providers.ROW),
}
