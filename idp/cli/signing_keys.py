"""`doorward key …`: the keys that sign tokens, and the master key that seals them."""

from __future__ import annotations

import contextlib
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from idp.cli import certificates, key_readers
from idp.cli.installation import load_settings, opened, recorder, shell
from idp.cli.terminal import SOON, command, group, print_json, print_table, say, timestamp, when_everywhere, with_json
from idp.installation.failures import Failed, Refused, explained
from idp.installation.files import check_initialised

if TYPE_CHECKING:
    from keys.rotation import Change, SigningKey


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
    promote.add_argument("--force", action="store_true", help="even though apps may not have it yet")
    withdraw = with_json(command(verbs, "withdraw", run_withdraw, "remove a key and with it every token it signed"))
    withdraw.add_argument("key", metavar="KID")
    key_readers.add_parsers(verbs)
    master = with_json(command(verbs, "master", run_master, "change the master key"))
    master.add_argument("--rotate", action="store_true", required=True, help="seal everything under a new one")
    master.add_argument("--into", metavar="FILE", help="the file of the new key; else the old key's is replaced")


def run_list(args: Namespace) -> None:
    """List the keys."""
    from idp.admin import certificates as saml
    from idp.admin import keys as verbs

    with opened(args) as services:
        keys = services.ring.list_keys()
        if args.json:
            shown = [saml.described(key) for key in saml.published(services)]
            told = [{**verbs.described(key), "kept_in": services.ring.kept_in(key.kid)} for key in keys]
            print_json({"keys": told, "certificates": shown})
            return
        rows = [
            (k.alg, k.state, k.kid, timestamp(k.activated_at), services.ring.kept_in(k.kid), _outlook(k)) for k in keys
        ]
        print_table(("Alg", "State", "Key id", "Signs since", "Kept in", "Then"), rows, "No keys yet.")
        certificates.show(services)


def run_rotate(args: Namespace) -> None:
    """Publish the next key of each algorithm."""
    from idp.admin import keys as verbs

    with opened(args) as services, _named():
        if args.saml:
            certificates.rotate(services, args.use, args.kind, args.json)
            return
        done = verbs.rotate(services, shell(), args.alg or ())
    if args.json:
        print_json({"keys": [{**verbs.described(key), "made": key.kid in done.made} for key in done.keys]})
        return
    for key in done.keys:
        say(f"{key.alg}: {_rotated(key, done.made)}")
    if done.made:
        say(SOON)


def run_promote(args: Namespace) -> None:
    """Let a key sign now."""
    from idp.admin import certificates as saml
    from idp.admin import keys as verbs

    with opened(args) as services, _named():
        if saml.is_one(services, args.key):
            certificates.promote(services, args.key, force=args.force, as_json=args.json)
            return

        def run() -> tuple[Change, ...]:
            return verbs.promote(services, shell(), args.key, force=args.force)

        changes = when_everywhere(services, run, "publishes the key")
    if args.json:
        print_json({"changes": verbs.listed(changes)})
    else:
        say(*(f"{c.alg}: {c.kid} is {c.to} now" for c in changes) if changes else (f"{args.key} signs already.",))
        say(*([SOON] if changes else []))


def run_withdraw(args: Namespace) -> None:
    """Remove a key that is not to be trusted any more."""
    from idp.admin import certificates as saml
    from idp.admin import keys as verbs

    with opened(args) as services, _named():
        if saml.is_one(services, args.key):
            certificates.withdraw(services, args.key, as_json=args.json)
            return
        changes = verbs.withdraw(services, shell(), args.key)
    if args.json:
        print_json({"changes": verbs.listed(changes)})
    else:
        say(f"{args.key} is withdrawn: no token that it signed is believed any more.", SOON)


def run_master(args: Namespace) -> None:
    """Seal the root secret under a new master key."""
    import time

    from idp.installation import master_keys

    settings = load_settings(args)
    check_initialised(settings)
    if not args.into and not master_keys.is_in_file(settings):
        raise Refused("--into: the master key comes from the environment or a command; name a file for the new one")
    into = Path(args.into).absolute() if args.into else None
    with explained():
        where = master_keys.replace(settings, into, record=recorder(time.time))
    if args.json:
        print_json({"master_key_file": str(where)})
        return
    say(f"The new master key is in {where}. Back it up; the old one opens nothing here any more, only older backups.")
    if args.into:
        say("Have the settings (or the environment) lead to it before the next start.")


# -- below -----------------------------------------------------------------------------------------------------------


def _rotated(key: SigningKey, made: tuple[str, ...]) -> str:
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


@contextlib.contextmanager
def _named() -> Iterator[None]:
    from idp.admin.keys import NotSeen
    from keys.algorithms import UnsupportedAlgorithm
    from keys.ring import Contended
    from keys.rotation import NoSuchKey, TooEarly

    try:
        yield
    except (NoSuchKey, UnsupportedAlgorithm) as error:
        raise Refused(str(error)) from None
    except TooEarly as error:
        raise Failed(f"{error}; wait, or take the risk with --force") from None
    except NotSeen as error:
        raise key_readers.refused(error.report) from None
    except Contended as error:
        raise Failed(str(error)) from None
