"""Checks that need only the settings: whatever they find, nothing has been opened yet."""

from __future__ import annotations

import sys
import sysconfig
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from idp.config.masking import ADDRESSES, MASKED, SECRET, masked
from idp.installation import schema
from idp.installation.checks import certificates, given, network, storage
from idp.installation.checks.findings import CLOCK_SLACK, Finding, Found, mode_of
from idp.installation.failures import INIT_FIRST
from idp.installation.files import check_initialised, master_key_file, sqlite_file
from idp.installation.moving import standing

if TYPE_CHECKING:
    from idp.config import Settings

MAX_LOGO = 256 * 1024  # bytes
MAX_BACKGROUND = 1024 * 1024  # bytes


def examine_config(file: Path | None, settings: Settings) -> Found:
    yield Finding("config", "ok", f"{file} is valid" if file else "no file, so the defaults and the environment hold")
    if file is not None and _has_secret(file, settings) and mode_of(file) & 0o077:
        yield Finding("config", "warning", "others can read the file, and it may hold a secret", f"chmod 600 {file}")


def _has_secret(file: Path, settings: Settings) -> bool:
    """Whether what opens something stands in the file itself, such as an address with a password."""
    given = [where for where, place in settings.places().items() if place.startswith(f"{file}:")]
    values = {(section, key): str(getattr(getattr(settings, section, None), key, "") or "") for section, key in given}
    return any(value and _opens(where, value) for where, value in values.items())


def _opens(where: tuple[str, str], value: str) -> bool:
    if where[0] == "storage" and where in ADDRESSES:
        return bool(urlsplit(value).password) or "password=" in value
    return where in SECRET or (where in ADDRESSES and MASKED in masked(*where, value))


def examine_data_dir(settings: Settings) -> Found:
    folder = settings.data_dir
    if not folder.is_dir():
        yield Finding("data folder", "error", f"{folder} does not exist", "run `doorward init`")
        return
    if mode_of(folder) & 0o077:
        yield Finding("data folder", "warning", f"others can look into {folder}", f"chmod 700 {folder}")
    else:
        yield Finding("data folder", "ok", str(folder))
    files = [file for file in sorted(folder.iterdir()) if file.suffix in (".db", ".key") or ".db-" in file.name]
    files += [file for file in _secret_files(settings) if file.is_file() and file not in files]
    for file in files:
        if mode_of(file) & 0o077:
            name = file.name if file.parent == folder else file
            yield Finding("data folder", "warning", f"others can read {name}", f"chmod 600 {file}")
    backups = settings.path(settings.backup.folder) if settings.backup.folder else folder
    if backups != folder and backups.is_dir() and mode_of(backups) & 0o022:
        yield Finding("data folder", "warning", f"others can write to {backups}", f"chmod go-w {backups}")


def _secret_files(settings: Settings) -> Iterator[Path]:
    """What the settings name, wherever it is."""
    keys, backup, database = settings.keys, settings.backup, sqlite_file(settings)
    yield from (settings.path(name) for name in (keys.master_key_file, backup.passphrase_file) if name)
    if database is not None:
        yield database.resolve()


def examine_master_key(settings: Settings) -> Found:
    from idp.opening import master_key

    check_initialised(settings)
    master_key(settings)
    keys = settings.keys
    source = "the environment or the settings" if keys.master_key else "a command" if keys.master_key_command else ""
    yield Finding("master key", "ok", f"from {source or master_key_file(settings)}")


def examine_database(settings: Settings) -> Found:
    found, wanted = schema.current(settings), schema.head()
    kind = "SQLite" if sqlite_file(settings) is not None else "PostgreSQL"
    if found is not None:
        standing.check_stays(settings)
    if found == wanted:
        yield Finding("database", "ok", f"{kind}, schema {found}")
    elif found is None:
        yield Finding("database", "error", INIT_FIRST)
    elif not schema.is_known(found):  # revisions are a line, but not in the order of their numbers
        text = f"it is of a newer release: schema {found}, and this one knows {wanted}"
        yield Finding(
            "database", "error", text, "upgrade Doorward here too, or restore the backup of before the upgrade"
        )
    else:
        yield Finding("database", "error", f"schema {found}, this release needs {wanted}", "run `doorward migrate`")
    if kind == "SQLite" and settings.server.workers > 1:
        text = "several workers share the embedded database: right on one machine, not on several"
        yield Finding("database", "warning", text, "for more than one machine set storage.database_url to PostgreSQL")
    if kind == "PostgreSQL":
        apart = schema.server_clock(settings.database_url) - time.time()
        if abs(apart) > CLOCK_SLACK:
            yield Finding("clock", "error", f"the database's clock is {apart:+.1f} s apart", "run NTP on both machines")


def examine_files(settings: Settings) -> Found:
    roots = settings.passkeys.attestation_roots
    for key, value in (
        ("passwords.blocklist", settings.passwords.blocklist),
        ("outbound.ca", settings.outbound.ca),
        ("passkeys.attestation_roots", roots),
    ):
        if value:
            text = f"{settings.path(value)} {'is there' if settings.path(value).is_file() else 'does not exist'}"
            yield Finding(key, "ok" if settings.path(value).is_file() else "error", text)
    yield from _picture(settings, "brand.logo", settings.brand.logo, ("SVG", "PNG"), MAX_LOGO)
    yield from _picture(
        settings, "brand.background", settings.brand.background, ("JPEG", "PNG", "WebP", "SVG"), MAX_BACKGROUND
    )


def _picture(settings: Settings, key: str, name: str, kinds: tuple[str, ...], most: int) -> Found:
    """A file of `[brand]`: there, of a kind that is served, and light enough for a telephone."""
    if not name:
        return
    file = settings.path(name)
    suffix = file.suffix.lower().replace(".jpg", ".jpeg")
    if not file.is_file():
        yield Finding(key, "error", f"{file} does not exist")
    elif suffix not in [f".{kind.lower()}" for kind in kinds]:
        fix = f"use {', '.join(kinds[:-1])} or {kinds[-1]}"
        yield Finding(key, "error", f"{file.name} is not a picture that browsers show", fix)
    elif file.stat().st_size > most:
        yield Finding(key, "warning", f"{file.name} is large: {file.stat().st_size // 1024} KiB")
    else:
        yield Finding(key, "ok", str(file))


def examine_python(_: Settings) -> Found:
    version = ".".join(map(str, sys.version_info[:3]))
    if "--enable-optimizations" in str(sysconfig.get_config_var("CONFIG_ARGS")):
        yield Finding("python", "ok", version)
    else:
        text = f"{version} was built without profile-guided optimisation: 15 to 25 % slower"
        yield Finding("python", "warning", text, "use the distribution's Python, or build with --enable-optimizations")


CHECKS: tuple[tuple[str, Callable[[Any], Found]], ...] = (
    ("issuer", network.examine_address),
    ("data folder", examine_data_dir),
    ("master key", examine_master_key),
    ("database", examine_database),
    ("disk", storage.examine_disk),
    ("database", storage.examine_server_of),
    ("limits", storage.examine_limits),
    ("files", examine_files),
    ("settings", given.examine),
    ("certificates", certificates.examine_settings),
    ("python", examine_python),
)
