"""`doorward demo-data`: fill an installation with a company that was never there, to try things and to measure on."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING, Any

from idp.cli.installation import actor, opened
from idp.cli.terminal import command, count_people, print_json, progress_of, say, with_json
from idp.installation.failures import Refused

if TYPE_CHECKING:
    from idp.protocols import Services

_MOST = {"people": 1_000_000, "apps": 50_000, "events": 100_000_000}
_EVENTS = 10  # for each person, where nothing else is said


def add_parsers(commands: Any) -> None:
    """Add `demo-data`."""
    parser = with_json(
        command(commands, "demo-data", run, "add people, applications and 400 days of sign-ins that never were")
    )
    parser.add_argument("--people", metavar="N", type=int, required=True, help="so many; 100000 take half a minute")
    parser.add_argument("--apps", metavar="N", type=int, required=True, help="so many applications")
    parser.add_argument("--events", metavar="N", type=int, help="so many events in the audit log (10 a person)")
    parser.add_argument("--seed", metavar="N", type=int, default=1, help="another one makes another company (1)")
    parser.add_argument("--beside", action="store_true", help="also where people are that are no demo data")
    parser.add_argument(
        "--password-stdin", action="store_true",
        help="let them all sign in with the first line of standard input; else nobody of them can",
    )  # fmt: skip


def run(args: Namespace) -> None:
    """Check what is asked for, then make it."""
    counts = _counts(args)
    with opened(args) as services, progress_of("demo data") as show:
        from idp.db import Conflict
        from idp.installation.demo_data import filling
        from idp.installation.demo_data.plan import Plan

        if not args.beside:
            filling.check_empty(services)
        plan = Plan(**counts, seed=args.seed, now=services.clock(), password_hash=_password_hash(services, args))
        try:
            filling.fill(services, plan, actor(), show)
        except Conflict:
            raise Refused(f"--seed: the company of seed {args.seed} is here already; give another one") from None
    if args.json:
        print_json({**counts, "seed": args.seed, "can_sign_in": args.password_stdin})
        return
    say(f"Made {count_people(plan.people)}, {plan.apps:,} applications and {plan.events:,} events.")
    say("They sign in with that password." if args.password_stdin else "Nobody of them can sign in.")


def _counts(args: Namespace) -> dict[str, int]:
    """How many of each. Errors: `Refused`."""
    events = args.people * _EVENTS if args.events is None else args.events
    found = {"people": args.people, "apps": args.apps, "events": events}
    wrong = [
        f"--{name}: {count:,} is not between {least} and {_MOST[name]:,}"
        for (name, count), least in zip(found.items(), (1, 0, 0), strict=True)
        if not least <= count <= _MOST[name]
    ]
    if wrong:
        raise Refused(*wrong)
    return found


def _password_hash(services: Services, args: Namespace) -> str:
    """Of the password that they all have; without one, a hash that none has. Errors: `Refused`."""
    if not args.password_stdin:
        return services.passwords.unusable()
    from idp.cli.users import first_line

    password = first_line()
    problems = services.password_policy.problems(password, None)
    if problems:
        raise Refused(*(f"--password-stdin: {problem}" for problem in problems))
    return services.passwords.hash(password)
