"""Mistakes of whoever runs Doorward: a command names the setting, what it found, and the fix, without a traceback."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest

from idp.db import advice as db_advice
from idp.installation import schema
from idp.installation.checks import machine, network, registering, storage
from idp.state import advice as state_advice
from idp.state.redis import RedisState
from tests.backends import PostgreSQL, Redis, find_free_port
from tests.cli.conftest import CHEAP, PASSWORD, Folder
from tests.cli.findings import found
from tests.provider import Provider

# -- what databases say ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "field", "words"),
    [
        ('FATAL:  password authentication failed for user "doorward"', "storage.database_url", "ALTER ROLE"),
        ("fe_sendauth: no password supplied", "storage.database_url", "percent-encode"),
        ('FATAL:  database "doorwad" does not exist', "storage.database_url", "createdb"),
        ('FATAL:  role "doorwad" does not exist', "storage.database_url", "createuser"),
        ("FATAL:  sorry, too many clients already", "max_connections", "lower server.workers or server.threads"),
        ("FATAL:  remaining connection slots are reserved for roles", "max_connections", "raise"),
        ('FATAL:  no pg_hba.conf entry for host "10.0.0.5", user "doorward", no encryption', "pg_hba.conf", "sslmode"),
        ("server does not support SSL, but SSL was required", "storage.database_url", "ssl on"),
        ('server certificate for "db" does not match host name "10.0.0.3"', "storage.database_url", "sslrootcert"),
        ("cannot execute INSERT in a read-only transaction", "storage.database_url", "target_session_attrs"),
        ("FATAL:  the database system is starting up", "PostgreSQL", "wait"),
        ("permission denied for schema public", "privileges of the role", "GRANT"),
        ('relation "people" does not exist', "search_path", "search_path"),
        ("could not extend file: No space left on device", "disk of the database server", "room"),
        ('could not translate host name "db.invalid" to address', "storage.database_url", "DNS"),
        ("connection failed: Connection refused", "storage.database_url", "listen_addresses"),
        ("connection timeout expired", "storage.database_url", "firewall"),
        ("FATAL:  unsupported startup parameter: options", "PgBouncer", "pool_mode = session"),
        ("attempt to write a readonly database", "storage.data_dir", "chown"),
        ("database or disk is full", "disk of storage.data_dir", "room"),
        ("disk I/O error", "storage.data_dir", "network file system"),
        ("database is locked", "storage.data_dir", "backup"),
        ("unable to open database file", "storage.data_dir", "chown"),
        ("database disk image is malformed", "the database's file", "restore"),
        ("something new", "storage.database_url", "log"),
    ],
)
def test_what_a_database_says_is_explained(said: str, field: str, words: str) -> None:
    advice = db_advice.of(said)
    assert (advice.field, words in advice.fix) == (field, True), advice


@pytest.mark.parametrize(
    ("said", "field", "words"),
    [
        ("Redis: WRONGPASS invalid username-password pair or user is disabled.", "storage.state_url", "password"),
        ("Redis: Authentication required.", "storage.state_url", "redis://:password@host"),
        ("Redis: NOPERM this user has no permissions to run the 'getdel' command", "ACL of Redis", "~doorward:*"),
        ("Redis: OOM command not allowed when used memory > 'maxmemory'.", "maxmemory", "raise maxmemory"),
        ("Redis: READONLY You can't write against a read only replica.", "storage.state_url", "master"),
        ("Redis: MISCONF Redis is configured to save RDB snapshots", "dir of Redis", "room"),
        ("Redis: LOADING Redis is loading the dataset in memory", "Redis", "wait"),
        ("Redis: MOVED 3999 127.0.0.1:6381", "storage.state_url", "Cluster"),
        ("Redis: max number of clients reached", "maxclients", "maxclients"),
        ("Redis: unknown command 'GETDEL'", "version of Redis", "6.2"),
        ("Redis: Error 111 connecting to 127.0.0.1:1. Connection refused.", "storage.state_url", "bind"),
        ("Redis: Error -2 connecting to r.invalid:6379. Name or service not known.", "storage.state_url", "DNS"),
        ("Redis: Timeout connecting to server", "storage.state_url", "firewall"),
        ("Redis: [SSL: WRONG_VERSION_NUMBER] wrong version number", "storage.state_url", "rediss://"),
        ("Redis: [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed", "storage.state_url", "ssl_ca_certs"),
    ],
)
def test_what_redis_says_is_explained(said: str, field: str, words: str) -> None:
    advice = state_advice.of(said)
    assert (advice.field, words in advice.fix) == (field, True), advice


@pytest.mark.parametrize(
    ("facts", "field", "is_error"),
    [
        ({"maxmemory_policy": "allkeys-lru", "maxmemory": 1000, "used_memory": 10}, "maxmemory-policy", True),
        ({"maxmemory_policy": "volatile-ttl", "maxmemory": 0}, "maxmemory-policy", False),
        ({"maxmemory_policy": "volatile-lru", "maxmemory": 0, "evicted_keys": 3}, "maxmemory-policy", True),
        ({"role": "slave"}, "storage.state_url", True),
        ({"maxmemory_policy": "noeviction", "maxmemory": 1000, "used_memory": 950}, "maxmemory", False),
        ({"rdb_last_bgsave_status": "err"}, "dir of Redis", True),
        ({"save": "", "aof_enabled": 0}, "save", False),
        ({"redis_version": "5.0.7"}, "version of Redis", True),
    ],
)
def test_how_redis_is_set_is_judged(facts: dict[str, object], field: str, is_error: bool) -> None:
    (fault,) = state_advice.faults(facts)
    assert (fault.field, fault.is_error) == (field, is_error)
    assert len(fault.fix) > 20


def test_a_redis_that_is_right_has_no_fault() -> None:
    right = {"maxmemory_policy": "noeviction", "maxmemory": 1000, "used_memory": 10, "role": "master", "save": "60 1",
             "rdb_last_bgsave_status": "ok", "redis_version": "7.0.15"}  # fmt: skip
    assert [*state_advice.faults(right)] == []
    assert [*state_advice.faults({})] == []


# -- the real ones -----------------------------------------------------------------------------------------------------


def of_redis(url: str) -> list[Any]:
    state = RedisState(url)
    settings = SimpleNamespace(storage=SimpleNamespace(state_url=url))
    try:
        return list(machine.examine_state(SimpleNamespace(settings=settings, state=state)))  # type: ignore[arg-type]
    finally:
        state.close()


def command(server: Redis, *words: str) -> None:
    import redis

    with redis.Redis(port=server.port) as client:
        client.execute_command(*words)


@pytest.mark.slow
def test_doctor_finds_a_redis_that_evicts_is_full_or_only_a_replica(redis_server: Redis) -> None:
    assert [one.status for one in of_redis(redis_server.url) if "save" not in one.text] == ["ok"]
    command(redis_server, "CONFIG", "SET", "maxmemory-policy", "allkeys-lru", "maxmemory", "100mb")
    try:
        (evicts,) = [one for one in of_redis(redis_server.url) if "maxmemory-policy" in one.text]
        assert (evicts.status, "expected noeviction; it is allkeys-lru" in evicts.text) == ("error", True)
        command(redis_server, "CONFIG", "SET", "maxmemory-policy", "noeviction", "maxmemory", "1")
        with pytest.raises(Exception, match="maxmemory"):
            of_redis(redis_server.url)
        command(redis_server, "CONFIG", "SET", "maxmemory", "0")
        command(redis_server, "REPLICAOF", "127.0.0.1", str(find_free_port()))
        with pytest.raises(Exception, match=r"READONLY|read only"):
            of_redis(redis_server.url)
    finally:
        command(redis_server, "REPLICAOF", "NO", "ONE")
        command(redis_server, "CONFIG", "SET", "maxmemory", "0", "maxmemory-policy", "noeviction")


@pytest.mark.slow
def test_what_postgresql_refuses_is_told_in_a_line_and_its_fix(site: Folder, postgresql: PostgreSQL) -> None:
    right = postgresql.url("nowhere_yet")
    for url, words in (
        (right, "Make it first"),
        (right.replace(postgresql.password, "wr0ng"), "does not take this user"),
        (f"postgresql://nobody:x@127.0.0.1:{postgresql.port}/postgres", "storage.database_url"),
        (f"postgresql://a:b@127.0.0.1:{find_free_port()}/x", "Nothing listens there"),
    ):
        result = site.run("doctor", env={"DOORWARD_DATABASE_URL": url})
        assert result.code == 1
        assert words in result.out, result.out
        assert "wr0ng" not in result.out
        said = site.refusal("user", "list", env={"DOORWARD_DATABASE_URL": url}, code=1)
        assert words in said


@pytest.mark.slow
def test_doctor_finds_a_standby_and_a_role_that_may_make_no_tables(postgresql: PostgreSQL, postgresql_url: str) -> None:
    name = postgresql_url.rpartition("/")[2]
    with psycopg.connect(postgresql_url, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE r{name} LOGIN PASSWORD 'x'".encode())
    try:
        url = f"postgresql://r{name}:x@127.0.0.1:{postgresql.port}/{name}"
        settings = SimpleNamespace(
            database_url=url, server=SimpleNamespace(workers=40, threads=4),
            passwords=SimpleNamespace(queue=8, threads=2),
        )  # fmt: skip
        texts = [one.text for one in storage.examine_server_of(settings)]  # type: ignore[arg-type]
        assert [one for one in texts if one.startswith("search_path: ")]
        assert [one for one in texts if one.startswith("max_connections: 40 processes")]
    finally:
        with psycopg.connect(postgresql_url, autocommit=True) as connection:
            connection.execute(f"DROP ROLE r{name}".encode())


# -- the embedded database ---------------------------------------------------------------------------------------------


@pytest.fixture
def apart(prepared: Folder, tmp_path: Path) -> Folder:
    """An installation that a test may spoil."""
    shutil.copytree(prepared.path, tmp_path / "apart")
    return Folder(tmp_path / "apart")


def test_a_file_that_is_no_database_says_which_and_what_to_do(apart: Folder) -> None:
    file = apart.data / "doorward.db"
    file.write_bytes(b"garbage" * 100)
    for words in (("user", "list"), ("serve",)):
        said = apart.refusal(*words, code=1)
        assert f"{file} cannot be read" in said
        assert "restore the latest backup" in said


def test_a_database_of_a_newer_release_is_not_to_be_migrated(apart: Folder) -> None:
    with sqlite3.connect(apart.data / "doorward.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    result = apart.run("doctor")
    assert "it is of a newer release: schema 9999" in result.out
    assert "run `doorward migrate`" not in result.out
    assert "newer release" in apart.refusal("serve", code=1)


def test_revisions_are_a_line_but_not_in_the_order_of_their_numbers(
    apart: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = schema.head()
    monkeypatch.setattr(schema, "head", lambda: "0002")
    result = apart.run("doctor")
    assert f"schema {known}, this release needs 0002" in result.out
    assert "run `doorward migrate`" in result.out
    assert "newer release" not in result.out


@pytest.mark.parametrize(
    ("mounts", "kind"),
    [
        ("/dev/sda1 / ext4 rw 0 0\nnas:/x /srv nfs4 rw 0 0\n", "nfs4"),
        ("/dev/sda1 / ext4 rw 0 0\n//nas/x /srv/doorward cifs rw 0 0\n", "cifs"),
        ("/dev/sda1 / ext4 rw 0 0\nnas:/x /srvx nfs rw 0 0\n", "ext4"),
        ("overlay / overlay rw 0 0\n/dev/vdb /srv/doorward/var xfs rw 0 0\n", "xfs"),
    ],
)
def test_the_kind_of_file_system_is_that_of_the_nearest_mount(mounts: str, kind: str) -> None:
    assert storage.kind_of(Path("/srv/doorward/var"), mounts) == kind
    assert (kind in storage.NETWORKED) == kind.startswith(("nfs", "cifs"))


# -- the way to here, the certificate ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "words"),
    [(10, "has run out"), (62, "is for another name"), (18, "signed by itself"), (20, "comes without the one between")],
)
def test_doctor_says_what_is_wrong_with_the_certificate_of_the_issuer(number: int, words: str) -> None:
    import ssl
    from urllib.error import URLError

    reason = ssl.SSLCertVerificationError(1, "certificate verify failed")
    reason.verify_code, reason.verify_message = number, "as OpenSSL says it"
    finding = network.of_answer("https://login.example", URLError(reason), reason)
    assert finding is not None
    assert (finding.status, words in finding.text, "server.issuer" in finding.text) == ("error", True, True)


@pytest.mark.parametrize(
    ("env", "words"),
    [
        ({"DOORWARD_ISSUER": "https://login.example.com/"}, ("server.issuer", "no slash at the end")),
        ({"DOORWARD_ISSUER": "http://login.example.com"}, ("server.issuer", "expected https")),
        ({"DOORWARD_ISSUER": "login.example.com"}, ("server.issuer", "expected a URL")),
        ({"DOORWARD_ISSUER": "https://Login.example.com"}, ("server.issuer", "lower-case host")),
    ],
)
def test_an_issuer_that_cannot_be_is_refused_with_the_setting(
    site: Folder, env: dict[str, str], words: tuple[str, ...]
) -> None:
    said = site.refusal("serve", env=env)
    assert all(word in said for word in words), said


@pytest.mark.slow
@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-host.invalid"])
def test_serve_refuses_an_address_that_is_not_ours_in_a_line(site: Folder, host: str) -> None:
    said = site.refusal("serve", "--host", host, "--port", str(find_free_port()), code=1)
    assert f"cannot listen on {host}" in said
    assert "server.host" in said


# -- people who make their own accounts --------------------------------------------------------------------------------

HELP = ["help@example.com"]
REGISTERING = {"enabled": True, "domains": ["example.com"]}


@pytest.mark.parametrize(
    ("said", "mail", "status", "words", "fix"),
    [
        ({}, False, "error", "mail.host is empty", "[mail]"),
        ({}, True, "error", "self_registration.notify is empty, and no owner has", "self_registration.notify"),
        ({"notify": HELP, "groups": ["Guests"]}, True, "warning", "no group “Guests”", "group add"),
        (
            {"notify": HELP, "apps": [{"client_id": "CRM"}]},
            True,
            "error",
            "the client_id “CRM”",
            "meant?",
        ),
        (
            {"notify": HELP, "apps": [{"client_id": "nothing"}]},
            True,
            "error",
            "“nothing”",
            "client list",
        ),
    ],
)
def test_U1_doctor_looks_at_self_registration(
    open_provider: Callable[..., Provider], said: dict[str, Any], mail: bool, status: str, words: str, fix: str
) -> None:
    more = {"mail": {"host": "127.0.0.1", "port": 1, "tls": "none"}} if mail else {}
    provider = open_provider(self_registration={**REGISTERING, **said}, **more)
    provider.add_client("CRM")
    told = [one for one in registering.examine(provider.services) if words in one.text]
    assert [one.status for one in told] == [status]
    assert fix in told[0].fix


def test_U1_doctor_has_nothing_to_say_of_self_registration_that_is_right(
    open_provider: Callable[..., Provider],
) -> None:
    provider = open_provider(
        self_registration={**REGISTERING, "notify": ["help@example.com"]},
        mail={"host": "127.0.0.1", "port": 1, "tls": "none"},
    )
    assert [*registering.examine(provider.services)] == []


# -- a port that other commands know nothing of ------------------------------------------------------------------------


@pytest.mark.slow
def test_serve_at_another_port_says_that_other_commands_do_not_know_it(site: Folder) -> None:
    from tests.cli.test_serve import serving

    with serving(site) as server:
        assert server.process.stdout is not None
        said = server.process.stdout.readline() + server.process.stdout.readline()
        assert f"set port = {server.port} in [server]" in said


def test_the_folder_of_the_tests_is_as_it_was(site: Folder) -> None:
    assert (site.path / "doorward.toml").read_text() == CHEAP
    assert found(site, "database")[0]["status"] == "ok"
    assert PASSWORD
