"""Checks of what data lies on: the disk, the kind of file system, the database server."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from idp.installation.checks.findings import Finding, Found

if TYPE_CHECKING:
    from idp.config import Settings
    from idp.protocols import Services

LITTLE, TOO_LITTLE = 500 * 1024 * 1024, 20 * 1024 * 1024  # bytes that are free
#: Where SQLite's locks and its shared memory do not work, or not between machines.
NETWORKED = ("nfs", "nfs4", "cifs", "smb", "smb3", "smbfs", "9p", "ceph", "glusterfs", "afs", "fuse.sshfs",
             "fuse.glusterfs", "fuse.s3fs", "fuse.rclone", "lustre", "vboxsf", "davfs")  # fmt: skip
_CONNECTIONS_BESIDE = 4  # of each process: background, exports


def examine_disk(settings: Settings) -> Found:
    """The folder with the embedded database, keys and the queue."""
    from idp.installation.files import sqlite_file

    folder, file = settings.data_dir, sqlite_file(settings)
    if not folder.is_dir():
        return
    where = file.parent if file is not None and file.parent.is_dir() else folder
    kind = kind_of(where, _mounts())
    if file is not None and kind in NETWORKED:
        yield Finding(
            "disk",
            "error",
            f"storage.data_dir: {where} is on a network file system ({kind}), where SQLite's locks do not hold",
            "put it on a disk of this machine, or set storage.database_url to PostgreSQL",
        )
    for one in (where, *([file] if file is not None and file.exists() else [])):
        if not os.access(one, os.W_OK):
            fix = f"chown -R it to the user of the service ({_me()} asks); in systemd name it in ReadWritePaths"
            yield Finding("disk", "error", f"storage.data_dir: {one} cannot be written to by this user", fix)
    free = shutil.disk_usage(where).free
    if free < LITTLE:
        status = "error" if free < TOO_LITTLE else "warning"
        text = f"storage.data_dir: {free // 1024 // 1024} MiB are free at {where}"
        yield Finding("disk", status, text, "make room: when the disk is full, nobody signs in")  # type: ignore[arg-type]


def kind_of(folder: Path, mounts: str) -> str:
    """The kind of the file system that a folder is on. `mounts`: as /proc/mounts has them."""
    path, best, kind = str(folder.resolve()), "", ""
    for line in mounts.splitlines():
        parts = line.split(" ")
        point = parts[1].replace("\\040", " ") if len(parts) > 2 else ""
        is_above = path == point or path.startswith(point.rstrip("/") + "/")
        if point and is_above and len(point) >= len(best):
            best, kind = point, parts[2]
    return kind


def _mounts() -> str:
    try:
        return Path("/proc/mounts").read_text("utf-8", "replace")
    except OSError:  # no Linux
        return ""


def _me() -> str:
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


def examine_server_of(settings: Settings) -> Found:
    """PostgreSQL: whether it may be written to, has room for our connections, and speaks UTF-8."""
    from idp.installation import schema

    if not settings.database_url.startswith("postgresql"):
        return
    told = schema.server_facts(settings.database_url)
    if told.is_standby:
        yield Finding("database", "error", "storage.database_url leads to a standby, which cannot be written to",
                      "name the primary, or all hosts with ?target_session_attrs=read-write")  # fmt: skip
    if told.encoding != "UTF8":
        yield Finding("database", "error", f"its encoding is {told.encoding}: expected UTF8",
                      "make it anew with createdb --encoding=UTF8 --template=template0")  # fmt: skip
    if not told.may_create:
        fix = f"GRANT USAGE, CREATE ON SCHEMA {told.schema or 'public'} TO {told.user}; or set its search_path"
        text = f"search_path: {told.user} may make no tables in {told.schema or 'any schema that is there'}"
        yield Finding("database", "error", text, fix)
    yield from _of_several(settings.database_url)
    needed = settings.server.workers * connections_of(settings)
    if needed > told.connections - told.reserved:
        text = (
            f"max_connections: {settings.server.workers} processes take up to {needed} connections, and the server has "
            f"{told.connections - told.reserved} for all"
        )
        yield Finding("database", "warning", text, f"raise max_connections above {needed + told.reserved}, or lower "
                      "server.workers or server.threads")  # fmt: skip


def _of_several(url: str) -> Found:
    """Where a standby is there, one shall take the other's place: with all that was answered for?"""
    from idp.config.several_hosts import hosts_in
    from idp.installation import schema

    asked = "SELECT current_setting('synchronous_standby_names'), EXISTS (SELECT FROM pg_stat_replication)"
    names, has_standby = schema.ask(url, asked) or ("", False)
    if not names and (has_standby or "," in hosts_in(url)):
        text = "synchronous_standby_names is empty: a standby that takes over lacks what was answered for last"
        fix = "set synchronous_mode: true in Patroni, see docs/several-machines.md; or name the standbys"
        yield Finding("database", "warning", text, fix)


#: The day on which PostgreSQL's makers mend a version no more (postgresql.org/support/versioning).
_MENDED_UNTIL = {14: "2026-11-12", 15: "2027-11-11", 16: "2028-11-09", 17: "2029-11-08", 18: "2030-11-14"}
SLOW_ROUND, SLOW_WRITE = 0.01, 0.1  # seconds: a sign-in asks some ten times, and writes twice


def examine_pace(services: Services) -> Found:
    """The version of the database, how long it takes, and whether what it has confirmed is kept."""
    import sqlite3
    import time

    from idp.installation import schema

    settings = services.settings
    if settings.database_url.startswith("postgresql"):
        told = schema.server_pace(settings.database_url)
        yield _version(told.version, time.strftime("%Y-%m-%d", time.gmtime(services.clock())))
        for name, value in told.unsafe.items():
            status: Literal["warning", "error"] = "warning" if name == "synchronous_commit" else "error"
            text = f"{name} is {value}: what the server has confirmed is lost when its machine stops"
            yield Finding("database", status, text, f"set {name} = on in postgresql.conf")
        yield _pace("an answer", told.seconds, SLOW_ROUND, "put it nearer, or see what it is busy with")
        return
    yield Finding("database", "ok", f"SQLite {sqlite3.sqlite_version}")
    if not settings.storage.state_url:
        begun = time.perf_counter()
        services.state.put("doctor:pace", 1, 60)
        slow = "see what else writes to this disk; a slow one makes every sign-in slow"
        yield _pace("a write", time.perf_counter() - begun, SLOW_WRITE, slow)


def _version(version: str, today: str) -> Finding:
    first = int(version[:2])
    until = _MENDED_UNTIL.get(first, "" if first > min(_MENDED_UNTIL) else "2025-11-13")
    if until and until < today:
        text = f"PostgreSQL {version} gets no more security updates since {until}"
        return Finding("database", "warning", text, "upgrade the server (pg_upgrade)")
    return Finding("database", "ok", f"PostgreSQL {version}")


def _pace(what: str, seconds: float, slow: float, fix: str) -> Finding:
    text = f"{what} takes {seconds * 1000:.1f} ms"
    return Finding("database", "warning", text, fix) if seconds > slow else Finding("database", "ok", text)


def connections_of(settings: Settings) -> int:
    """What one process takes at most."""
    return settings.server.threads + settings.passwords.queue + settings.passwords.threads + _CONNECTIONS_BESIDE


def examine_limits(settings: Settings) -> Found:
    """How many files a process may have open: each connection is one."""
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = settings.server.connections + 256
    if hard != resource.RLIM_INFINITY and hard < needed:
        text = f"server.connections is {settings.server.connections}, and this user may open {hard} files"
        yield Finding("limits", "warning", text, f"LimitNOFILE={needed} in systemd (ulimit -n), or fewer connections")
