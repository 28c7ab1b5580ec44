"""`doorward scim …`: directories elsewhere that write people and groups here by SCIM, and their tokens (Y1)."""

from __future__ import annotations

import contextlib
from argparse import Namespace
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from idp.cli.installation import opened, shell
from idp.cli.terminal import command, group, print_json, print_table, printable, say, timestamp, with_json
from idp.installation.failures import Refused

if TYPE_CHECKING:
    from idp.accounts.provisioning.clients import Made, Provisioner
    from idp.protocols import Services


_RIGHTS: Final = (
    ("adopts", "it may change people and groups that it did not make"),
    ("trusts_mail", "its addresses count as proven"), ("invites", "whom it makes is sent an invitation"),
)  # fmt: skip


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
    for name, text in _RIGHTS:
        add.add_argument(f"--{name.replace('_', '-')}", action="store_true", help=text)
    with_json(command(verbs, "list", run_list, "list them, not their tokens"))
    change = _named(with_json(command(verbs, "change", run_change, "what it may from its next call on; off, and on")))
    for kind in ("users", "groups"):
        change.add_argument(f"--{kind}", choices=("write", "read", "no"), help=f"what it may do to {kind}")
    change.add_argument("--attribute", metavar="A", action="append", help="of people it writes this (repeatable)")
    change.add_argument("--all-attributes", action="store_true", help="of people it writes all there is")
    for name, text in _RIGHTS:
        option = name.replace("_", "-")
        yes_no = change.add_mutually_exclusive_group()
        yes_no.add_argument(f"--{option}", dest=name, action="store_true", default=None, help=text)
        yes_no.add_argument(f"--no-{option}", dest=name, action="store_false", help="not any more")
    state = change.add_mutually_exclusive_group()
    state.add_argument("--on", action="store_true", help="its token opens what it did again")
    state.add_argument("--off", action="store_true", help="its token opens nothing; all of it stays")
    renew = _named(with_json(command(verbs, "renew", run_renew, "another token; the one before works for a week")))
    renew.add_argument("--at-once", action="store_true", help="the one before opens nothing from now on")
    _named(with_json(command(verbs, "remove", run_remove, "end one; people and groups stay, and are yours")))


def _named(parser: Any) -> Any:
    parser.add_argument("name", metavar="NAME", help="its name or id")
    return parser


def run_add(args: Namespace) -> None:
    """Make one and show its token."""
    from idp.accounts.provisioning.clients import Wanted
    from idp.admin import provisioners

    wanted = Wanted(
        name=args.name, users=args.users, groups=args.groups, attributes=tuple(args.attribute) or None,
        adopts=args.adopts, trusts_mail=args.trusts_mail, invites=args.invites,
    )  # fmt: skip
    with opened(args) as services, _explained():
        _show(services, args, provisioners.make(services, shell(), wanted))


def run_change(args: Namespace) -> None:
    """Another scope; off, and on again."""
    from idp.accounts.provisioning.clients import Wanted
    from idp.admin import provisioners

    with opened(args) as services, _explained():
        one = _get(services, args.name)
        given = {name: getattr(args, name) for name in ("users", "groups", *(name for name, _ in _RIGHTS))}
        said: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
        if args.attribute or args.all_attributes:
            said["attributes"] = tuple(dict.fromkeys(args.attribute or ())) or None
        if any(getattr(one, name) != value for name, value in said.items()):
            kept = Wanted.__dataclass_fields__
            one = provisioners.change(
                services, shell(), one, lambda was: Wanted(**{name: getattr(was, name) for name in kept} | said)
            )
        if args.on or args.off:
            one = provisioners.turn(services, shell(), one, on=args.on)
    if args.json:
        print_json(_told(one))
    else:
        say(f"{one.name}: users {one.users}, groups {one.groups}, {'off' if one.is_off else 'on'}.")


@contextlib.contextmanager
def _explained() -> Iterator[None]:
    """What the verbs say no with. Errors: `Refused`."""
    from idp.accounts.provisioning.clients import InvalidProvisioner, StillInUse
    from idp.admin.managed import ManagedByFile

    try:
        yield
    except InvalidProvisioner as error:
        option = {"name": "NAME", "attributes": "--attribute"}.get(error.field, f"--{error.field}")
        raise Refused(f"{option}: {error.message}") from None
    except StillInUse as error:
        raise Refused(f"{error} (--at-once); the one before works until {timestamp(error.until)}") from None
    except ManagedByFile as error:
        raise Refused(f"it is managed by {error.manager}: change it there, and run `doorward apply`") from None


def run_renew(args: Namespace) -> None:
    """Another token."""
    from idp.admin import provisioners

    with opened(args) as services, _explained():
        made = provisioners.renew(services, shell(), _get(services, args.name), at_once=args.at_once)
        _show(services, args, made)


def run_remove(args: Namespace) -> None:
    """End one."""
    from idp.admin import provisioners

    with opened(args) as services, _explained():
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
        "off": client.is_off, "last_used_at": client.last_used_at, "earlier_until": client.earlier_until,
    }  # fmt: skip
