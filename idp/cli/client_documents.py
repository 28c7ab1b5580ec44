"""`doorward registration hosts …`: whose client-ID metadata documents are let in."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING, Any, Final

from idp.cli.by_hand import by_hand
from idp.cli.installation import opened, shell
from idp.cli.terminal import command, print_json, print_table, say, timestamp, with_json
from idp.installation.failures import Refused

if TYPE_CHECKING:
    from clients.documents.hosts import Host
    from idp.admin.client_hosts import Decided
    from idp.protocols import Services

_NONE: Final = "No host is allowed, refused or asked for: allow one with `doorward registration allow HOST`."


def add_parsers(verbs: Any) -> None:
    """Add the verbs of hosts to `registration`."""
    allow = with_json(command(verbs, "allow", run_allow, "let programs in that are known by a document on this host"))
    _host(allow)
    allow.add_argument(
        "--scope", metavar="S", action="append", default=None,
        help="they may ask for this scope (repeatable; else open_registration_scope)",
    )  # fmt: skip
    allow.add_argument(
        "--resource", metavar="URI", action="append", default=None,
        help="they may ask tokens for this API (repeatable; else open_registration_resources)",
    )  # fmt: skip
    refuse = with_json(command(verbs, "refuse", run_refuse, "keep them out; what they got has ended"))
    _host(refuse)
    forget = with_json(command(verbs, "forget", run_forget, "take the word about a host back; what they got has ended"))
    _host(forget)
    end = with_json(command(verbs, "end", run_end, "end what people let such programs do; they may ask anew"))
    which = end.add_mutually_exclusive_group(required=True)
    which.add_argument("program", metavar="ID", nargs="?", default="", help="of this one, as `clients` shows it")
    which.add_argument("--all", action="store_true", help="of all that nobody has vouched for")
    with_json(command(verbs, "hosts", run_hosts, "list hosts, and the programs of their documents"))


def _host(parser: Any) -> None:
    parser.add_argument("host", metavar="HOST", help="agent.example, or agent.example:8443")


def run_allow(args: Namespace) -> None:
    """Allow a host."""
    from clients.errors import InvalidMetadata
    from idp.admin import client_hosts

    with opened(args) as services:
        try:
            with by_hand(services, client_hosts.KIND, args.host.lower(), args.host):
                done = client_hosts.allow(services, shell(), args.host, scopes=args.scope, resources=args.resource)
        except InvalidMetadata as error:
            raise Refused(*(f"{one.field}: {one.message}" for one in error.problems)) from None
        is_off = services.settings.oauth.client_id_documents == "off"
    if args.json:
        print_json(_told(done.host))
        return
    policy = done.host.policy
    say(f"Programs of {done.host.host} are let in, when a person agrees.", f"Scopes: {' '.join(policy.scopes)}")
    say(f"Resources: {' '.join(policy.resources) or '(none but ours)'}")
    if is_off:
        say("Documents are off: set client_id_documents to hosts in [oauth] and restart, or none is read.")


def run_refuse(args: Namespace) -> None:
    """Refuse a host."""
    from clients.errors import InvalidMetadata
    from idp.admin import client_hosts

    with opened(args) as services:
        try:
            with by_hand(services, client_hosts.KIND, args.host.lower(), args.host):
                done: Decided = client_hosts.refuse(services, shell(), args.host)
        except InvalidMetadata as error:
            raise Refused(*(f"{one.field}: {one.message}" for one in error.problems)) from None
    if args.json:
        print_json({**_told(done.host), "ended": done.removed})
    else:
        say(f"Programs of {done.host.host} are kept out. Ended: {done.removed}.")


def run_forget(args: Namespace) -> None:
    """Forget a host."""
    from clients.errors import InvalidMetadata
    from idp.admin import client_hosts

    with opened(args) as services:
        try:
            with by_hand(services, client_hosts.KIND, args.host.lower(), args.host):
                removed = client_hosts.forget(services, shell(), args.host)
        except InvalidMetadata as error:
            raise Refused(*(f"{one.field}: {one.message}" for one in error.problems)) from None
        except client_hosts.NoSuchHost:
            raise Refused(f"nothing is known of “{args.host}”; `doorward registration hosts` shows them") from None
    if args.json:
        print_json({"host": args.host, "ended": removed})
    else:
        say(f"Nothing is said of {args.host} any more. Ended: {removed}.")


def run_end(args: Namespace) -> None:
    """End what people let programs do."""
    from idp.admin import client_hosts

    with opened(args) as services:
        ended = client_hosts.end_grants(services, shell(), args.program)
    if not args.all and not ended:
        raise Refused(
            f"no program that registered itself is “{args.program}”; `doorward registration clients` has them"
        )
    if args.json:
        print_json({"ended": ended})
    else:
        say(f"Ended: what people let {ended} {'program' if ended == 1 else 'programs'} do. They may ask anew.")


def run_hosts(args: Namespace) -> None:
    """List hosts and their programs."""
    from idp.admin import client_hosts

    with opened(args) as services:
        found = [_with_clients(services, one) for one in client_hosts.list_of(services, shell())]
    if args.json:
        print_json({"hosts": found})
        return
    rows = [
        (one["host"], one["state"], " ".join(one["scopes"]), " ".join(one["resources"]) or "-",
         " ".join(client["client_id"] for client in one["clients"]) or one["asked_with"] or "-",
         timestamp(one["decided_at"] or one["asked_at"]))
        for one in found
    ]  # fmt: skip
    print_table(("Host", "State", "Scopes", "Resources", "Programs", "Since"), rows, _NONE)


def _with_clients(services: Services, host: Host) -> dict[str, Any]:
    from idp.admin import client_hosts

    clients = client_hosts.clients_of(services, shell(), host.host)
    told = [{"client_id": one.id, "name": one.name, "enabled": one.enabled} for one in clients]
    return {**_told(host), "clients": told}


def _told(host: Host) -> dict[str, Any]:
    is_allowed = host.state == "allowed"
    return {
        "host": host.host, "state": host.state, "scopes": [*host.policy.scopes] if is_allowed else [],
        "resources": [*host.policy.resources] if is_allowed else [], "asked_with": host.client_id,
        "asked_by": host.asked_by, "asked_at": host.asked_at, "decided_by": host.decided_by,
        "decided_at": host.decided_at,
    }  # fmt: skip
