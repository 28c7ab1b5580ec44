"""`doorward scim …`: directories elsewhere that write people and groups here by SCIM, and their tokens (Y1)."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING, Any

from idp.cli.installation import opened, shell
from idp.cli.terminal import command, group, print_json, print_table, printable, say, timestamp, with_json
from idp.installation.failures import Refused

if TYPE_CHECKING:
    from idp.accounts.provisioning.clients import Made, Provisioner
    from idp.protocols import Services


def add_parsers(commands: Any) -> None:
    """Add `scim`."""
    verbs = group(commands, "scim", "directories that write people and groups here by SCIM")
    add = with_json(command(verbs, "add", run_add, "let a directory in; its token is shown this once"))
    add.add_argument("name", metavar="NAME", help="which directory it is")
    for kind in ("users", "groups"):
        add.add_argument(
            f"--{kind}", choices=("write", "read", "no"), default="write", help=f"what it may do to {kind}"
        )
    add.add_argument(
        "--attribute", metavar="A", action="append", default=[],
        help="of people it writes this, such as displayName or enterprise.department (repeatable); without: all",
    )  # fmt: skip
    add.add_argument("--adopts", action="store_true", help="it may change people and groups that it did not make")
    add.add_argument("--trusts-mail", action="store_true", help="its addresses count as proven")
    add.add_argument("--invites", action="store_true", help="whom it makes is sent an invitation")
    with_json(command(verbs, "list", run_list, "list them, not their tokens"))
    renew = _named(with_json(command(verbs, "renew", run_renew, "another token; the one before works for a week")))
    renew.add_argument("--at-once", action="store_true", help="the one before opens nothing from now on")
    _named(with_json(command(verbs, "remove", run_remove, "end one; people and groups stay, and are yours")))


def _named(parser: Any) -> Any:
    parser.add_argument("name", metavar="NAME", help="its name or id")
    return parser


def run_add(args: Namespace) -> None:
    """Make one and show its token."""
    from idp.accounts.provisioning.clients import InvalidProvisioner, Wanted
    from idp.admin import provisioners

    wanted = Wanted(
        name=args.name, users=args.users, groups=args.groups, attributes=tuple(args.attribute) or None,
        adopts=args.adopts, trusts_mail=args.trusts_mail, invites=args.invites,
    )  # fmt: skip
    with opened(args) as services:
        try:
            made = provisioners.make(services, shell(), wanted)
        except InvalidProvisioner as error:
            option = {"name": "NAME", "attributes": "--attribute"}.get(error.field, f"--{error.field}")
            raise Refused(f"{option}: {error.message}") from None
        _show(services, args, made)


def run_renew(args: Namespace) -> None:
    """Another token."""
    from idp.admin import provisioners

    with opened(args) as services:
        made = provisioners.renew(services, shell(), _get(services, args.name), at_once=args.at_once)
        _show(services, args, made)


def run_remove(args: Namespace) -> None:
    """End one."""
    from idp.admin import provisioners

    with opened(args) as services:
        client = _get(services, args.name)
        provisioners.remove(services, shell(), client)
    if args.json:
        print_json({"id": client.id, "name": client.name, "removed": True})
    else:
        say(f"{client.name} is let in no more. What it made stays, and is yours.")


def run_list(args: Namespace) -> None:
    """List them."""
    from idp.accounts.provisioning import clients

    with opened(args) as services:
        found = clients.list_of(services.db)
    if args.json:
        print_json({"clients": list(map(_told, found))})
        return
    rows = [
        (one.name, one.id, one.users, one.groups, ", ".join(one.attributes or ("all",)), timestamp(one.last_used_at))
        for one in found
    ]
    print_table(
        ("Name", "Id", "Users", "Groups", "Attributes", "Last used"), rows, "None: `doorward scim add` lets one in."
    )


def _get(services: Services, name: str) -> Provisioner:
    from idp.admin import provisioners

    try:
        return provisioners.get(services, name)
    except provisioners.UnknownProvisioner:
        raise Refused(f"there is no “{printable(name)[:60]}”; `doorward scim list` has all") from None


def _show(services: Services, args: Namespace, made: Made) -> None:
    address = services.url("/scim/v2")
    if args.json:
        print_json({**_told(made.client), "url": address, "token": made.value})
        return
    say(
        f"Address: {address}",
        f"Token: {made.value}",
        "The token is shown this once: paste it where the directory asks.",
    )


def _told(client: Provisioner) -> dict[str, Any]:
    return {
        "id": client.id, "name": client.name, "users": client.users, "groups": client.groups,
        "attributes": None if client.attributes is None else list(client.attributes), "adopts": client.adopts,
        "trusts_mail": client.trusts_mail, "invites": client.invites, "created_at": client.created_at,
        "last_used_at": client.last_used_at, "earlier_until": client.earlier_until,
    }  # fmt: skip
