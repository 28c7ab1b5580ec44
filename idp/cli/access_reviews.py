"""`doorward review …`: access reviews, which are decided in the console (U6)."""

from __future__ import annotations

import sys
from argparse import Namespace
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from idp.cli.installation import opened, shell
from idp.cli.terminal import (
    command,
    count_people,
    group,
    print_json,
    print_table,
    printable,
    say,
    timestamp,
    with_json,
)
from idp.cli.user_ends import moment_of
from idp.installation.failures import Refused

if TYPE_CHECKING:
    from idp.accounts.reviews import Review
    from idp.admin.reviews import Wish
    from idp.protocols import Services

SHOWN = 1000  # lines of a table; an export has all


def add_parsers(commands: Any) -> None:
    """Add `review`."""
    verbs = group(commands, "review", "who has access is confirmed or withdrawn, person by person, by a date")
    found = with_json(command(verbs, "list", run_list, "list access reviews, the latest first"))
    found.add_argument("-n", metavar="N", type=int, default=50, dest="many", help="at most so many (50)")
    start = with_json(command(verbs, "start", run_start, "start one; those who decide are told by mail"))
    about = start.add_mutually_exclusive_group(required=True)
    about.add_argument("--app", metavar="CLIENT", default="", help="of an application: its name or id")
    about.add_argument("--group", metavar="GROUP", default="", help="of a group: its name")
    start.add_argument("--reviewer", metavar="USER", action="append", required=True, help="who decides; may repeat")
    start.add_argument("--due", metavar="WHEN", required=True, help="until when, such as 2026-12-04T18:00")
    start.add_argument("--zone", metavar="ZONE", default="", help="the time zone that WHEN is meant in: Europe/Berlin")
    start.add_argument("--unconfirmed", choices=("withdraw", "report"), default="report",
                       help="what becomes of whom nobody confirmed by then (report)")  # fmt: skip
    start.add_argument("--every", metavar="MONTHS", type=int, choices=(0, 1, 3, 6, 12), default=0,
                       help="begin again after 1, 3, 6 or 12 months")  # fmt: skip
    start.add_argument("--dry-run", action="store_true", help="only say in numbers what it would be about")
    show = _review(with_json(command(verbs, "show", run_show, "show one: how far it is, or what came of it")))
    show.add_argument("--csv", action="store_true", help="everybody with what was decided and what became of it")
    end = _review(with_json(command(verbs, "end", run_end, "end one now, and do what was decided")))
    end.add_argument("--dry-run", action="store_true", help="only say in numbers what that would do")
    end.add_argument("--without-changes", action="store_true", help="stop it: nothing comes of it")


def _review(parser: Any) -> Any:
    parser.add_argument("review_id", metavar="REVIEW", help="its id, as `doorward review list` has it")
    return parser


def run_list(args: Namespace) -> None:
    """List reviews."""
    with opened(args) as services:
        from idp.admin import reviews

        rows = [_shown(services, one) for one in reviews.listed(services, shell(), many=max(1, min(args.many, 1000)))]
    if args.json:
        print_json({"reviews": rows})
        return
    columns = ("Review", "Of", "State", "Decided", "Until", "To see to")
    lines = [
        (r["id"], f"{r['kind']} {printable(r['name'])}", r["state"], f"{r['decided']} of {r['total']}",
         timestamp(r["due_at"]), r["to_see_to"]) for r in rows
    ]  # fmt: skip
    print_table(columns, lines, "There is no access review yet.")


def run_start(args: Namespace) -> None:
    """Start one."""
    with opened(args) as services:
        from idp.admin import reviews
        from idp.admin.reviews import BadReview

        wish = _wish(services, args)
        whom = reviews.candidates(services, shell(), wish.kind, wish.about)
        try:
            if args.dry_run and whom is not None:
                reviews.check(services, wish, whom)
                _say_ways(args, whom.ways)
                return
            review = reviews.start(services, shell(), wish)
        except BadReview as error:
            raise Refused(f"--{_OPTIONS.get(error.field) or ('app' if args.app else 'group')}: {error.text}") from None
        shown = _shown(services, review)
    if args.json:
        print_json(shown)
    else:
        say(f"Started: {review.id}, about {count_people(review.total)}, until {timestamp(review.due_at)}.")


_OPTIONS = {"due": "due", "reviewers": "reviewer", "unconfirmed": "unconfirmed", "months": "every"}
_WAYS = {
    "member": "are in the group", "person": "are named for it: withdrawn, they are taken off the list",
    "group": "have it through a group: withdrawing takes nobody out of a group, the result names them",
    "both": "are named for it and have it through a group: taken off the list, they still have it",
    "everyone": "have it since everyone may open it: withdrawing changes nothing, the result names them",
}  # fmt: skip


def _say_ways(args: Namespace, ways: dict[str, int]) -> None:
    if args.json:
        print_json({"people": sum(ways.values()), "ways": ways})
        return
    say(f"{count_people(sum(ways.values()))} would be looked at; nothing was started.")
    for way, many in ways.items():
        say(f"  {many} {_WAYS[way]}")


def run_show(args: Namespace) -> None:
    """Show one."""
    with opened(args) as services:
        from itertools import islice

        from idp.accounts import reviews as kept
        from idp.audit.exporting.tables import row

        review = _find(services, args.review_id)
        if args.csv:
            sys.stdout.write(row(("person_id", "username", "name", "access", "groups", "decision", "decided_by",
                                  "outcome", "why")))  # fmt: skip
            for one in kept.everybody(services.db, review.id):
                sys.stdout.write(row((one.person_id, one.username, one.name, one.via, ", ".join(one.groups),
                                      one.verdict, one.decided_by, one.outcome, one.why)))  # fmt: skip
            return
        shown = _shown(services, review)
        if args.json:
            people = [asdict(one) for one in kept.everybody(services.db, review.id)]
            print_json({**shown, "people": people})
            return
        people_shown = list(islice(kept.everybody(services.db, review.id), SHOWN + 1))
    for name in ("id", "kind", "name", "state", "unconfirmed", "total", "keep", "withdraw", "left", "to_see_to"):
        say(f"{name}: {printable(str(shown[name]))}")
    say(f"until: {timestamp(review.due_at)}")
    columns = ("Who", "Access", "Decision", "Outcome", "Why")
    rows = [
        (one.username or one.person_id, ", ".join((one.via, *one.groups)), one.verdict or None, one.outcome or None,
         one.why or None) for one in people_shown[:SHOWN]
    ]  # fmt: skip
    print_table(columns, rows, "Nobody.")
    if len(people_shown) > SHOWN:
        say(f"These are the first {SHOWN}; --csv has all.")


def run_end(args: Namespace) -> None:
    """End one, or stop it."""
    with opened(args) as services:
        from idp.admin import reviews

        review = _find(services, args.review_id)
        if args.dry_run:
            told = reviews.foreseen(services, shell(), review)
            if args.json:
                print_json({"review": review.id, "would": told.counts})
            else:
                say("Ending it now would give: " + _counted(told.counts) + ". Nothing was changed.")
            return
        if args.without_changes:
            done = reviews.stop(services, shell(), review)
        else:
            done = reviews.end_now(services, shell(), review)
            while done and not reviews.run_due(services):
                pass
        if not done:
            raise Refused(f"{review.id} is {review.state} already; `doorward review show` says what came of it")
        shown = _shown(services, _find(services, review.id))
    if args.json:
        print_json(shown)
    elif args.without_changes:
        say("Stopped. Nothing was changed for anybody.")
    else:
        say(f"Ended: {_counted(shown['counts'])}.")


def _counted(counts: dict[str, int]) -> str:
    return ", ".join(f"{many} {code.replace('_', ' ')}" for code, many in counts.items()) or "nobody"


def _find(services: Services, review_id: str) -> Review:
    from idp.admin import reviews

    found = reviews.find(services, shell(), review_id)
    if found is None:
        raise Refused(f"there is no access review {printable(review_id)[:40]}; `doorward review list` has them")
    return found


def _wish(services: Services, args: Namespace) -> Wish:
    from idp.admin import people
    from idp.admin.planned_ends import BadMoment
    from idp.admin.reviews import Wish
    from idp.cli import application_options
    from idp.cli import groups as group_options

    if args.app:
        kind, about = "app", application_options.get(services, args.app).id
    else:
        kind, about = "group", group_options.get(services, args.group).id
    try:
        reviewers = tuple(people.get(services, one) for one in args.reviewer)
    except people.UnknownLogin as error:
        raise Refused(f"--reviewer: nobody is called {printable(error.login)[:40]}") from None
    try:
        at, _ = moment_of(args.due, args.zone, "--due")
    except BadMoment as error:
        raise Refused(f"--due: {error.text}") from None
    return Wish(kind=kind, about=about, reviewers=reviewers, due_at=at, unconfirmed=args.unconfirmed, months=args.every)


def _shown(services: Services, review: Review) -> dict[str, Any]:
    from idp.accounts import reviews as kept

    far = kept.progress(services.db, review)
    return {**asdict(review), "reviewers": list(review.reviewers), "to_see_to": review.to_see_to, "keep": far.keep,
            "withdraw": far.withdraw, "left": far.left, "decided": far.total - far.left}  # fmt: skip
