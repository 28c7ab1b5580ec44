"""`doorward user factors|code|code-approve`: what somebody signs in with, and the way back in when it is lost."""

from __future__ import annotations

from argparse import Namespace
from shlex import quote
from typing import TYPE_CHECKING, Any

from idp.cli import telling
from idp.cli.installation import opened, shell
from idp.cli.terminal import command, print_json, print_table, say, timestamp, with_json
from idp.installation.failures import Failed, Refused

if TYPE_CHECKING:
    from idp.accounts.factors.admin_codes import Issued
    from idp.accounts.person import Person
    from idp.admin.factors import NoApprover
    from idp.mail import Told
    from idp.protocols import Services


def add_parsers(verbs: Any) -> None:
    """Add the three verbs to `user`."""
    shown = with_json(command(verbs, "factors", run_factors, "list authenticators and backup codes, or remove one"))
    shown.add_argument("--remove", metavar="ID", help="remove this authenticator; its owner is told, at their address")
    code = with_json(
        command(verbs, "code", run_code, "issue a code that lets somebody in once in place of a lost factor")
    )
    code.add_argument("--reason", metavar="R", required=True, help="why; kept, and told to the person")
    code.add_argument("--minutes", metavar="N", type=int, help="how long it works; else as the settings say")
    code.add_argument("--approver", metavar="A", help="the second admin who agrees, by username")
    approve = with_json(command(verbs, "code-approve", run_approve, "approve a code that somebody else issued"))
    approve.add_argument("--approver", metavar="A", required=True, help="the second admin, by username")
    for parser in (shown, code, approve):
        parser.add_argument("login", metavar="LOGIN", help="username, e-mail address, employee number or id")


def run_factors(args: Namespace) -> None:
    """List what a person signs in with, or remove one of it."""
    from idp.accounts import factors
    from idp.accounts.factors import backup_codes
    from idp.admin.factors import described

    with opened(args) as services:
        person = _get(services, args.login)
        said = ""
        if args.remove:
            said = telling.of_mail(services, _remove(services, person, args.remove), person.username)
        held = factors.list_of(services.db, person.id)
        left = backup_codes.left(services.db, person.id)
    if args.json:
        about = {"removed": args.remove} if args.remove else {}
        shown = [described(one) for one in held]
        print_json({"user": person.id, "factors": shown, "backup_codes_left": left, **about})
        return
    if args.remove:
        say(f"Removed {args.remove} of {person.username}.", said)
    rows = [(one.id, one.kind, one.label, timestamp(one.created_at), timestamp(one.last_used_at)) for one in held]
    print_table(("Id", "Kind", "Name", "Added", "Last used"), rows, f"{person.username} has none.")
    say(f"Backup codes left: {left}")


def run_code(args: Namespace) -> None:
    """Issue a code for a person who has lost their second factor."""
    from idp.accounts.factors.admin_codes import NotIssued
    from idp.admin import factors as verbs

    with opened(args) as services:
        person = _get(services, args.login)
        approver = _get(services, args.approver) if args.approver else None
        wish = verbs.Wish(reason=args.reason, minutes=args.minutes, approver=approver)
        try:
            issued = verbs.issue_code(services, shell(), person, wish)
        except verbs.NoApprover as error:
            raise _no_approver(error) from None
        except NotIssued as error:
            raise Refused(str(error)) from None
        waits = verbs.waits(services, issued)
        said = telling.of_mail(services, issued.told, person.username)
    if args.json:
        mailed = {"mailed_to": list(issued.told.to)}
        print_json({**_described(person, issued), "code": issued.code, "needs_approval": waits, **mailed})
        return
    say(f"The code of {person.username}: {issued.code}", f"It works once, until {timestamp(issued.expires_at)}.")
    if waits:
        say(f"Somebody else must agree first: doorward user code-approve {quote(person.username)} --approver …")
    say("Make sure that it is really them before you read it out.", said)


def run_approve(args: Namespace) -> None:
    """The second pair of eyes."""
    from idp.accounts.factors.admin_codes import NotIssued
    from idp.admin import factors as verbs

    with opened(args) as services:
        person, approver = _get(services, args.login), _get(services, args.approver)
        try:
            approved = verbs.approve_code(services, shell(), person, approver)
        except verbs.NoApprover as error:
            raise _no_approver(error) from None
        except NotIssued as error:
            raise Failed(str(error)) from None
    if args.json:
        print_json(_described(person, approved))
    else:
        say(f"The code of {person.username} works now, until {timestamp(approved.expires_at)}.")


def _get(services: Services, login: str) -> Person:
    from idp.cli.users import get

    return get(services, login)


def _no_approver(error: NoApprover) -> Refused:
    roles = f"{', '.join(error.roles[:-1])} or {error.roles[-1]}"
    return Refused(f"--approver: {error.person.username} is no {roles} here")


def _remove(services: Services, person: Person, factor_id: str) -> Told:
    from idp.admin import factors as verbs

    try:
        return verbs.remove(services, shell(), person, factor_id)
    except verbs.MustStay as error:
        raise Failed(
            str(error), f"Or let them in once: doorward user code {quote(person.username)} --reason …"
        ) from None
    except verbs.NoSuchFactor:
        raise Refused(
            f"--remove: {person.username} has no authenticator {factor_id}; `user factors` lists them"
        ) from None


def _described(person: Person, issued: Issued) -> dict[str, Any]:
    from idp.admin.factors import described_code

    return {"user": person.id, **described_code(issued)}
