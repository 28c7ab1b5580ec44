"""`doorward signals …`: streams by which applications hear of what ends and changes (Shared Signals, Y4)."""

from __future__ import annotations

import contextlib
from argparse import Namespace
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from idp.cli import application_options
from idp.cli.installation import opened, shell
from idp.cli.terminal import command, group, print_json, print_table, printable, say, timestamp, with_json
from idp.installation.failures import Refused

if TYPE_CHECKING:
    from idp.admin.signals import Standing


def add_parsers(commands: Any) -> None:
    """Add `signals`."""
    verbs = group(commands, "signals", "security events that applications receive (Shared Signals)")
    found = with_json(command(verbs, "list", run_list, "the streams, how each stands, and what waits in it"))
    found.add_argument("--client", metavar="APP", help="only those of this application")
    _stream(with_json(command(verbs, "show", run_show, "one stream: what it gets, what it answered last")))
    pause = _stream(with_json(command(verbs, "pause", run_pause, "send nothing; what happens meanwhile waits")))
    pause.add_argument("--reason", metavar="TEXT", default="", help="its receiver reads it")
    _stream(with_json(command(verbs, "resume", run_resume, "let it go on, and try what waits at once")))
    _stream(with_json(command(verbs, "test", run_test, "send an event that only says that the stream works")))
    _stream(with_json(command(verbs, "remove", run_remove, "forget it with all that waits")))


def _stream(parser: Any) -> Any:
    parser.add_argument("stream", metavar="STREAM", help="its id, as `doorward signals list` prints it")
    return parser


def run_list(args: Namespace) -> None:
    """List streams."""
    from idp.admin import signals

    with opened(args) as services:
        if args.client:
            found = signals.of_app(services, shell(), application_options.get(services, args.client).id)
        else:
            found = signals.list_of(services, shell())
        names = {one.stream.client_id: services.registry.get(one.stream.client_id).name for one in found}
    if args.json:
        print_json({"streams": [of_standing(one) for one in found]})
        return
    rows = [
        (one.stream.id, printable(names[one.stream.client_id]), "push" if one.stream.is_push else "poll",
         one.stream.status, one.waiting, one.stream.delivered, timestamp(one.stream.delivered_at),
         printable(one.stream.problem))
        for one in found
    ]  # fmt: skip
    print_table(("Stream", "Application", "How", "Status", "Waiting", "Taken", "Last taken", "Problem"), rows,
                "None: applications make their streams themselves, at /ssf/streams.")  # fmt: skip


def run_show(args: Namespace) -> None:
    """Show one."""
    from idp.admin import signals

    with opened(args) as services, _explained():
        found = signals.get(services, shell(), args.stream)
    _show(args, found)


def run_pause(args: Namespace) -> None:
    """Pause one."""
    from idp.admin import signals

    with opened(args) as services, _explained():
        found = signals.pause(services, shell(), args.stream, args.reason)
    _show(args, found)


def run_resume(args: Namespace) -> None:
    """Let one go on."""
    from idp.admin import signals

    with opened(args) as services, _explained():
        found = signals.resume(services, shell(), args.stream)
    _show(args, found)


def run_test(args: Namespace) -> None:
    """Send a verification."""
    from idp.admin import signals

    with opened(args) as services, _explained():
        jti = signals.test(services, shell(), args.stream)
    if args.json:
        print_json({"jti": jti})
    else:
        say(f"Sent by a running server: {jti}. Whether it was taken: doorward signals show {args.stream}")


def run_remove(args: Namespace) -> None:
    """Forget one."""
    from idp.admin import signals

    with opened(args) as services, _explained():
        signals.remove(services, shell(), args.stream)
    if args.json:
        print_json({"removed": args.stream})
    else:
        say("Removed. Its receiver may make another one.")


def of_standing(one: Standing) -> dict[str, Any]:
    """As JSON, without the header that its receiver wants to see."""
    stream = one.stream
    return {
        "stream_id": stream.id, "client_id": stream.client_id, "method": stream.method,
        "endpoint_url": stream.endpoint or None, "description": stream.description, "status": stream.status,
        "status_by": stream.status_by, "reason": stream.reason, "events_delivered": list(one.delivered),
        "waiting": one.waiting, "waiting_since": one.first_at, "taken": stream.delivered,
        "taken_at": stream.delivered_at, "failures": stream.failures, "failing_since": stream.failing_since,
        "problem": stream.problem, "created_at": stream.created_at,
    }  # fmt: skip


def _show(args: Namespace, one: Standing) -> None:
    if args.json:
        print_json(of_standing(one))
        return
    stream = one.stream
    by = {"receiver": "its receiver", "admin": "an admin", "us": "Doorward"}[stream.status_by]
    why = f", said by {by}" + (f": {printable(stream.reason)}" if stream.reason else "")
    say(f"{stream.id}: {stream.status}{why if stream.status != 'enabled' else ''}")
    say(f"  {'pushed to ' + printable(stream.endpoint) if stream.is_push else 'fetched by its receiver'}")
    say(f"  gets: {', '.join(one.rpartition('/')[2] for one in one.delivered) or 'nothing that there is here'}")
    since = f", the first since {timestamp(one.first_at)}" if one.first_at else ""
    say(f"  waiting: {one.waiting}{since}")
    say(f"  taken: {stream.delivered}{f', last at {timestamp(stream.delivered_at)}' if stream.delivered_at else ''}")
    if stream.problem:
        say(f"  it answered last: {printable(stream.problem)}")
    if stream.failing_since is not None:
        say(f"  failing since {timestamp(stream.failing_since)}, {stream.failures} times")


@contextlib.contextmanager
def _explained() -> Iterator[None]:
    from idp.signals.keeping import UnknownStream

    try:
        yield
    except UnknownStream as error:
        raise Refused(f"there is no stream {str(error)[:60]}; `doorward signals list` has them all") from None
