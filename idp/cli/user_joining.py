"""`doorward user join`: two persons that are one."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING, Any

from idp.cli.installation import opened, shell
from idp.cli.terminal import command, print_json, printable, say, with_json
from idp.installation.failures import Refused

if TYPE_CHECKING:
    from idp.admin.joining import Joining
    from idp.federation.links import Link


def add_parsers(verbs: Any) -> None:
    """Add `user join`."""
    parser = with_json(command(verbs, "join", run_join, "two persons are one: show what would happen, or do it"))
    parser.add_argument("kept", metavar="KEPT", help="who stays: username, e-mail address or id")
    parser.add_argument("gone", metavar="GONE", help="who is no more, and whose ways in become the other's")
    parser.add_argument("--yes", action="store_true", help="do it; it cannot be taken back")


def run_join(args: Namespace) -> None:
    """Show all that happens; with --yes do it."""
    from idp.admin import joining
    from idp.cli.users import get

    with opened(args) as services:
        kept, gone = get(services, args.kept), get(services, args.gone)
        try:
            verb = joining.join if args.yes else joining.effect_of
            effect = verb(services, shell(), kept, gone)
        except joining.CannotJoin as error:
            raise Refused(str(error)) from None
    if args.json:
        print_json({"done": args.yes, **_json(effect)})
        return
    say(*_lines(effect))
    if args.yes:
        say(f"Joined: {printable(gone.username)} is {printable(kept.username)} from now on.")
    else:
        say("Nothing has changed. With --yes it is done, and cannot be taken back.")


def _lines(effect: Joining) -> list[str]:
    kept, gone = printable(effect.kept.username), printable(effect.gone.username)
    lines = [f"{kept} ({effect.kept.id}) stays; {gone} ({effect.gone.id}) is removed."]
    elsewhere = [f"{printable(one.label)} ({_of(effect, one)})" for one in effect.links]
    lines += [f"  Becomes theirs: account elsewhere {one}" for one in elsewhere]
    lines += [f"  Becomes theirs: {one.kind} {printable(one.label)}" for one in effect.authenticators]
    lines += [f"  Comes into: {printable(one.name)}" for one in effect.groups]
    lines += [f"  Consent moves: {one}" for one in effect.consents]
    lines += [
        f"  {printable(one.name)} knew {gone} as {one.sub or 'a name of its own'}, and will see "
        f"{one.sub_after or 'the name of ' + kept}: what it keeps under the old one is to be moved there"
        for one in effect.applications
    ]
    lines += [f"  Is turned off at: {printable(one)}, where people are written to" for one in effect.turned_off_at]
    lines.append(f"  Ends, of {gone}: sign-ins {effect.ends.sessions}, applications with tokens {effect.ends.grants}")
    lines.append(f"  Goes: name, addresses, password, backup codes and recovery contacts of {gone}")
    return lines


def _of(effect: Joining, link: Link) -> str:
    return printable(effect.providers[link.provider_id])


def _json(effect: Joining) -> dict[str, Any]:
    return {
        "kept": effect.kept.id, "gone": effect.gone.id,
        "links": [
            {"provider": one.provider_id, "name": effect.providers[one.provider_id], "label": one.label}
            for one in effect.links
        ],
        "turned_off_at": list(effect.turned_off_at),
        "authenticators": [{"kind": one.kind, "label": one.label} for one in effect.authenticators],
        "groups": [one.name for one in effect.groups], "consents": list(effect.consents),
        "applications": [
            {"client_id": one.client_id, "name": one.name, "sub": one.sub or None, "sub_after": one.sub_after or None}
            for one in effect.applications
        ],
        "sessions": effect.ends.sessions, "grants": effect.ends.grants,
    }  # fmt: skip
