"""`doorward client role`: what a program may do by the API (C4)."""

from __future__ import annotations

import json
from argparse import Namespace
from pathlib import Path
from typing import Any, Final

from clients import certificate_names
from idp.cli import application_options, user_roles
from idp.cli.installation import opened, shell
from idp.cli.terminal import SOON, command, print_json, say, with_json
from idp.installation.failures import Refused

#: Of what has to be said anew, by field.
_HOW: Final = {"jwks": ": --jwks FILE or --jwks-uri URL", "tls_client_auth_subject_dn": ": --certificate NAME"}


def add_parsers(verbs: Any) -> None:
    """Add `client role`."""
    role = with_json(command(verbs, "role", run_role, "show what a program may do by the API, or change it"))
    role.add_argument("client", metavar="ID", help="the client id, or the name where only one has it")
    for option, what in (("--add", "give this role"), ("--remove", "take this role")):
        role.add_argument(option, metavar="R", action="append", default=[], help=f"{what} ({user_roles.ROLE_HELP})")
    user_roles.add_options(role)
    keys = role.add_mutually_exclusive_group()
    keys.add_argument("--jwks", metavar="FILE", help="the public keys of a program that proves itself by keys, as JSON")
    keys.add_argument("--jwks-uri", metavar="URL", help="where it publishes them")
    keys.add_argument(
        "--certificate", metavar="NAME",
        help="for tls_client_auth: the name in its new certificate (CN=app,O=Example, or tls_client_auth_san_dns=HOST)",
    )  # fmt: skip


def run_role(args: Namespace) -> None:
    """Show, give and take."""
    from clients.errors import InvalidMetadata
    from idp.accounts.person import InvalidPerson
    from idp.admin import programs

    with opened(args) as services:
        client = application_options.get(services, args.client)
        held, secret, said = programs.grants_of(services, client.id), None, _keys(args)
        grants = user_roles.wanted(services, args, held)
        if grants or args.remove:
            try:
                given = programs.change_roles(services, shell(), client, give=grants, take=args.remove, keys=said)
                held, secret = given.grants, given.secret
            except InvalidPerson as error:
                raise Refused(*(problem.message for problem in error.problems)) from None
            except InvalidMetadata as error:
                problem = error.problems[0]
                how = "" if said is not None else _HOW.get(problem.field, "")
                raise Refused(f"{client.name}: {problem.message}{how}") from None
        words = user_roles.words_of(services, held)
    if args.json:
        roles = [{"role": one.role, "only": one.scope, "until": one.until} for one in held]
        print_json({"client_id": client.id, "name": client.name, "roles": roles,
                    **({"client_secret": secret} if secret else {})})  # fmt: skip
        return
    say(f"{client.name} has {words}.")
    if secret is not None:
        say(f"Client secret: {secret}", "It is new, and shown this once. The old ones have ended.")
    if grants:
        say("It asks for a token with the scope doorward:admin; see docs/api.md.", SOON)


def _keys(args: Namespace) -> dict[str, Any] | None:
    """What was said of its keys, or of its certificate."""
    if args.certificate:
        return certificate_names.said(args.certificate)
    if args.jwks_uri:
        return {"jwks_uri": args.jwks_uri}
    if not args.jwks:
        return None
    try:
        return {"jwks": json.loads(Path(args.jwks).read_text("utf-8"))}
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", "") or "is no JSON"
        raise Refused(f"--jwks: {args.jwks}: {why}") from None
