"""`doorward init`: make the data folder, the master key, the database, the first keys and the first owner."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING, Any

from idp.cli import schema
from idp.cli.installation import explained, load_settings, master_key_file, recorder, sqlite_file
from idp.cli.terminal import Failed, Refused, command, print_json, say, with_json

if TYPE_CHECKING:
    from idp.accounts.person import Person
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
        created = prepare(settings)
        from idp.opening import close, create_services

        services = create_services(settings, deferred=True)
        try:
            services.ring.tick()
            link = owner_link(services, args.owner, args.owner_email)
        finally:
            close(services)
    if args.json:
        result = {"issuer": settings.server.issuer, "data_dir": str(settings.data_dir), "created": created}
        print_json({**result, "owner_link": link})
    else:
        say(*_story(settings, created, link))


def prepare(settings: Settings) -> bool:
    """The folder, the master key, the schema, the root secret. Answers whether the root secret is new."""
    import time

    from idp.db import Database
    from idp.opening import master_key
    from keys import sealing, store

    _make_folder(settings)
    if not (settings.keys.master_key or settings.keys.master_key_command):
        _make_master_key(settings)
    master = master_key(settings)
    if schema.current(settings) != schema.head():
        schema.upgrade(settings)
    if (file := sqlite_file(settings)) is not None:
        file.chmod(0o600)  # it holds password hashes
    db = Database(settings.database_url)
    try:
        created = store.find_root(db) is None
        sealing.create(db, master, time.time)
    finally:
        db.close()
    return created


def _make_folder(settings: Settings) -> None:
    try:
        if not settings.data_dir.exists():
            settings.data_dir.mkdir(parents=True)
            settings.data_dir.chmod(0o700)
    except OSError as error:
        raise Failed(f"the data folder {settings.data_dir} cannot be made: {error.strerror}") from None


def _make_master_key(settings: Settings) -> None:
    """A new master key, unless there is one; never for a database that another one has sealed."""
    from keys.master import make_master_key_file

    file = master_key_file(settings)
    if file.exists():
        return
    if schema.current(settings) is not None:
        raise Failed(
            f"there is a database, and no master key at {file}: restore the key from your backup",
            "a new key could not open what the old one has sealed",
        )
    try:
        make_master_key_file(file)
    except FileExistsError:
        return  # a racing `init` was first
    except OSError as error:
        raise Failed(f"the master key {file} cannot be written: {error.strerror}") from None


def owner_link(services: Services, username: str, email: str | None) -> str | None:
    """A one-time link for the first owner, made where missing; None once an owner can sign in. Errors: `Refused`."""
    from idp.accounts import links

    if services.directory.has_owner():
        return None
    owner = _waiting(services) or _add_owner(services, username, email)
    token = links.make(services.state, owner, "owner", links.OWNER_TTL)
    recorder(services.clock)(services.db, "link:made", {"person_id": owner.id, "purpose": "owner"})
    return services.url(f"/setup/{token}")


def _waiting(services: Services) -> Person | None:
    """An owner who has set no password yet."""
    found = (person for person in services.directory.owners() if person.enabled and not person.has_password)
    return next(found, None)


def _add_owner(services: Services, username: str, email: str | None) -> Person:
    from idp.accounts.person import Draft, InvalidPerson

    draft = Draft(username=username, email=email, roles=("owner",))
    try:
        return services.directory.add(draft, record=recorder(services.clock))
    except InvalidPerson as error:
        racing = _waiting(services)  # another `init` at the same time made the owner
        if racing is not None:
            return racing
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
