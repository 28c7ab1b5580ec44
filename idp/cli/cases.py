"""`doorward case …`: what people need help with, until somebody has helped them."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING, Any

from idp.cli.installation import opened, shell
from idp.cli.terminal import command, group, print_json, print_table, printable, say, timestamp, with_json
from idp.installation.failures import Failed, Refused

if TYPE_CHECKING:
    from idp.accounts.cases import Case
    from idp.protocols import Services


def add_parsers(commands: Any) -> None:
    """Add `case`."""
    verbs = group(commands, "case", "people who need help to get in, or say that something was not them")
    found = with_json(command(verbs, "list", run_list, "list open cases, the latest first"))
    found.add_argument("--all", action="store_true", help="closed ones, too")
    found.add_argument("-n", metavar="N", type=int, default=200, dest="many", help="at most so many (200)")
    _case(with_json(command(verbs, "show", run_show, "show a case with its notes")))
    note = _case(with_json(command(verbs, "note", run_note, "write something on a case")))
    note.add_argument("text", metavar="TEXT")
    close = _case(with_json(command(verbs, "close", run_close, "close a case")))
    close.add_argument("--note", metavar="TEXT", default="", help="what was done")


def _case(parser: Any) -> Any:
    parser.add_argument("case_id", metavar="CASE", help="as `doorward case list` shows it: C-…")
    return parser


def run_list(args: Namespace) -> None:
    """List cases."""
    from idp.accounts import cases
    from idp.admin.cases import described
    from idp.login import access_cases

    with opened(args) as services:
        access_cases.close_granted(services)
        found = [described(services, case) for case in cases.list_of(services.db, closed=args.all, many=args.many)]
    if args.json:
        print_json({"cases": found})
        return
    columns = ("Case", "Opened", "Person", "Kind", "State", "What")
    rows = [
        (c["id"], timestamp(c["opened_at"]), c["person"], c["kind"], c["state"], printable(c["text"])[:80])
        for c in found
    ]
    print_table(columns, rows, "No case is open.")


def run_show(args: Namespace) -> None:
    """Show a case."""
    from idp.login import access_cases

    with opened(args) as services:
        access_cases.close_granted(services)
        _show(args, services, _get(services, args.case_id))


def run_note(args: Namespace) -> None:
    """Write on a case."""
    from idp.admin import cases

    if not args.text.strip():
        raise Refused("TEXT: is empty; say what is to be kept")
    with opened(args) as services:
        case = _get(services, args.case_id)
        cases.note(services, shell(), case, args.text)
        _show(args, services, case)


def run_close(args: Namespace) -> None:
    """Close a case."""
    from idp.admin import cases as verbs

    with opened(args) as services:
        case = _get(services, args.case_id)
        try:
            closed = verbs.close(services, shell(), case, args.note)
        except verbs.ClosedAlready as error:
            by = f"on {timestamp(error.case.closed_at)} by {error.case.closed_by}"
            raise Failed(f"{case.id} was closed already, {by}") from None
        if args.json:
            _show(args, services, closed)
        else:
            say(f"{closed.id} is closed.")


# -- below -----------------------------------------------------------------------------------------------------------


def _get(services: Services, case_id: str) -> Case:
    from idp.admin import cases as verbs

    try:
        return verbs.get(services, case_id)
    except verbs.UnknownCase:
        raise Refused(f"there is no case {printable(case_id)[:40]}; `doorward case list --all` has them") from None


def _show(args: Namespace, services: Services, case: Case) -> None:
    from idp.admin import cases as verbs

    shown, notes = verbs.described(services, case), verbs.described_notes(services, case)
    if args.json:
        print_json({**shown, "notes": notes})
        return
    times = {"opened_at": timestamp(case.opened_at), "closed_at": timestamp(case.closed_at) or None}
    rows = [(key.replace("_", " "), printable(str(value))) for key, value in {**shown, **times}.items() if value]
    rows += [(f"{timestamp(note['at'])} {note['by']}", printable(note["text"])) for note in notes]
    print_table(("About", "What"), rows, "")
