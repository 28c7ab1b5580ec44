"""`doorward init`: make the data folder, the master key, the database, the first keys and the first owner."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING, Any

from idp.cli.installation import load_settings, recorder
from idp.cli.terminal import command, print_json, say, with_json
from idp.installation.failures import Refused, explained

if TYPE_CHECKING:
    from idp.config import Settings
    from idp.protocols import Services


def add_parsers(commands: Any) -> None:
    """Add `init`."""
    parser = with_json(command(commands, "init", run, "set up this installation; safe to run again"))
    parser.add_argument("--owner", metavar="NAME", default="owner", help="the first owner's username (owner)")
    parser.add_argument("--owner-email", metavar="ADDRESS", help="the first owner's e-mail address")


def run(args: Namespace) -> None:
    """Set up what is missing, and hand out the first owner's link while no owner can sign in."""
    settings = load_settings(args)
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
        say(*_story(settings, created, link))


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
    return [*lines, "", f"Start it with `doorward serve`; people will find it at {settings.server.issuer}"]
