"""`doorward provider sync`: a look at everybody in a directory."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from idp.cli.installation import opened, shell
from idp.cli.terminal import command, complain, count_people, print_json, printable, progress, say, with_json
from idp.installation.failures import Refused

if TYPE_CHECKING:
    from idp.admin.directories import How, Report
    from idp.protocols import Services


def add_parser(verbs: Any) -> None:
    """Add `sync`."""
    look = with_json(command(verbs, "sync", run_sync, "look at everybody of a directory: who is new, off or gone"))
    look.add_argument("provider", metavar="PROVIDER", help="its name or id")
    look.add_argument("--dry-run", action="store_true", help="say what would be done, and do nothing")
    look.add_argument("--all", action="store_true", help="read everybody anew, not only who was changed")
    look.add_argument("--brake", type=int, metavar="N", help="how many people may be turned off this once")


def run_sync(args: Namespace) -> int:
    """Look at everybody of a directory; exit code 1 where the brake stopped it."""
    from idp.admin import directories

    with opened(args) as services, progress("people") as tell:
        how = directories.How(args.dry_run, args.all, args.brake, _totals(tell))
        report = _look(services, args.provider, how)
    if args.json:
        print_json(asdict(report))
    else:
        _say(report)
    return 1 if report.stopped else 0


def _look(services: Services, name: str, how: How) -> Report:
    from idp.admin import directories
    from idp.cli.providers import find
    from idp.errors import Refused as Failed

    one = find(services, name).provider
    try:
        return directories.look_at_all(services, shell(), one.id, how)
    except directories.NoDirectory:
        raise Refused(f"{printable(one.name)} is no directory: nobody can be listed there") from None
    except directories.Running:
        raise Refused("another look at this directory goes on") from None
    except directories.BadFilter:
        raise Refused("people: it is no filter that can be read") from None
    except directories.Unreachable as error:
        raise Refused(f"the directory broke off, and nothing more was done: {error.reason}") from None
    except Failed as error:
        raise Refused(error.explanation.fix) from None


def _totals(tell: Callable[[int], None]) -> Callable[[str, int], None]:
    total = [0]

    def add(what: str, many: int) -> None:
        total[0] += many
        tell(total[0])

    return add


def _say(report: Report) -> None:
    would = "would be " if report.dry or report.stopped else ""
    done = {"made": report.made, "turned off": report.off, "turned on again": report.on}
    say(f"{count_people(report.read)} there; " + ", ".join(f"{would}{what}: {many}" for what, many in done.items()))
    if report.kept:
        say(f"{report.kept} are off there and could not be turned off here, such as the last owner.")
    if report.unknown:
        say(f"{report.unknown} are not known here: create=yes makes those whose name is free.")
    if report.who and report.off:
        say(
            f"{would}turned off: "
            + ", ".join(map(printable, report.who))
            + (" …" if report.off > len(report.who) else "")
        )
    if report.stopped:
        complain(f"{report.stopped}: stopped, nothing was done. `--brake {report.off}` does it this once.")
