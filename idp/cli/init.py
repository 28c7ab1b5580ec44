"""`doorward init`: make the data folder, the master key, the database, the first keys and the first owner."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from typing import TYPE_CHECKING, Any, NoReturn

from idp.cli.installation import recorder
from idp.cli.ports import check_port
from idp.cli.terminal import command, print_json, say, with_json
from idp.installation.failures import Refused, explained
from idp.installation.files import read_settings

if TYPE_CHECKING:
    from idp.config import Settings
    from idp.protocols import Services


def add_parsers(commands: Any) -> None:
    """Add `init`."""
    parser = with_json(command(commands, "init", run, "set up this installation; safe to run again"))
    parser.add_argument("--owner", metavar="NAME", default="owner", help="the first owner's username (owner)")
    parser.add_argument("--owner-email", metavar="ADDRESS", help="the first owner's e-mail address")
    parser.add_argument("--serve", action="store_true", help="go on as `doorward serve`; looks at the port first")
    parser.add_argument("--port", metavar="P", type=int, help="with --serve: the port to listen on (8000)")


def run(args: Namespace) -> None:
    """Set up what is missing, and hand out the first owner's link while no owner can sign in."""
    settings = read_settings(args.config, {} if args.port is None else {"port": args.port})
    if args.serve:
        # Before there is a link: it would lead to the program that has the port.
        check_port(settings.server.host, settings.server.port)
    with explained():
        from idp.installation.setting_up import prepare
        from idp.opening import close, create_services

        created = prepare(settings)
        services = create_services(settings, deferred=True)
        try:
            services.ring.tick()
            link = _owner_link(services, args)
        finally:
            close(services)
    if args.json:
        result = {"issuer": settings.server.issuer, "data_dir": str(settings.data_dir), "created": created}
        print_json({**result, "owner_link": link})
    else:
        how = f"Start it with `doorward serve`; people will find it at {settings.server.issuer}"
        say(*_story(settings, created, link), *([] if args.serve else ["", how]))
    if args.serve:
        _go_on_as_serve(args)


def _go_on_as_serve(args: Namespace) -> NoReturn:
    """In this process, so that a signal to it is one to the server."""
    options = [*(["--config", args.config] if args.config else ()), "serve"]
    options += [] if args.port is None else ["--port", str(args.port)]
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", "idp", *options])  # noqa: S606


def _owner_link(services: Services, args: Namespace) -> str | None:
    from idp.accounts import first_owner
    from idp.accounts.person import InvalidPerson

    try:
        return first_owner.link(services, args.owner, args.owner_email, record=recorder(services.clock))
    except InvalidPerson as error:
        raise Refused(f"--owner{'-email' if error.field == 'email' else ''}: {error.message}") from None


def _story(settings: Settings, created: bool, link: str | None) -> list[str]:
    lines = [f"Doorward is set up in {settings.data_dir}." if created else "Doorward is initialised already."]
    if created:
        lines.append("Back up this folder: without its master key the database cannot be opened.")
    if link is not None:
        lines += [
            "",
            "Here the first owner sets a password. The link works once, for 24 hours; whoever has it is the owner:",
            f"  {link}",
        ]
    return lines
