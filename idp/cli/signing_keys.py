"""`doorward key …`: the keys that sign tokens, and the master key that seals them."""

from __future__ import annotations

import contextlib
import os
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from idp.cli import certificates
from idp.cli.installation import load_settings, opened, recorder
from idp.cli.terminal import (
    SOON,
    command,
    group,
    print_json,
    print_table,
    say,
    timestamp,
    wait_for_servers,
    with_json,
)
from idp.installation.failures import Failed, Refused, explained
from idp.installation.files import check_initialised, master_key_file

if TYPE_CHECKING:
    from idp.protocols import Services
    from keys.rotation import Change, SigningKey

_TIMES = ("created_at", "published_at", "activate_after", "activated_at", "retired_at", "expires_at")


def add_parsers(commands: Any) -> None:
    """Add `key`."""
    verbs = group(commands, "key", "the keys that sign tokens")
    with_json(command(verbs, "list", run_list, "list the keys and what becomes of them"))
    rotate = with_json(command(verbs, "rotate", run_rotate, "publish the next key; it signs when apps can know it"))
    rotate.add_argument("--saml", action="store_true", help="the certificate of SAML instead: into the metadata")
    rotate.add_argument("--use", choices=("signing", "encryption"), default="signing", help="with --saml (signing)")
    rotate.add_argument("--kind", choices=("rsa", "ec"), default="rsa", help="with --saml (rsa)")
    rotate.add_argument("--alg", metavar="ALG", action="append", help="only this algorithm, such as RS256")
    promote = with_json(command(verbs, "promote", run_promote, "let a published key sign now, or a retiring one again"))
    promote.add_argument("key", metavar="KID_OR_ALG")
    promote.add_argument("--force", action="store_true", help="even though apps may still hold a JWKS without it")
    withdraw = with_json(command(verbs, "withdraw", run_withdraw, "remove a key and with it every token it signed"))
    withdraw.add_argument("key", metavar="KID")
    master = with_json(command(verbs, "master", run_master, "change the master key"))
    master.add_argument("--rotate", action="store_true", required=True, help="seal everything under a new one")
    master.add_argument("--into", metavar="FILE", help="the file of the new key; else the old key's is replaced")


def run_list(args: Namespace) -> None:
    """List the keys."""
    with opened(args) as services:
        keys = services.ring.list_keys()
        if args.json:
            shown = [certificates.described(key) for key in certificates.published(services)]
            print_json({"keys": [described(key) for key in keys], "certificates": shown})
            return
        rows = [(key.alg, key.state, key.kid, timestamp(key.activated_at), _outlook(key)) for key in keys]
        print_table(("Alg", "State", "Key id", "Signs since", "Then"), rows, "No keys yet.")
        certificates.show(services)


def run_rotate(args: Namespace) -> None:
    """Publish the next key of each algorithm."""
    with opened(args) as services, _named():
        if args.saml:
            certificates.rotate(services, args.use, args.kind, args.json)
            return
        algs = args.alg or sorted(services.ring.algorithms())
        before = {key.kid for key in services.ring.list_keys()}
        keys = [services.ring.rotate(alg) for alg in algs]
        made = [key.kid for key in keys if key.kid not in before]
        if made:
            _record(services, "key:rotate", {"kids": made, "algs": algs})
    if args.json:
        print_json({"keys": [{**described(key), "made": key.kid in made} for key in keys]})
        return
    for key in keys:
        say(f"{key.alg}: {_rotated(key, made)}")
    if made:
        say(SOON)


def run_promote(args: Namespace) -> None:
    """Let a key sign now."""
    with opened(args) as services, _named():
        if certificates.is_one(services, args.key):
            certificates.promote(services, args.key, force=args.force, as_json=args.json)
            return
        if args.force:
            # What is forced is that applications may hold an old JWKS; none of our own may give one out. One that meets
            # a key id it does not know fetches the JWKS once more, and is at its wits' end if that one is old (K4).
            wait_for_servers(services, services.ring.served_everywhere_at(args.key), "publishes the key")
        changes = services.ring.promote(args.key, force=args.force)
        if changes:
            _record(services, "key:promote", {"key": args.key, "forced": args.force, "changes": _listed(changes)})
    if args.json:
        print_json({"changes": _listed(changes)})
    else:
        say(*(f"{c.alg}: {c.kid} is {c.to} now" for c in changes) if changes else (f"{args.key} signs already.",))
        say(*([SOON] if changes else []))


def run_withdraw(args: Namespace) -> None:
    """Remove a key that is not to be trusted any more."""
    with opened(args) as services, _named():
        if certificates.is_one(services, args.key):
            certificates.withdraw(services, args.key, as_json=args.json)
            return
        changes = services.ring.withdraw(args.key)
        _record(services, "key:withdraw", {"kid": args.key})
    if args.json:
        print_json({"changes": _listed(changes)})
    else:
        say(f"{args.key} is withdrawn: no token that it signed is believed any more.", SOON)


def run_master(args: Namespace) -> None:
    """Seal the root secret under a new master key. Running servers go on: they hold the root secret already."""
    import time

    settings = load_settings(args)
    check_initialised(settings)
    in_file = not (settings.keys.master_key or settings.keys.master_key_command)
    if not in_file and not args.into:
        raise Refused("--into: the master key comes from the environment or a command; name a file for the new one")
    old_file = master_key_file(settings)
    new_file = Path(args.into).absolute() if args.into else old_file.with_name(old_file.name + ".new")
    with explained():
        from idp.db import Database
        from idp.opening import master_key
        from keys import sealing

        db = Database(settings.database_url)
        try:
            new = _new_key(new_file)
            if not _opens(db, new):  # else an earlier try got as far as this
                sealing.rewrap(db, master_key(settings), new)
            recorder(time.time)(db, "key:master", {})
        finally:
            db.close()
    if not args.into:
        os.replace(new_file, old_file)
        _sync(old_file.parent)
    where = old_file if not args.into else new_file
    if args.json:
        print_json({"master_key_file": str(where)})
        return
    say(f"The new master key is in {where}. Back it up; the old one opens nothing here any more, only older backups.")
    if args.into:
        say("Have the settings (or the environment) lead to it before the next start.")


# -- below -----------------------------------------------------------------------------------------------------------


def described(key: SigningKey) -> dict[str, Any]:
    """A key as `--json` shows it; nothing private."""
    return {"kid": key.kid, "alg": key.alg, "state": key.state, **{name: getattr(key, name) for name in _TIMES}}


def _rotated(key: SigningKey, made: list[str]) -> str:
    """What has become of a wish for the next key."""
    if key.state == "active":
        return f"{key.kid} signs now"
    when = f"it signs from {timestamp(key.activate_after)} on"
    if key.kid in made:
        return f"{key.kid} is published; {when}"
    return (
        f"nothing was made: {key.kid} has been published since {timestamp(key.published_at)}; {when}, or sooner by "
        f"`doorward key promote {key.kid}`"
    )


def _outlook(key: SigningKey) -> str:
    if key.state == "next":
        return f"signs from {timestamp(key.activate_after)} on"
    if key.state == "retiring":
        return f"leaves the JWKS at {timestamp(key.expires_at)}"
    return ""


def _listed(changes: tuple[Change, ...]) -> list[dict[str, Any]]:
    return [{"alg": change.alg, "kid": change.kid, "to": change.to} for change in changes]


def _record(services: Services, action: str, detail: dict[str, Any]) -> None:
    recorder(services.clock)(services.db, action, detail)


def _new_key(file: Path) -> bytes:
    """The key in `file`, made first where there is none."""
    from keys.master import make_master_key_file, read_master_key

    try:
        return make_master_key_file(file)
    except FileExistsError:
        return read_master_key("", file, "")
    except OSError as error:
        raise Failed(f"the new master key {file} cannot be written: {error.strerror}") from None


def _sync(folder: Path) -> None:
    """The new name, too, must outlive a power cut: by now only the new key opens the database."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _opens(db: Any, master: bytes) -> bool:
    from keys.sealing import WrongMasterKey, load

    try:
        load(db, master)
    except WrongMasterKey:
        return False
    return True


@contextlib.contextmanager
def _named() -> Iterator[None]:
    from keys.algorithms import UnsupportedAlgorithm
    from keys.ring import Contended
    from keys.rotation import NoSuchKey, TooEarly

    try:
        yield
    except (NoSuchKey, UnsupportedAlgorithm) as error:
        raise Refused(str(error)) from None
    except TooEarly as error:
        raise Failed(f"{error}; wait, or take the risk with --force") from None
    except Contended as error:
        raise Failed(str(error)) from None
