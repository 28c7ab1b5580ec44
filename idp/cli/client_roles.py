"""`doorward client role`: what a program may do by the API (C4)."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from idp.cli import application_options, user_roles
from idp.cli.installation import opened, shell
from idp.cli.terminal import SOON, command, print_json, say, with_json
from idp.installation.failures import Refused


def add_parsers(verbs: Any) -> None:
    """Add `client role`."""
    role = with_json(command(verbs, "role", run_role, "show what a program may do by the API, or change it"))
    role.add_argument("client", metavar="ID", help="the client id, or the name where only one has it")
    for option, what in (("--add", "give this role"), ("--remove", "take this role")):
        role.add_argument(option, metavar="R", action="append", default=[], help=f"{what} ({user_roles.ROLE_HELP})")
    user_roles.add_options(role)


def run_role(args: Namespace) -> None:
    """Show, give and take."""
    from clients.errors import InvalidMetadata
    from idp.accounts.person import InvalidPerson
    from idp.admin import programs

    with opened(args) as services:
        client = application_options.get(services, args.client)
        held = programs.grants_of(services, client.id)
        grants = user_roles.wanted(services, args, held)
        if grants or args.remove:
            try:
                held = programs.change_roles(services, shell(), client, give=grants, take=args.remove)
            except InvalidPerson as error:
                raise Refused(*(problem.message for problem in error.problems)) from None
            except InvalidMetadata as error:
                raise Refused(f"{client.name}: {error.problems[0].message}") from None
        words = user_roles.words_of(services, held)
    if args.json:
        roles = [{"role": one.role, "only": one.scope, "until": one.until} for one in held]
        print_json({"client_id": client.id, "name": client.name, "roles": roles})
        return
    say(f"{client.name} has {words}.")
    if grants:
        say("It asks for a token with the scope doorward:admin; see docs/api.md.", SOON)
