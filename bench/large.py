"""`python -m bench.large`: a group of companies on PostgreSQL and Redis, against a company of a thousand (H4).

A million people, 10,000 applications, 100,000 groups, 20 million access tokens and a share of 50 million events; then
every hop's latency in turns with the small one, what a sweep takes, and what a process holds. With `--data DIR` the
installation stays for `python -m bench.console --backend postgresql --data DIR`, which measures the lists.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import crowd, machine, scale
from bench.load import percentile
from bench.machine import Cores
from bench.provider import App, Installation, _free_port, install
from bench.stories import Crowd, Person
from idp import background
from idp.ids import digest, new_id, new_secret
from idp.oidc import ledger
from tests.backends import Redis, start_postgresql

SMALL = 1_000
SEED_EVENTS = 100_000  # that demo-data writes; the others are copies of them, spread over the crowd
_DURABLE = {"fsync": "on", "full_page_writes": "on", "shared_buffers": "1GB", "max_wal_size": "8GB",
            "maintenance_work_mem": "512MB", "work_mem": "64MB", "jit": "off"}  # fmt: skip

Say = Callable[[str], None]


@dataclass(frozen=True)
class Size:
    """How many of each."""

    people: int
    apps: int
    groups: int
    tokens: int
    events: int


WHOLE = Size(1_000_000, 10_000, 100_000, 20_000_000, 50_000_000)


# -- what is filled ----------------------------------------------------------------------------------------------------

#: No digit of our ids is a "w", so that no copy meets another row.
_GROUPS = """
INSERT INTO groups (id, name, key, changed_at)
SELECT 'g' || lpad(to_hex(n), 25, '0'), 'Team ' || n, 'team ' || n, {now} FROM generate_series(1, {groups}) n;
CREATE TEMP TABLE numbered AS SELECT row_number() OVER (ORDER BY created_at, id) AS n, id FROM people
    WHERE username ~ '^p[0-9]+$';
INSERT INTO memberships (group_id, person_id)
SELECT DISTINCT 'g' || lpad(to_hex(1 + (n * step) % {groups}), 25, '0'), id
FROM numbered, unnest(ARRAY[1, 7919, 104729]) step
UNION SELECT 'g' || lpad(to_hex(1), 25, '0'), id FROM numbered WHERE n % 10 = 0;
UPDATE people SET groups = said.names, email_verified = 1 FROM (
    SELECT m.person_id, '[' || string_agg(to_json(g.name)::text, ',' ORDER BY g.key) || ']' AS names
    FROM memberships m JOIN groups g ON g.id = m.group_id JOIN numbered ON numbered.id = m.person_id
    GROUP BY m.person_id) said WHERE people.id = said.person_id;
INSERT INTO person_past (id, person_id, since, username, enabled, since_seen, until_seen)
SELECT substr(p.id, 1, 26), p.id, p.created_at, p.username, p.enabled, 0, 0 FROM people p JOIN numbered USING (id);
INSERT INTO member_past (id, person_id, name, since, since_seen, until_seen)
SELECT substr(md5(m.group_id || m.person_id), 1, 26), m.person_id, g.name, {now} - 86400, 0, 0
FROM memberships m JOIN groups g ON g.id = m.group_id JOIN numbered ON numbered.id = m.person_id;
INSERT INTO sign_ins (person_id, last_at) SELECT id, {now} - (n % 2592000) FROM numbered ON CONFLICT DO NOTHING;
"""
_TOKENS = """
INSERT INTO access_tokens (id, hash, family_id, client_id, scope, resource, created_at, expires_at)
SELECT substr(a.id, 1, 23) || 'w' || lpad(to_hex(n), 2, '0'), a.hash, a.family_id, a.client_id, a.scope, a.resource,
    a.created_at, CASE WHEN n = 1 THEN {now} + 300 * random() ELSE a.expires_at END
FROM access_tokens a, generate_series(1, {copies}) n;
"""
_EVENTS = """
CREATE TEMP TABLE seeds AS SELECT row_number() OVER (ORDER BY id) AS row, * FROM events;
INSERT INTO events (id, at, action, actor, person_id, client_id, session_id, address, request_id, error_id, detail,
    salt, mac, segment)
SELECT substr(s.id, 1, 22) || 'w' || lpad(to_hex(c.n), 3, '0'), s.at, s.action,
    CASE WHEN s.actor = s.person_id THEN p.id ELSE s.actor END, CASE WHEN s.person_id IS NULL THEN NULL ELSE p.id END,
    s.client_id, substr(s.session_id, 1, 23) || lpad(to_hex(c.n), 3, '0'), s.address,
    CASE WHEN s.request_id = '' THEN '' ELSE substr(s.request_id, 1, 23) || lpad(to_hex(c.n), 3, '0') END,
    substr(s.error_id, 1, 10) || upper(lpad(to_hex(c.n), 3, '0')), s.detail, s.salt, s.mac, 0
FROM seeds s, generate_series(1, {copies}) c(n), numbered p WHERE p.n = 1 + (s.row * 31 + c.n * 7919) % {people};
"""


def fill(installation: Installation, size: Size, url: str, say: Say) -> list[Person]:
    """Load all of it; answers the sample of people that the measurement takes."""
    made = ["--people", "20000", "--apps", str(size.apps), "--events", str(SEED_EVENTS), "--beside"]
    subprocess.run(
        [installation.program, "demo-data", *made], env=installation.environ, cwd=installation.folder, check=True,
        stdout=sys.stderr,
    )  # fmt: skip
    say("people")
    with _without_indexes(url, ("people", "identifiers", "sessions", "families", "access_tokens"), say):
        people = crowd.fill(installation, size.people, lambda _: None)
        _run(url, [*_statements(_TOKENS, now=time.time(), copies=size.tokens // size.people - 1)], say)
    copies = size.events // SEED_EVENTS - 1
    with _without_indexes(url, ("memberships", "person_past", "member_past", "events"), say):
        more = {"now": time.time(), "groups": size.groups, "people": size.people, "copies": copies}
        _run(url, [*_statements(_GROUPS, **more), *(_statements(_EVENTS, **more) if copies > 0 else ())], say)
    _run(url, ["VACUUM ANALYZE", "CHECKPOINT"], say)
    return people


def _statements(text: str, **values: object) -> list[str]:
    return [one.strip() for one in text.format(**values).split(";\n") if one.strip()]


def _run(url: str, statements: list[str], say: Say) -> None:
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        for one in statements:
            begun = time.monotonic()
            found = connection.execute(one.encode())
            say(f"{one[:60]!r}: {found.rowcount:,} rows, {time.monotonic() - begun:.0f} s")


@contextmanager
def _without_indexes(url: str, tables: tuple[str, ...], say: Say) -> Any:
    """They are made anew behind it, which is many times as fast; what holds a constraint stays."""
    import psycopg

    named = ", ".join(f"'{table}'" for table in tables)
    with psycopg.connect(url, autocommit=True) as connection:
        found = connection.execute(
            f"SELECT indexname, indexdef FROM pg_indexes WHERE tablename IN ({named})"
            " AND indexname NOT IN (SELECT conname FROM pg_constraint)".encode()
        ).fetchall()
    _run(url, [f'DROP INDEX "{index}"' for index, _ in found], lambda _: None)
    yield
    _run(url, [made for _, made in found], say)


#: People spread evenly over all, whose session and tokens get a secret that is known here.
_SAMPLE = """
CREATE TEMP TABLE chosen AS SELECT username, s.id AS session_id, f.id AS family_id FROM people p
    JOIN sessions s ON s.person_id = p.id JOIN families f ON f.session_id = s.id
    WHERE p.username ~ '^p[0-9]+$' AND substr(p.username, 2)::int % {every} = 0;
ANALYZE chosen;
CREATE TEMP TABLE sampled AS SELECT c.*, a.id AS token_id FROM access_tokens a JOIN chosen c USING (family_id)
    WHERE a.id NOT LIKE '%w__';
UPDATE sessions SET secret_hash = '{hash}' FROM sampled WHERE id = session_id;
UPDATE families SET refresh_hash = '{hash}', generation = 0 FROM sampled WHERE id = family_id;
UPDATE access_tokens SET hash = '{hash}', client_id = '{app}' FROM sampled WHERE id = token_id
"""


def sample(url: str, app: App, people: int, say: Say) -> list[Person]:
    """People of an installation that was filled before."""
    import psycopg

    secret = new_secret()
    values = {"every": max(1, people // crowd.SAMPLE), "hash": digest(secret), "app": app.id}
    with psycopg.connect(url, autocommit=True) as connection:
        for one in _statements(_SAMPLE, **values):
            say(f"{one[:50]!r}: {connection.execute(one.encode()).rowcount:,}")
        found = connection.execute("SELECT username, session_id, family_id, token_id FROM sampled").fetchall()
    return [
        Person(
            f"{name}@example.com", app, session=f"Cookie: doorward_session={session}.{secret}\r\n".encode(),
            access_token=f"{ledger.ACCESS}{token}.{secret}".encode(),
            refresh_token=f"{ledger.REFRESH}{family}.{secret}".encode(),
        )
        for name, session, family, token in found
    ]  # fmt: skip


# -- what is measured --------------------------------------------------------------------------------------------------


def sweeps(installation: Installation, rounds: int) -> dict[str, list[float]]:
    """Seconds of one step of the sweep, each `rounds` times: at most a thousand rows of each kind."""
    took: list[float] = []
    with installation.services() as services:
        for _ in range(rounds):
            begun = time.perf_counter()
            swept = background.sweep(services)
            took.append(time.perf_counter() - begun)
    return {"step": took, "tokens": [float(swept["tokens"])]}


def held(installation: Installation) -> dict[str, float]:
    """MiB of the server's processes, shared pages once."""
    assert installation.server is not None
    return machine.memory(installation.server.pid)


def compare(small: Installation, large: Installation, people: list[Crowd], cores: Cores, say: Say) -> dict[str, Any]:
    """Hops in turns, memory before and after them, and sweeps."""
    installations = [small, large]
    for one in installations:
        one.start(cores.server)
    try:
        time.sleep(5)
        memory = {"after start": [held(one)["pss"] for one in installations]}
        costs = scale.in_turns(installations, people, cores, "postgresql", say)
        time.sleep(5)
        memory["after load"] = [held(one)["pss"] for one in installations]
    finally:
        for one in installations:
            one.stop()
    swept = {name: sweeps(one, 10) for name, one in (("small", small), ("large", large))}
    return {"hops": scale.as_json(costs), "memory": memory, "sweeps": swept}


def show(found: dict[str, Any]) -> str:
    """Markdown."""
    lines = ["| hop | p50 small | p50 large | p99 small | p99 large | ratio |", "| --- |" + " --- |" * 5]
    for hop in found["hops"]:
        figures = " | ".join(f"{ms:.1f}" for ms in (*hop["p50"], *hop["p99"]))
        lines.append(f"| {hop['hop']} | {figures} | {hop['ratio']:.2f} |" + (" WRONG" if hop["errors"] else ""))
    for when, (small, large) in found["memory"].items():
        lines.append(f"memory {when}, MiB: {small:.0f}, {large:.0f}")
    for name, swept in found["sweeps"].items():
        step = swept["step"]
        median, worst = statistics.median(step) * 1000, percentile(step, 1.0) * 1000
        lines.append(f"a step of the sweep, {name}: median {median:.0f} ms, slowest {worst:.0f} ms")
    return "\n".join(lines)


def main() -> int:
    """Fill, measure, show; 1 where an answer was not the expected one."""
    parser = argparse.ArgumentParser(prog="python -m bench.large", description=__doc__)
    for name, many in vars(WHOLE).items():
        parser.add_argument(f"--{name}", type=int, default=many, metavar="N", help=f"{many:,}")
    parser.add_argument("--data", metavar="DIR", help="keep it there; its servers end with the process BENCH_OWNER")
    args = parser.parse_args()
    cores = machine.choose_cores()
    os.sched_setaffinity(0, set(cores.others))
    size = Size(args.people, args.apps, args.groups, args.tokens, args.events)
    with tempfile.TemporaryDirectory(prefix="doorward-large-") as temporary:
        large, people = _opened(Path(args.data or temporary) / "postgresql", size)
        small = _installed(Path(temporary) / "small", large.environ["DOORWARD_DATABASE_URL"])
        few = crowd.fill(small, SMALL, lambda _: None)
        loads = [os.getloadavg()[0]]
        found = compare(small, large, [Crowd(few), Crowd(people)], cores, _say)
        loads.append(os.getloadavg()[0])
        print(f"{size}; load before and after: {loads[0]:.1f}, {loads[1]:.1f}\n\n{show(found)}")
    return int(any(hop["errors"] for hop in found["hops"]))


def _opened(folder: Path, size: Size) -> tuple[Installation, list[Person]]:
    """The large one: that of the run before, whose servers run on, or a new one."""
    noted = folder / "database.json"
    if noted.exists():
        told = json.loads(noted.read_text())
        large = Installation(folder, _free_port(), _environ(folder, told["url"], told["state"]))
        large.apps = {"es256": App(*told["app"])}
        return large, sample(told["url"], large.apps["es256"], size.people, _say)
    begun = time.monotonic()
    cluster = start_postgresql(_owner(), **_DURABLE)
    large = _installed(folder, cluster.url())
    url = large.environ["DOORWARD_DATABASE_URL"]
    people = fill(large, size, url, _say)
    app = large.apps["es256"]
    noted.write_text(
        json.dumps({"url": url, "state": large.environ["DOORWARD_STATE_URL"], "app": [app.id, app.secret]})
    )
    _say(f"filled in {time.monotonic() - begun:.0f} s")
    return large, people


def _installed(folder: Path, url: str) -> Installation:
    """A new one, in a database of its own on the server of a URL."""
    import psycopg

    folder.mkdir(parents=True, exist_ok=True)
    (folder / "doorward.toml").write_text("[admin]\nsecond_factor = false\n")
    name = f"t{new_id()}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template0".encode())
    environ = _environ(folder, f"{url.rpartition('/')[0]}/{name}", Redis(_owner()).url)
    return install(folder, {name: environ[name] for name in environ if name.endswith("_URL")})


def _environ(folder: Path, url: str, state: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DOORWARD_")}
    where = {"DOORWARD_DATA_DIR": str(folder / "var"), "DOORWARD_DATABASE_URL": url, "DOORWARD_STATE_URL": state}
    return {**kept, **where}


def _owner() -> int:
    """The process with which the servers end."""
    return int(os.environ.get("BENCH_OWNER", os.getpid()))


def _say(line: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
