"""`doorward key seen`, `pin`, `unpin`, `told` and `rollback`: who has the new key, and what to do for who has not."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from idp.cli.installation import opened, shell
from idp.cli.terminal import SOON, command, print_json, print_table, say, timestamp, with_json
from idp.installation.failures import Failed, Refused

if TYPE_CHECKING:
    from idp.admin.key_readers import Reader, Report
    from idp.protocols import Services

_STATES: Final = {
    "missing": "has not",
    "by_hand": "by hand",
    "perhaps": "perhaps",
    "unknown": "cannot be told",
    "seen": "has it",
    "told": "has it",
}
_WHY: Final = {
    "itself": "it proved itself when it fetched",
    "address": "a guess: a fetch came from its address",
    "shared": "a fetch came from its address, where others are too: {beside}",
    "before": "its last fetch was before the key",
    "never": "no fetch ever came from its address; it may not check signatures, or keep the key by hand",
    "devices": "it runs on people's own devices",
    "no_address": "it has sent no request of its own yet",
    "no_fetch": "it is not known to read our metadata: give it the certificate there, then `doorward key told`",
    "said": "an admin says so",
}


def add_parsers(verbs: Any) -> None:
    """Add what stands under `key`."""
    seen = with_json(command(verbs, "seen", run_seen, "which apps have the next key, and how that is known"))
    seen.add_argument("key", metavar="KID", nargs="?", help="any published key or certificate (every next one)")
    for name, run, text in (
        ("pin", run_pin, "sign for one app with this older key until it is unpinned, or the key ends"),
        ("unpin", run_unpin, "sign for it with the active key again"),
        ("told", run_told, "note that somebody gave an app this key or certificate by hand"),
    ):
        parser = with_json(command(verbs, name, run, text))
        parser.add_argument("client", metavar="CLIENT_ID")
        parser.add_argument("key", metavar="KID")
        if name == "told":
            parser.add_argument("--undo", action="store_true", help="it was not so")
    back = with_json(command(verbs, "rollback", run_rollback, "undo a promotion: the key before signs again"))
    back.add_argument("key", metavar="KID_OR_ALG", help="the key or certificate that signs now")


def run_seen(args: Namespace) -> None:
    """Show who has seen each next key."""
    from idp.admin import key_readers

    with opened(args) as services:
        wanted = [key for key in key_readers.keys_of(services) if (args.key or "next") in (key.kid, key.state)]
        if args.key and not wanted:
            raise Refused(f"{args.key}: no published key of that id; `doorward key list` has them")
        found = key_readers.reports(services, shell(), wanted)
        if args.json:
            print_json({"keys": [described(report) for report in found]})
            return
        for report in found:
            say(f"{report.key.kid} ({report.key.slot}, {report.key.state}), published {timestamp(report.key.since)}")
            rows = [_row(one) for one in report.readers]
            print_table(("App", "Client id", "Has it", "Last fetch", "Why"), rows, "No app is signed for with it.")
            say(summary(report), "")
        if not found:
            say("No key is next: `doorward key rotate` publishes one.")


def run_pin(args: Namespace) -> None:
    """Keep one app on an older key."""
    from idp.admin import key_pins

    _act(args, key_pins.pin)
    if not args.json:
        say(f"{args.client} is signed for with {args.key} until: doorward key unpin {args.client} {args.key}", SOON)


def run_unpin(args: Namespace) -> None:
    """Let one app have the active key again."""
    from idp.admin import key_pins

    _act(args, key_pins.unpin)
    if not args.json:
        say(f"{args.client} is signed for with the active key.", SOON)


def run_told(args: Namespace) -> None:
    """Note that an app was given a key."""
    from idp.admin import key_pins

    _act(args, key_pins.untell if args.undo else key_pins.tell)
    if not args.json:
        say(f"{args.client} {'is not said to have' if args.undo else 'has'} {args.key}.")


def run_rollback(args: Namespace) -> None:
    """Let the key before sign again."""
    from idp.admin import key_rollback
    from keys.certificates import NoSuchCertificate
    from keys.ring import Contended
    from keys.rotation import NoSuchKey

    with opened(args) as services:
        try:
            kid = key_rollback.roll_back(services, shell(), args.key)
        except NoSuchKey as error:
            raise Refused(str(error)) from None
        except NoSuchCertificate:
            raise Refused(f"{args.key} does not sign, or no certificate that signed before it is left") from None
        except Contended as error:
            raise Failed(str(error)) from None
    if args.json:
        print_json({"active": kid})
    else:
        say(f"{kid} signs again; the one after it is next, and signs again by `doorward key promote` alone.", SOON)


def described(report: Report) -> dict[str, Any]:
    """A report as programs see it."""
    return {
        "kid": report.key.kid,
        "state": report.key.state,
        "published_at": report.key.since,
        "counts": dict(report.counts),
        "other_addresses": report.strangers,
        "apps": [
            {
                "client_id": one.client_id, "name": one.name, "state": one.state, "why": one.why, "at": one.at,
                "addresses": list(one.places), "beside": list(one.beside), "pinned": one.pinned or None,
            }
            for one in report.readers
        ],
    }  # fmt: skip


def summary(report: Report) -> str:
    """A report in one line."""
    counts = report.counts
    parts = [f"{counts['seen'] + counts['told']} of {len(report.readers)} have it"]
    named = (("missing", "have not"), ("by_hand", "must be told by hand"), ("perhaps", "perhaps"),
             ("unknown", "cannot be told"))  # fmt: skip
    parts += [f"{counts[state]} {text}" for state, text in named if counts[state]]
    if report.strangers:
        parts.append(f"{report.strangers} other addresses fetched it")
    return ", ".join(parts)


def refused(report: Report) -> Failed:
    """Why a key is not promoted: these would refuse what it signs."""
    names = [f"  {one.name} ({one.client_id}): {_why(one)}" for one in report.without[:20]]
    more = [f"  and {len(report.without) - 20} more: doorward key seen {report.key.kid}"] if report.without[20:] else []
    head = f"{len(report.without)} of {len(report.readers)} apps are not known to have {report.key.kid}:"
    advice = (
        "wait; keep one on its key by `doorward key pin`; note what you gave by hand by `doorward key told`; or take "
        f"the risk for all {len(report.without)} with --force"
    )
    return Failed("\n".join([head, *names, *more, advice]))


# -- below -----------------------------------------------------------------------------------------------------------


def _act(args: Namespace, verb: Callable[[Services, Any, str, str], None]) -> None:
    from clients.errors import UnknownClient
    from idp.admin.key_pins import NotSignedFor
    from keys.certificates import NoSuchCertificate
    from keys.ring import Contended
    from keys.rotation import NoSuchKey

    with opened(args) as services:
        try:
            verb(services, shell(), args.client, args.key)
        except UnknownClient:
            raise Refused(f"{args.client}: there is no app of this id; `doorward client list` has them") from None
        except NoSuchCertificate:
            raise Refused(f"{args.key} has not signed yet, or is no certificate that signs") from None
        except (NoSuchKey, NotSignedFor) as error:
            raise Refused(str(error)) from None
        except Contended as error:
            raise Failed(str(error)) from None
    if args.json:
        print_json({"client_id": args.client, "kid": args.key})


def _row(one: Reader) -> tuple[Any, ...]:
    return one.name, one.client_id, _STATES[one.state], timestamp(one.at), _why(one)


def _why(one: Reader) -> str:
    why = _WHY[one.why].format(beside=", ".join(one.beside))
    return f"{why}; pinned to {one.pinned}" if one.pinned else why
