"""`doorward rule …`: what signing in takes, by rule; and what a sign-in would come to."""

from __future__ import annotations

import contextlib
import difflib
from argparse import Namespace
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from idp.cli import histories, rule_options, rule_simulation
from idp.cli.by_hand import by_hand
from idp.cli.installation import actor, opened
from idp.cli.terminal import command, complain, group, print_json, print_table, printable, say, with_json
from idp.installation.failures import Refused

if TYPE_CHECKING:
    from idp.accounts.sign_in_rules import Rule
    from idp.accounts.sign_in_rules.keeping import Kept
    from idp.admin.actor import Actor
    from idp.admin.rules.changing import Every
    from idp.admin.rules.effects import Effects
    from idp.protocols import Services

_OWNERS = "this rule would leave no owner a way in; limit it to groups, networks or applications"
_ALL = "nobody whom it concerns has what it asks for, or could set it up here; see [passkeys] and the issuer's host"


def add_parsers(commands: Any) -> None:
    """Add `rule`."""
    verbs = group(commands, "rule", "what signing in takes: second factors, from where, for whom")
    with_json(command(verbs, "list", run_list, "list the rules, those of the settings file first"))
    _rule(with_json(command(verbs, "show", run_show, "what a rule asks, and of whom")))
    add = _yes(with_json(command(verbs, "add", run_add, "add a rule")))
    add.add_argument("--name", required=True, help="what it is called here")
    rule_options.add_options(add)
    add.add_argument("--off", action="store_true", help="keep it, and do not let it hold yet")
    change = command(verbs, "change", run_change, "change what a rule asks, or turn it off and on")
    change = _yes(_rule(with_json(change)))
    change.add_argument("--name", help="another name")
    rule_options.add_options(change)
    state = change.add_mutually_exclusive_group()
    state.add_argument("--on", action="store_true", help="it holds from now on")
    state.add_argument("--off", action="store_true", help="it holds no more, and is kept")
    change.add_argument("--move", type=int, metavar="N", default=0, help="so many places down; up with a minus")
    remove = command(verbs, "remove", run_remove, "remove a rule; it can be brought back for 30 days")
    _yes(_rule(with_json(remove)))
    restore = _yes(with_json(command(verbs, "restore", run_restore, "bring a removed rule back")))
    restore.add_argument("rule", metavar="RULE", help="its name or id")
    rule_simulation.add_parser(verbs)
    histories.add_parsers(verbs, histories.RULE)


def _rule(parser: Any) -> Any:
    parser.add_argument("rule", metavar="RULE", help="its name or id")
    return parser


def _yes(parser: Any) -> Any:
    parser.add_argument("--yes", action="store_true", help="do it, whatever it means for people; without, it is told")
    return parser


# -- verbs -----------------------------------------------------------------------------------------------------------


def run_list(args: Namespace) -> None:
    """List rules."""
    with opened(args) as services:
        every, managed = _every(services), _managers(services)
    if args.json:
        print_json({
            "rules": [_json(rule, managed) for rule in _rules(every)],
            "removed": [_json(kept.rule, managed) for kept in every.removed],
        })  # fmt: skip
        return
    columns = ("Rule", "Id", "Needs", "For", "On", "From")
    rows = [_row(rule, managed) for rule in _rules(every)]
    print_table(columns, rows, "No rules: nobody is asked for a second factor that they did not set up themselves.")


def run_show(args: Namespace) -> None:
    """Show one."""
    with opened(args) as services:
        rule, managed = find(services, args.rule), _managers(services)
    if args.json:
        print_json(_json(rule, managed))
        return
    said = {key: value for key, value in rule.said().items() if key != "name"}
    lines = [f"{rule.name or rule.id} ({rule.id}), {'on' if rule.enabled else 'off'}, {_from(rule, managed)}"]
    lines += [
        f"  {key.replace('_', ' ')}: {printable(_text(value))}" for key, value in {"need": rule.need, **said}.items()
    ]
    say(*lines)


def run_add(args: Namespace) -> None:
    """Add one, and say what it does to people."""
    with opened(args) as services, explained():
        from idp.admin.rules import changing, checking

        said = {"name": args.name, **rule_options.said(services, args)}
        wanted = checking.checked(services, said, enabled=not args.off)
        found = _looked(services, args, None, wanted)
        kept = changing.add(services, _shell(), said, enabled=not args.off)
    _done(args, kept, "Added", found)


def run_change(args: Namespace) -> None:
    """Change one."""
    with opened(args) as services, explained():
        from idp.admin.rules import changing, checking

        before = find(services, args.rule)
        _check_kept(before)
        said = {**before.said(), **rule_options.said(services, args), **({"name": args.name} if args.name else {})}
        enabled = args.on or (before.enabled and not args.off)
        wanted = checking.checked(services, said, before.id, enabled=enabled)
        found = _looked(services, args, before, wanted)
        with by_hand(services, "rule", before.id, before.name):
            kept = changing.get(services, _shell(), before.id)
            if wanted.said() != before.said():
                kept = changing.change(services, _shell(), before.id, wanted.said())
            if enabled != before.enabled:
                kept = changing.turn(services, _shell(), before.id, on=enabled)
            if args.move:
                changing.move(services, _shell(), before.id, args.move)
    _done(args, kept, "Changed", found)


def run_remove(args: Namespace) -> None:
    """Remove one."""
    with opened(args) as services, explained():
        from idp.admin.rules import changing

        before = find(services, args.rule)
        _check_kept(before)
        found = _looked(services, args, before, None)
        with by_hand(services, "rule", before.id, before.name):
            kept = changing.remove(services, _shell(), before.id)
    _done(args, kept, "Removed", found)


def run_restore(args: Namespace) -> None:
    """Bring one back."""
    with opened(args) as services, explained():
        from idp.admin.rules import changing

        every = _every(services)
        wanted = _meant([kept.rule for kept in every.removed], args.rule)
        if wanted is None:
            raise Refused(f"no rule {printable(args.rule)[:60]} was removed in the last 30 days")
        found = _looked(services, args, None, wanted)
        kept = changing.restore(services, _shell(), wanted.id)
    _done(args, kept, "Brought back", found)


# -- below -----------------------------------------------------------------------------------------------------------


def find(services: Services, given: str) -> Rule:
    """The rule of this name or id. Errors: `Refused`, with the name that looks like it."""
    rules = _rules(_every(services))
    found = _meant(rules, given)
    if found is None:
        names = [one.name or one.id for one in rules]
        near = difflib.get_close_matches(given[:80], names, n=1, cutoff=0.5)
        hint = f"did you mean “{near[0]}”?" if near else "`doorward rule list` has all"
        raise Refused(f"there is no rule “{printable(given)[:60]}”; {hint}")
    return found


def _meant(rules: list[Rule], given: str) -> Rule | None:
    from idp.accounts.person import fold

    return next((one for one in rules if one.id == given or (one.name and fold(one.name) == fold(given))), None)


def _every(services: Services) -> Every:
    from idp.admin.rules import changing

    return changing.every(services, _shell())


def _rules(every: Every) -> list[Rule]:
    return [*every.fixed, *(kept.rule for kept in every.kept)]


def _managers(services: Services) -> dict[str, str]:
    from idp.admin.configuration import marks

    return {mark.id: mark.manager for mark in marks.all_of(services.db).values() if mark.kind == "rule"}


def _shell() -> Actor:
    from idp.admin.actor import of_shell

    return of_shell(actor())


def _looked(services: Services, args: Namespace, before: Rule | None, after: Rule | None) -> Effects:
    """What it does to people. Errors: `Refused` where somebody would notice, unless that is meant."""
    from idp.admin.configuration.sign_in_rules import sentences
    from idp.admin.rules import changing

    found = changing.look(services, _shell(), before, after)
    if found.is_dangerous and not args.yes:
        raise Refused(f"{'; '.join(sentences(found))}. Nothing is changed yet: give --yes to do it")
    return found


def _check_kept(rule: Rule) -> None:
    if rule.fixed:
        raise Refused(f"{rule.name or rule.id} stands in the settings file, below [[factors.rules]]: change it there")


@contextlib.contextmanager
def explained() -> Iterator[None]:
    """What the verbs say no with. Errors: `Refused`."""
    from idp.accounts.sign_in_rules.keeping import MAX_RULES, TooMany, UnknownRule
    from idp.admin.rules.changing import ShutsOut
    from idp.admin.rules.checking import InvalidRule

    try:
        yield
    except InvalidRule as error:
        raise Refused("; ".join(f"{rule_options.option(one.field)}: {one.message}" for one in error.problems)) from None
    except ShutsOut as error:
        raise Refused(_ALL if error.whom == "all" else _OWNERS) from None
    except TooMany:
        raise Refused(f"there are {MAX_RULES} rules, as many as there may be: put some of them together") from None
    except UnknownRule:
        raise Refused("somebody removed this rule just now") from None


def _done(args: Namespace, kept: Kept, word: str, found: Effects) -> None:
    from dataclasses import asdict

    from idp.admin.configuration.sign_in_rules import sentences

    if args.json:
        print_json({**_json(kept.rule, {}), "effects": asdict(found)})
        return
    say(f"{word}: {kept.rule.name or kept.rule.id} ({kept.rule.id}). Every server holds to it from now on.")
    complain(*(f"note: {line}" for line in sentences(found)))


def _json(rule: Rule, managed: dict[str, str]) -> dict[str, Any]:
    return {
        "id": rule.id, "name": rule.name, "on": rule.enabled, "fixed": rule.fixed, "managed_by": managed.get(rule.id),
        "need": rule.need, **{key: value for key, value in rule.said().items() if key != "name"},
    }  # fmt: skip


def _row(rule: Rule, managed: dict[str, str]) -> tuple[Any, ...]:
    needs = rule.need + (f", sign-in of the last {rule.max_age_minutes} min" if rule.max_age_minutes else "")
    said = rule.said()
    whom = "; ".join(
        f"{key}: {_text(said[key])}"
        for key in ("groups", "roles", "apps", "networks", "outside", "device", "starts") if key in said
    )  # fmt: skip
    return printable(rule.name), rule.id, needs, printable(whom) or "everyone", rule.enabled, _from(rule, managed)


def _from(rule: Rule, managed: dict[str, str]) -> str:
    return "the settings file" if rule.fixed else managed.get(rule.id) or "here"


def _text(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
