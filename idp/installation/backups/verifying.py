"""Read a backup from end to end, as a restore would."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from idp.installation.failures import Failed, Refused

from . import age
from .archive import Head, Reader, TooNew
from .taking import Show

if TYPE_CHECKING:
    from idp.config import Settings

_WORTHLESS = "take another backup; this one is worth nothing"


@dataclass(frozen=True)
class Verdict:
    """What a whole backup holds. `opens`: whether this installation's master key is the one; None: none is here."""

    head: Head
    size: int
    opens: bool | None


def verify(
    settings: Settings, file: Path, identities: Sequence[age.Identity], show: Show = lambda table, done, total: None
) -> Verdict:
    """Errors: `Failed` where it is damaged, `Refused` where no key opens it."""
    with opened(file) as source:
        reader = open_reader(file, source, identities)
        with explained(file):
            for table, batches in reader.tables():
                done = 0
                for rows in batches:
                    done += len(rows)
                    show(table.name, done, reader.head.tables.get(table.name, 0))
            if is_right := opens(settings, reader.head):
                check_maker(settings, reader)
        size = source.tell()
    return Verdict(reader.head, size, is_right)


def opened(file: Path) -> BinaryIO:
    """Errors: `Refused`."""
    try:
        return file.open("rb")
    except OSError as error:
        raise Refused(f"{file} cannot be read: {error.strerror}") from None


def open_reader(file: Path, source: BinaryIO, identities: Sequence[age.Identity]) -> Reader:
    """Errors: `Failed`, `Refused`."""
    with explained(file):
        return Reader(source, identities)


@contextlib.contextmanager
def explained(file: Path) -> Iterator[None]:
    """What is wrong with a file, in a sentence."""
    try:
        yield
    except age.Closed:
        raise Refused(f"{file} opens with another passphrase or key than the one that was given") from None
    except TooNew:
        raise Failed(f"{file} was written by a newer release: read it with that one") from None
    except age.Damaged as error:
        raise Failed(f"{file} is damaged: {error}", _WORTHLESS) from None
    except (ValueError, KeyError, TypeError):  # proven, and yet not what we write: by somebody who has the public key
        raise Failed(f"{file} is damaged: what it holds is no backup of Doorward", _WORTHLESS) from None


def check_maker(settings: Settings, reader: Reader) -> None:
    """Whether it was written by the installation that it is of, as far as a master key says: the one that is here, else
    its own. Errors: `age.Damaged`.
    """
    from idp.opening import master_key
    from keys import sealing

    master = master_key(settings) if opens(settings, reader.head) else bytes.fromhex(reader.master_key)
    try:
        reader.check_maker(sealing.of_root(reader.head.root, master))
    except sealing.WrongMasterKey:
        raise age.Damaged("the master key in it opens nothing of it") from None


def opens(settings: Settings, head: Head) -> bool | None:
    """Whether the master key of this installation is that of the backup; None: there is none here."""
    from idp.opening import master_key
    from keys import sealing
    from keys.master import BadMasterKey

    try:
        return sealing.opens(head.root, master_key(settings))
    except BadMasterKey:
        return None
