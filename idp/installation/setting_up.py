"""Make what an installation stands on: the data folder, the master key, the schema, the root secret."""

from __future__ import annotations

from typing import TYPE_CHECKING

from idp.installation import schema
from idp.installation.failures import Failed
from idp.installation.files import master_key_file, sqlite_file

if TYPE_CHECKING:
    from idp.config import Settings


def prepare(settings: Settings) -> bool:
    """The folder, the master key, the schema, the root secret. Answers whether the root secret is new."""
    import time

    from idp.audit.chain import proofs
    from idp.audit.chain.sealing import ensure_begun
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
        sealer = sealing.create(db, master, time.time)
        if created:  # from the first event on, so that no later beginning passes for the first
            ensure_begun(db, sealer.mac_key(proofs.PURPOSE), time.time())
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
