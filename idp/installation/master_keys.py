"""Another master key: the root secret is sealed under it, and opens by no other."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from idp.db import Executor
from idp.installation.failures import Failed
from idp.installation.files import master_key_file

if TYPE_CHECKING:
    from idp.audit import Recorder
    from idp.config import Settings


def is_in_file(settings: Settings) -> bool:
    """Whether the master key is read from a file, and not from the environment or a command."""
    return not (settings.keys.master_key or settings.keys.master_key_command)


def replace(settings: Settings, into: Path | None, *, record: Recorder) -> Path:
    """Seal the root secret under a new master key; answers its file: `into`, else that of the old one.

    Running servers go on: they hold the root secret already. A try that was cut short is taken up again. Errors:
    `Failed`, `WrongMasterKey`.
    """
    from idp.db import Database
    from idp.opening import master_key
    from keys import sealing
    from keys.master import sync_folder

    old_file = master_key_file(settings)
    new_file = into or old_file.with_name(old_file.name + ".new")
    db = Database(settings.database_url)
    try:
        new = _new_key(new_file)
        if not _opens(db, new):  # else an earlier try got as far as this
            sealing.rewrap(db, master_key(settings), new)
        record(db, "key:master", {})
    finally:
        db.close()
    if into is not None:
        return new_file
    os.replace(new_file, old_file)
    sync_folder(old_file.parent)  # by now only the new key opens the database
    return old_file


def _new_key(file: Path) -> bytes:
    """The key in `file`, made first where there is none."""
    from keys.master import make_master_key_file, read_master_key

    try:
        return make_master_key_file(file)
    except FileExistsError:
        return read_master_key("", file, "")
    except OSError as error:
        raise Failed(f"the new master key {file} cannot be written: {error.strerror}") from None


def _opens(db: Executor, master: bytes) -> bool:
    from keys.sealing import WrongMasterKey, load

    try:
        load(db, master)
    except WrongMasterKey:
        return False
    return True
