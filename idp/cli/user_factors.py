"""`doorward user factors|code|code-approve`: what somebody signs in with, and the way back in when it is lost."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING, Any

from idp.cli import telling
from idp.cli.installation import actor, opened, recorder
from idp.cli.terminal import command, print_json, print_table, say, timestamp, with_json
from idp.installation.failures import Failed, Refused

if TYPE_CHECKING:
    from idp.accounts.factors import Enrolled
    from idp.accounts.factors.admin_codes import Issued
    from idp.accounts.person import Person
    from idp.db import Transaction
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

    with opened(args) as services:
        person = _get(services, args.login)
        said = ""
        if args.remove:
            said = telling.of_mail(services, _remove(services, person, args.remove), person.username)
        held = factors.list_of(services.db, person.id)
        left = backup_codes.left(services.db, person.id)
    if args.json:
        about = {"removed": args.remove} if args.remove else {}
        print_json({"user": person.id, "factors": [listed(one) for one in held], "backup_codes_left": left, **about})
        return
    if args.remove:
        say(f"Removed {args.remove} of {person.username}.", said)
    rows = [(one.id, one.kind, one.label, timestamp(one.created_at), timestamp(one.last_used_at)) for one in held]
    print_table(("Id", "Kind", "Name", "Added", "Last used"), rows, f"{person.username} has none.")
    say(f"Backup codes left: {left}")


def run_code(args: Namespace) -> None:
    """Issue a code for a person who has lost their second factor."""
    from idp.accounts.factors import admin_codes

    with opened(args) as services:
        person = _get(services, args.login)
        approver = _approver(services, args.approver) if args.approver else ""
        with_reason = {"minutes": args.minutes, "approved_by": approver, "record": recorder(services.clock)}
        try:
            issued = admin_codes.issue(services, person.id, args.reason, actor(), **with_reason)
        except admin_codes.NotIssued as error:
            raise Refused(str(error)) from None
        waits = admin_codes.needs_approval(services) and not issued.approved_by
        said = telling.of_mail(services, issued.told, person.username)
    if args.json:
        mailed = {"mailed_to": list(issued.told.to)}
        print_json({**_described(person, issued), "code": issued.code, "needs_approval": waits, **mailed})
        return
    say(f"The code of {person.username}: {issued.code}", f"It works once, until {timestamp(issued.expires_at)}.")
    if waits:
        say(f"Somebody else must agree first: doorward user code-approve {person.username} --approver …")
    say("Make sure that it is really them before you read it out.", said)


def run_approve(args: Namespace) -> None:
    """The second pair of eyes."""
    from idp.accounts.factors import admin_codes

    with opened(args) as services:
        person, approver = _get(services, args.login), _approver(services, args.approver)
        try:
            approved = admin_codes.approve(services, person.id, approver, record=recorder(services.clock))
        except admin_codes.NotIssued as error:
            raise Failed(str(error)) from None
    if args.json:
        print_json(_described(person, approved))
    else:
        say(f"The code of {person.username} works now, until {timestamp(approved.expires_at)}.")


def _get(services: Services, login: str) -> Person:
    from idp.cli.users import get

    return get(services, login)


def _approver(services: Services, login: str) -> str:
    from idp.accounts.factors.admin_codes import APPROVERS

    approver = _get(services, login)
    if not approver.enabled or not set(APPROVERS) & set(approver.roles):
        raise Refused(f"--approver: {approver.username} is no {', '.join(APPROVERS[:-1])} or {APPROVERS[-1]} here")
    return approver.id


def _remove(services: Services, person: Person, factor_id: str) -> Told:
    from idp import mail
    from idp.login.authenticators import removal

    told = [mail.Told()]

    def tell(tx: Transaction, removed: Enrolled) -> None:
        about = {"kind": removed.kind, "label": removed.label, "time": services.clock()}
        told.append(mail.tell(services, person, "factor_removed", about, tx=tx))

    outcome = removal.remove(services, person, factor_id, recorder(services.clock), tell)
    if outcome.refused is not None:
        raise Failed(outcome.refused, f"Or let them in once: doorward user code {person.username} --reason …")
    if outcome.removed is None:
        raise Refused(f"--remove: {person.username} has no authenticator {factor_id}; `user factors` lists them")
    return told[-1]


def _described(person: Person, issued: Issued) -> dict[str, Any]:
    return {
        "user": person.id, "id": issued.id, "reason": issued.reason, "issued_by": issued.issued_by,
        "approved_by": issued.approved_by or None, "expires_at": issued.expires_at,
    }  # fmt: skip


def listed(factor: Enrolled) -> dict[str, Any]:
    """An authenticator as `--json` shows it."""
    return {
        "id": factor.id, "kind": factor.kind, "label": factor.label, "created_at": factor.created_at,
        "last_used_at": factor.last_used_at,
    }  # fmt: skip
