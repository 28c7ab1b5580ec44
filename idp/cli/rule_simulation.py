"""`doorward rule simulate`: this person, this application, from there: what happens, and which rule says so."""

from __future__ import annotations

from argparse import Namespace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from idp.cli.terminal import command, print_json, printable, say, timestamp, with_json
from idp.installation.failures import Refused

if TYPE_CHECKING:
    from idp.admin.rules.simulating import Simulated, Situation, Step, Verdict
    from idp.protocols import Services

OUTCOMES: Final = {
    "in": "they are in", "denied": "a rule lets them in nowhere near here", "off": "the account is turned off",
    "no_access": "the application is not open to them",
    "unmet": "nothing that they have, or could set up, is as strong as what is asked for",
}  # fmt: skip
WHY_NOT: Final = {
    "off": "it is off", "starts": "it has not begun", "groups": "they are in none of its groups",
    "roles": "they have none of its roles", "apps": "it is about other applications",
    "networks": "the address is in none of its networks", "outside": "the address is in one of its networks",
    "device": "the device was let off",
}  # fmt: skip
_STEPS: Final = {
    "first": "they sign in by {}", "session": "they are signed in already", "again": "they sign in anew by {}",
    "prove": "they are asked for one of: {}", "enrol": "they set up one of: {}", "renew": "they choose a new password",
    "consent": "they are asked whether the application may have what it wants, unless they have agreed before",
}  # fmt: skip


def add_parser(verbs: Any) -> None:
    """Add `simulate`."""
    parser = with_json(command(verbs, "simulate", run, "what a sign-in would come to, and by which rule"))
    parser.add_argument("person", metavar="LOGIN")
    parser.add_argument("--app", metavar="A", default="", help="on the way to this application (our own pages)")
    parser.add_argument("--address", metavar="IP", default="192.0.2.1", help="from this address (one of nowhere)")
    parser.add_argument("--known-device", action="store_true", help="on a device that they had let off")
    parser.add_argument("--at", metavar="TIME", default="", help="2026-12-01T08:00 (now)")
    parser.add_argument("--signed-in", metavar="MIN", type=int, help="they signed in so many minutes before")
    parser.add_argument("--passkey", action="store_true", help="they begin with a passkey")
    parser.add_argument(
        "--has", metavar="KIND", action="append",
        help="suppose this factor: webauthn, totp, sms, none (what they have; repeatable)",
    )  # fmt: skip


def run(args: Namespace) -> None:
    """Think of it, and tell."""
    from idp.cli.installation import actor, opened

    with opened(args) as services:
        from idp.admin.actor import of_shell
        from idp.admin.rules import simulating

        wanted = _situation(services, args)
        try:
            found = simulating.simulate(services, of_shell(actor()), wanted)
        except simulating.BadAddress:
            raise Refused("--address: expected an address such as 192.0.2.7 or 2001:db8::7") from None
    if args.json:
        print_json(_json(found))
    else:
        say(*_lines(found))


def _situation(services: Services, args: Namespace) -> Situation:
    from idp.admin.rules.simulating import Situation
    from idp.cli import application_options, users

    has = None if args.has is None else tuple(one for one in args.has if one != "none")
    try:
        at = datetime.fromisoformat(args.at).timestamp() if args.at else services.clock()
    except ValueError:
        raise Refused("--at: expected a time such as 2026-12-01T08:00") from None
    client = application_options.get(services, args.app) if args.app else None
    return Situation(
        person=users.get(services, args.person), client=client,
        address=args.address, is_known_device=args.known_device, at=at, has=has,
        signed_in_for=None if args.signed_in is None else args.signed_in * 60.0,
        first="passkey" if args.passkey else "password",
    )  # fmt: skip


def _json(found: Simulated) -> dict[str, Any]:
    return {
        "outcome": found.outcome, "reason": found.reason, "need": found.need.level, "own": found.own,
        "steps": [{"step": one.kind, "ways": list(one.kinds), "until": one.until or None} for one in found.steps],
        "rules": [
            {"id": one.rule.id, "name": one.rule.name, "fixed": one.rule.fixed, "holds": not one.why_not,
             "why_not": one.why_not or None, "decides": one.decides or None}
            for one in found.verdicts
        ],
    }  # fmt: skip


def _lines(found: Simulated) -> list[str]:
    lines = [f"{n}. {_step(one)}" for n, one in enumerate(found.steps, 1)]
    lines.append(f"So {OUTCOMES[found.outcome]}." + (f" “{printable(found.reason)}”" if found.reason else ""))
    if found.own:
        lines.append("A second factor is asked for since they set one up ([factors] personal), by no rule.")
    lines += ["", "Rules:"] if found.verdicts else ["", "There are no rules."]
    return [*lines, *map(_verdict, found.verdicts)]


def _step(step: Step) -> str:
    text = _STEPS[step.kind].format(", ".join(step.kinds))
    return text + (f", or put it off until {timestamp(step.until)}" if step.until else "")


def _verdict(verdict: Verdict) -> str:
    name = printable(verdict.rule.name) or verdict.rule.id
    if verdict.why_not:
        return f"  - {name}: does not hold, {WHY_NOT[verdict.why_not]}"
    words = {"level": ", and decides what is needed", "age": ", and decides how old a sign-in may be"}
    return f"  * {name}: holds{words.get(verdict.decides, '')}"
