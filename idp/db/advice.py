"""What a database's own words mean for whoever runs it: which setting, what to do. Pure; loads no driver."""

from __future__ import annotations

import re
from typing import Final, NamedTuple


class Advice(NamedTuple):
    """`field`: a setting, or what of the machine it is about."""

    field: str
    fix: str


_URL: Final = "storage.database_url"
_ROWS: Final[tuple[tuple[str, str, str], ...]] = (
    # PostgreSQL
    (r"password authentication failed|no password supplied|SCRAM|authentication failed for user", _URL,
     "The server does not take this user with this password: correct them in the URL (percent-encode @ : / # in a "
     "password), or set it there: ALTER ROLE name PASSWORD '…'."),
    (r'database "[^"]*" does not exist', _URL,
     "Make it first (createdb NAME, with UTF8), or correct its name behind the last slash of the URL."),
    (r'role "[^"]*" does not exist', _URL, "Make the role (createuser --pwprompt NAME), or correct it in the URL."),
    (r"too many connections|too many clients|remaining connection slots", "max_connections",
     "The server has no connection left: raise its max_connections, or lower server.workers or server.threads. Each "
     "process of Doorward holds one for each of its threads."),
    (r"no pg_hba.conf entry", "pg_hba.conf",
     "The server lets nobody in from here, or not without TLS: add a line for this database, user and address "
     "(hostssl … scram-sha-256), and ?sslmode=require to storage.database_url."),
    (r"unsupported startup parameter", "PgBouncer",
     "A pooler stands between: name PostgreSQL itself. Where that cannot be, set pool_mode = session and "
     "ignore_startup_parameters = options there, and ALTER ROLE name SET statement_timeout = '5s'."),
    (r"server does not support SSL", _URL, "The URL asks for TLS, and the server has none: switch ssl on there."),
    (r"does not match host name|certificate verify failed|root certificate file|sslrootcert", _URL,
     "The server's certificate is not of an authority that is known here, or for another name: name the file of the "
     "authority (?sslmode=verify-full&sslrootcert=/path/ca.pem), and the host as the certificate has it."),
    (r"read-only transaction|recovery mode|recovery is in progress|hot standby", _URL,
     "This is a standby, which cannot be written to: name the primary, or all hosts with "
     "?target_session_attrs=read-write."),
    (r"starting up|shutting down|not yet accepting", "PostgreSQL",
     "The server is just starting or ending: wait for it. If it stays so, see its log."),
    (r"permission denied for (schema|database|table|sequence|relation)|must be owner", "privileges of the role",
     "The role may not use what is there: GRANT USAGE, CREATE ON SCHEMA public TO it, and make it the owner of the "
     "tables (from PostgreSQL 15 on nobody else may make any in public)."),
    (r'relation "[^"]*" does not exist|schema "[^"]*" does not exist|no schema has been selected', "search_path",
     "The tables are not where this role looks: set its search_path to their schema (ALTER ROLE name SET search_path = "
     "…, or ?options=-csearch_path%3Dname in the URL), or run `doorward init` for an empty database."),
    (r"could not extend file|No space left on device", "disk of the database server",
     "The disk of the database is full: make room there."),
    (r"could not translate host name|failed to resolve host|Name or service not known|nodename nor servname", _URL,
     "No address was found for the host in the URL: correct it, or the DNS of this machine."),
    (r"Connection refused", _URL,
     "Nothing listens there: start PostgreSQL, let it listen on that address (listen_addresses), or correct host and "
     "port in the URL."),
    (r"timeout expired|timed out|No route to host|Network is unreachable", _URL,
     "No way to the host in the URL, or a firewall in between: let this machine through to it."),
    (r"encoding \"?(SQL_ASCII|LATIN\d|WIN\d+)|character with byte sequence", "encoding of the database",
     "The database must be UTF8: make it anew with createdb --encoding=UTF8 --template=template0."),
    (r"server closed the connection|terminating connection|connection (was )?(lost|closed)", "PostgreSQL",
     "The server, or a proxy before it, closed the connection: see its log (a restart, memory, an idle limit)."),
    # SQLite
    (r"readonly database|read-only database|attempt to write a readonly", "storage.data_dir",
     "This user may not write to the database's file or to its folder (SQLite writes -wal and -shm files beside it), "
     "or the disk is mounted read-only: chown -R both to the user of the service; in systemd name the folder in "
     "ReadWritePaths."),
    (r"database or disk is full", "disk of storage.data_dir",
     "The disk is full, or a quota is reached: make room; nothing is lost."),
    (r"disk I/O error|locking protocol", "storage.data_dir",
     "The disk fails, or the folder is on a network file system, where SQLite's locks and shared memory do not work: "
     "put storage.data_dir on a disk of this machine, or take PostgreSQL."),
    (r"database is locked|database table is locked", "storage.data_dir",
     "Another program holds the database: a backup that copies the file, a shell of sqlite3, or another machine on a "
     "network file system. End it; back up by `.backup` or `VACUUM INTO`."),
    (r"unable to open database file", "storage.data_dir",
     "The folder is not there, or this user may not enter it or write to it: see `ls -ld` of it, and chown it."),
    (r"malformed|corrupt", "the database's file",
     "The file is damaged: stop the server, keep a copy, and restore the latest backup (docs/operating.md, Backup)."),
    (r"file is not a database|file is encrypted", "storage.database_url",
     "That file is something else than a database: correct the path, or restore the latest backup."),
)  # fmt: skip
_OTHER: Final = Advice(_URL, "See the database's log; `doorward doctor` looks at the rest.")


def of(said: str) -> Advice:
    """What a driver's message means."""
    found = next((row for row in _ROWS if re.search(row[0], said, re.IGNORECASE)), None)
    return Advice(found[1], found[2]) if found is not None else _OTHER
