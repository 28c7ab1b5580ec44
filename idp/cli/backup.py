"""`doorward backup`: everything that the database has, in one encrypted file; and whether such a file is whole."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from idp.cli.installation import actor, load_settings, opened
from idp.cli.terminal import command, print_json, progress_of, say, timestamp, with_json
from idp.installation.failures import Refused, explained

if TYPE_CHECKING:
    from idp.config import Settings
    from idp.installation.backups import age
    from idp.installation.backups.archive import Head


def add_parsers(commands: Any) -> None:
    """Add `backup`."""
    parser = with_json(
        command(commands, "backup", run, "write everything in the database into an encrypted file, while it serves")
    )
    parser.add_argument(
        "words", metavar="[verify|key] FILE", nargs="+",
        help="the new file; `verify FILE` reads one from end to end; `key FILE` makes a key pair",
    )  # fmt: skip
    parser.add_argument(
        "--recipient", metavar="AGE1", action="append", default=[],
        help="encrypt for this public key; may stand several times",
    )  # fmt: skip
    add_opening_options(parser, "verify: ")
    parser.add_argument(
        "--with-master-key", action="store_true", help="put the master key into the file, too: it alone is then enough"
    )


def add_opening_options(parser: ArgumentParser, when: str = "") -> None:
    """What opens a file."""
    parser.add_argument(
        "--passphrase-file", metavar="FILE",
        help="its first line is the passphrase, - for standard input; else $DOORWARD_BACKUP_PASSPHRASE, the settings, "
        "or what is typed",
    )  # fmt: skip
    parser.add_argument(
        "--identity", metavar="FILE", action="append", default=[], help=f"{when}a file with the secret key (age-keygen)"
    )


def run(args: Namespace) -> None:
    """Write a backup, look at one, or make a key."""
    words = args.words
    if len(words) == 1:
        _take(args, Path(words[0]))
    elif len(words) == 2 and words[0] == "verify":
        _verify(args, Path(words[1]))
    elif len(words) == 2 and words[0] == "key":
        _make_key(args, Path(words[1]))
    else:
        raise Refused("expected FILE, verify FILE or key FILE")


def _take(args: Namespace, file: Path) -> None:
    from idp.installation.backups import files, taking
    from idp.opening import master_key

    file = file.absolute()
    with opened(args) as services:
        files.check_free(file)
        recipients = _recipients(args, services.settings)
        master = master_key(services.settings) if args.with_master_key else None
        with progress_of("Backup") as show:
            taken = taking.take(services, file, recipients, actor=actor(), master_key=master, show=show)
    if args.json:
        print_json({**vars(taken), "file": str(taken.file)})
        return
    say(f"Wrote {taken.rows:,} rows into {taken.file} ({_size(taken.size)}), as they were at {timestamp(taken.at)}.")
    if not taken.has_master_key:
        say("The master key is not in it: keep that elsewhere; a restore needs both.")


def _verify(args: Namespace, file: Path) -> None:
    from idp.installation.backups import verifying

    settings = load_settings(args)
    identities = identities_of(args, settings, file)
    with explained(), progress_of("Reading") as show:
        verdict = verifying.verify(settings, file, identities, show)
    head = verdict.head
    if args.json:
        print_json({**told_of(head), "bytes": verdict.size, "master_key_opens": verdict.opens})
        return
    say(f"{file} is whole: {head.rows:,} rows, as they were at {timestamp(head.at)}.")
    say(f"Of {head.issuer}, Doorward {head.release}, schema {head.schema}, {head.database}.")
    if head.has_master_key:
        say("The master key is in it.")
    elif verdict.opens:
        say("The master key is not in it; the one of this installation opens it.")
    elif verdict.opens is None:
        say("The master key is not in it, and there is none here: a restore needs the one of that installation.")
    else:
        say("The master key is not in it, and the one that is here is another one: a restore needs that of then.")


def _make_key(args: Namespace, file: Path) -> None:
    from idp.installation.backups import age, files

    secret = age.SecretKey.make()
    with files.written(file.absolute()) as out:
        out.write(f"# public key: {secret.public}\n{secret}\n".encode())
    if args.json:
        print_json({"file": str(file), "public_key": str(secret.public)})
        return
    say(f"The secret key is in {file}: keep it where no server is; it alone opens the backups.", str(secret.public))


def told_of(head: Head) -> dict[str, Any]:
    """A head as programs read it."""
    told = {**vars(head), "rows": head.rows}
    return {name: value for name, value in told.items() if name != "root"}


def _recipients(args: Namespace, settings: Settings) -> list[age.Recipient]:
    from idp.installation.backups import locks

    if args.recipient:
        if args.passphrase_file:
            raise Refused("expected --recipient or --passphrase-file, not both")
        return [locks.read_recipient(text, "--recipient") for text in args.recipient]
    if args.passphrase_file:
        return [locks.good(_passphrase(args.passphrase_file), "--passphrase-file: the passphrase")]
    if found := locks.of_settings(settings):
        return found
    if not sys.stdin.isatty():
        raise Refused(
            "a backup is encrypted: give --recipient, --passphrase-file or DOORWARD_BACKUP_PASSPHRASE, or set [backup]"
        )
    return [locks.good(_asked_twice(), "the passphrase")]


def identities_of(args: Namespace, settings: Settings, file: Path) -> list[age.Identity]:
    """What may open a file; a person is asked where nothing is given. Errors: `Refused`."""
    from idp.installation.backups import locks, verifying

    given = _passphrase(args.passphrase_file) if args.passphrase_file else ""
    found = locks.all_identities(settings, [Path(name) for name in args.identity], given)
    verifying.opened(file).close()  # nobody types a passphrase for a file that is not there
    if not found and not sys.stdin.isatty():
        raise Refused("what opens it? Give --passphrase-file, DOORWARD_BACKUP_PASSPHRASE or --identity")
    if not found:
        import getpass

        found = locks.all_identities(settings, [], getpass.getpass("Passphrase: "))
    return found


def _passphrase(name: str) -> str:
    from idp.installation.backups import locks

    if name != "-":
        return locks.first_line(Path(name))
    line = sys.stdin.readline().rstrip("\r\n")
    if not line:
        raise Refused("--passphrase-file -: standard input has no passphrase on its first line")
    return line


def _asked_twice() -> str:
    import getpass

    first = getpass.getpass("Passphrase: ")
    if getpass.getpass("Once more: ") != first:
        raise Refused("the two are not the same: nothing was written")
    return first


def _size(count: int) -> str:
    for unit in ("bytes", "KiB", "MiB"):
        if count < 10_000:
            return f"{count:,} {unit}"
        count //= 1024
    return f"{count:,} GiB"
