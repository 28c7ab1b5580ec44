"""`doorward apply`: what files of configuration declare is made so, whole or not at all."""

from __future__ import annotations

import contextlib
import sys
from argparse import Namespace
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from idp.cli import configuration_files as files
from idp.cli import secrets_file
from idp.cli.installation import opened, shell
from idp.cli.terminal import SOON, command, complain, print_json, printable, say, with_json
from idp.installation.failures import Failed

if TYPE_CHECKING:
    from idp.admin.configuration.applying import Applied

_SECRETS = ("client_secret", "token")
CHANGED = 3  # what the plan was made against is no longer so


def add_parsers(commands: Any) -> None:
    """Add `apply`."""
    apply = with_json(command(commands, "apply", run_apply, "make it so as files of configuration declare it"))
    files.add_files(apply)
    apply.add_argument("--keep", action="store_true", help="let go of what these files managed and no longer name")
    apply.add_argument("--yes", action="store_true", help="do not ask")
    apply.add_argument("--secrets-file", metavar="NEW", help="write new secrets there (mode 600), not to the output")


def run_apply(args: Namespace) -> int:
    """Plan, ask, do."""
    from idp.admin.configuration.applying import ChangedMeanwhile, apply

    if args.prune and args.keep:
        raise Failed("--keep: not together with --prune, which removes what it would keep")
    entries, managers = files.read(args)
    with opened(args) as services, _explained(), secrets_file.made(args.secrets_file) as secrets:
        plan = files.planned(services, entries, managers, args)
        if not args.json:
            say(*files.lines(plan))
            complain(*files.notes(plan))
        if plan.changes:
            _ask(args)
        try:
            done = apply(services, shell(), entries, managers, plan, prune=args.prune, keep=args.keep)
        except ChangedMeanwhile:
            complain("changed meanwhile, plan again: what this plan was made against is no longer so. Nothing is done")
            return CHANGED
        _tell(args, done, secrets)
    return 0


def _ask(args: Namespace) -> None:
    """Errors: `Failed` where nobody says yes."""
    if args.yes:
        return
    if "-" in args.files or args.json or not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise Failed("--yes: is needed where nobody can be asked. Nothing is done")
    sys.stdout.write("Apply this? [y/N] ")
    sys.stdout.flush()
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise Failed("nothing is done")


@contextlib.contextmanager
def _explained() -> Iterator[None]:
    """What a verb refuses at the last moment. The transaction has been rolled back."""
    from clients.errors import InvalidMetadata, UnknownClient
    from idp.accounts.groups import GroupHasMembers
    from idp.accounts.notices import InvalidNotice
    from idp.accounts.person import InvalidPerson
    from idp.accounts.provisioning.clients import InvalidProvisioner
    from idp.admin.configuration.document import BadConfiguration
    from idp.provisioning.checking import InvalidTarget
    from idp.provisioning.keeping import TargetThere, TooMany
    from idp.saml.metadata.lexical import BadMetadata

    try:
        yield
    except BadConfiguration as error:
        raise Failed(*error.lines, "nothing is done") from None
    except (BadMetadata, GroupHasMembers, InvalidMetadata, InvalidNotice, InvalidPerson, UnknownClient) as error:
        raise Failed(f"nothing is done: {error}") from None
    except (InvalidProvisioner, InvalidTarget, TargetThere, TooMany) as error:
        raise Failed(f"nothing is done: {error or 'there are as many targets as there may be'}") from None


def _tell(args: Namespace, done: Applied, file: Any) -> None:
    shown = [{"client_id": client.id, "name": client.name, "client_secret": secret} for client, secret in done.secrets]
    shown += [{"scim_client": one.client.id, "name": one.client.name, "token": one.value} for one in done.writers]
    if file is not None:
        for one in shown:
            secrets_file.write(file, one)
        shown = [{key: value for key, value in one.items() if key not in _SECRETS} for one in shown]
    if args.json:
        print_json({
            "changes": [files.described(change) for change in done.changes], "secrets": shown,
            "newly_managed": done.marked, "let_go": done.let_go,
        })  # fmt: skip
        return
    for one in shown:
        if "scim_client" in one:
            said = "in " + args.secrets_file if args.secrets_file else one["token"]
            say("", f"{printable(one['name'])} may write people here", f"Token: {said}")
            continue
        say("", f"{one['name']}", f"Client id:     {one['client_id']}")
        if "client_secret" in one:
            say(f"Client secret: {one['client_secret']}", "The secret is shown this once: keep it safe.")
        else:
            say(f"Client secret: in {args.secrets_file}")
    if done.changes:
        say("", f"Done: {len(done.changes)} {'change' if len(done.changes) == 1 else 'changes'}. {SOON}")
