"""`python -m bench.console`: what each list, search and filter of the console takes in a large company (B4, O1).

It fills an installation by `doorward demo-data`, makes its audit log longer by copies of the events, each under an id
of its own, and asks a server for every page as an owner does. `--data DIR` keeps the installation for another run.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from bench.load import percentile
from bench.machine import choose_cores
from bench.provider import Installation, _free_port
from idp.ids import digest, new_id, new_secret
from idp.login import store as logins

REAL = 500_000  # events that demo-data writes; all others are copies of them
_COPIES = "ghijklmnopqrstuv"  # an id ends in a digit of 0 to f: each copy in one of these
GOALS = {"page": 150.0, "record": 300.0}  # milliseconds, p95


@dataclass(frozen=True)
class Asked:
    """One kind of page, and the addresses of it that take turns."""

    name: str
    paths: tuple[str, ...]
    goal: str = "page"


@dataclass(frozen=True)
class Took:
    """Milliseconds."""

    name: str
    goal: float
    p50: float
    p95: float
    wrong: int


# -- the installation --------------------------------------------------------------------------------------------------


def fill(installation: Installation, people: int, apps: int, events: int) -> None:
    """People, applications and a record."""
    run = [installation.program]
    (installation.folder / "doorward.toml").write_text("[admin]\nsecond_factor = false\n")
    subprocess.run([*run, "init"], env=installation.environ, cwd=installation.folder, check=True, stdout=sys.stderr)
    made = ["--people", str(people), "--apps", str(apps), "--events", str(min(events, REAL))]
    subprocess.run(
        [*run, "demo-data", *made], env=installation.environ, cwd=installation.folder, check=True, stdout=sys.stderr
    )
    with installation.services() as services, _raw(services.db.url) as execute:
        _without_indexes(execute, services.db.name, lambda: _copy(execute, events))
        # As PostgreSQL does by itself within minutes of so many rows.
        execute("ANALYZE" if services.db.name == "sqlite" else "VACUUM ANALYZE")


def _copy(execute: Callable[..., list[Any]], events: int) -> None:
    columns = [row[0] for row in execute("SELECT * FROM events LIMIT 0", describe=True)]
    changed = {
        "id": "substr(id, 1, 25) || '{}'", "request_id": "substr(request_id, 1, 25) || '{}'",
        "session_id": "substr(session_id, 1, 25) || '{}'", "error_id": "substr(error_id, 1, 12) || '{}'",
    }  # fmt: skip
    for last in _COPIES[: max(0, events // REAL - 1)]:
        values = ", ".join(changed.get(name, f'"{name}"').format(last) for name in columns)
        names = ", ".join(f'"{name}"' for name in columns)
        execute(f"INSERT INTO events ({names}) SELECT {values} FROM events WHERE substr(id, 26, 1) < 'g'")


def _without_indexes(execute: Callable[..., list[Any]], name: str, then: Callable[[], None]) -> None:
    """They are made anew behind it: that is many times as fast."""
    if name == "sqlite":
        found = execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = 'events' AND sql <> ''"
        )
    else:
        found = execute("SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'events' "
                        "AND indexname <> 'events_pkey'")  # fmt: skip
    for index, _ in found:
        execute(f'DROP INDEX "{index}"')
    then()
    for _, made in found:
        execute(made)


@contextmanager
def _raw(url: str) -> Iterator[Callable[..., list[Any]]]:
    """Runs SQL as it stands."""
    if url.startswith("sqlite"):
        connection: Any = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
        connection.execute("PRAGMA cache_size=-262144")
        connection.execute("PRAGMA synchronous=OFF")
    else:
        import psycopg

        connection = psycopg.connect(url, autocommit=True)

    def execute(sql: str, describe: bool = False) -> list[Any]:
        cursor = connection.execute(sql)
        return list(cursor.description) if describe else cursor.fetchall() if cursor.description else []

    yield execute
    connection.close()


def enter(services: Any) -> str:
    """A cookie of the owner's, who has just signed in with two factors."""
    now, secret, session_id = services.clock(), new_secret(), new_id()
    owner = services.directory.owners()[0]
    with services.db.transaction() as tx:
        said = {
            "id": session_id, "secret_hash": digest(secret), "person_id": owner.id, "methods": "pwd otp",
            "created_at": now, "auth_time": now, "last_seen": now, "idle_seconds": 86400, "expires_at": now + 86400,
            "address": "127.0.0.1", "browser": "bench",
        }  # fmt: skip
        left = {column.name: None if column.nullable else "" for column in logins.sessions.c}
        tx.run(logins.INSERT, **{**left, **said})
    return f"doorward_session={session_id}.{secret}"


# -- what is asked for -------------------------------------------------------------------------------------------------


def pages(services: Any) -> list[Asked]:
    """Every list of the console, with each of its filters; the pages of one person, application and group."""
    from idp.accounts import groups
    from idp.accounts.listing import FILTERS
    from idp.audit import tail
    from idp.console.apps.listing import FILTERS as APP_FILTERS
    from idp.db.unhurried import unhurried

    db = services.db
    people = _sample(db, "SELECT id, username, name FROM people WHERE username <> 'owner'", 25)
    apps = _sample(db, "SELECT id, name FROM clients WHERE deleted_at IS NULL", 25)
    words = ("müller", "ann", "王", "nguyen", "featherstonehaugh oli", "demo.example", "zzz-nobody", "d10", "سن", "o'n")
    shown = [services.directory.get(row[0]) for row in people]
    asked = [
        Asked("overview, a day", ("admin",)), Asked("overview, a week", ("admin?span=week",)),
        Asked("people", ("admin/people",)),
        Asked("people, further on", tuple(f"admin/people?after={one.id}" for one in shown)),
        Asked("people, search", tuple(f"admin/people?q={quote(word)}" for word in words)),
        Asked("people, by whole name", tuple(f"admin/people?q={quote(one.username)}" for one in shown)),
    ]  # fmt: skip
    asked += [Asked(f"people, {name}", _filtered("people", name, [one.id for one in shown])) for name in FILTERS]
    asked += [Asked("people, two filters at once by search",
                    tuple(f"admin/people?show={name}&q=ann" for name in FILTERS))]  # fmt: skip
    asked += [
        Asked("a person" + what, tuple(f"admin/people/{one.id}{path}" for one in shown))
        for what, path in (("", ""), (", history", "/history"), (", applications", "/apps"), (", off", "/off"))
    ]
    asked += [
        Asked("applications", ("admin/apps",)),
        Asked("applications, further on", tuple(f"admin/apps?after=2.{row[0]}" for row in apps)),
        Asked("applications, search", tuple(f"admin/apps?q={quote(word)}" for word in
                                            ("grafana", "berlin", "上海", "2.demo", "zzz", "saml", row_name(apps)))),
    ]  # fmt: skip
    asked += [Asked(f"applications, {name}", (f"admin/apps?show={name}", f"admin/apps?show={name}&q=berlin"))
              for name, _ in APP_FILTERS if name != "all"]  # fmt: skip
    asked += [
        Asked("an application" + what, tuple(f"admin/apps/{row[0]}{path}" for row in apps))
        for what, path in (("", ""), (", access", "/access"), (", history", "/history"), (", secrets", "/secrets"))
    ]
    with unhurried(db):
        largest = max(groups.list_of(db), key=lambda group: group.members)
    cases = _sample(db, "SELECT id, about FROM cases", 10)
    asked += [
        Asked("groups", ("admin/groups", "admin/groups?q=berlin")),
        Asked("the largest group", (f"admin/groups/{largest.id}",)),
        Asked("cases", ("admin/cases",)), Asked("a case", tuple(f"admin/cases/{row[0]}" for row in cases)),
        Asked("requests", ("admin/requests",)), Asked("keys", ("admin/keys",)),
        Asked("the search box", tuple(f"admin/search?q={quote(word)}" for word in (*words, "grafana", row_name(apps)))),
    ]  # fmt: skip
    return [*asked, *_record(shown, apps, [one for one in tail(db, 2000) if (one.error_id or "").isupper()])]


def _record(people: list[Any], apps: list[Any], errors: list[Any]) -> list[Asked]:
    begin = "admin/activity"
    days = [time.strftime("%Y-%m-%d", time.gmtime(time.time() - 86400 * n)) for n in range(3, 390, 16)]
    by = {
        "": (begin,),
        ", a person": tuple(f"{begin}?person={quote(one.username)}" for one in people),
        ", an application": tuple(f"{begin}?app={row[0]}" for row in apps),
        ", an action": tuple(f"{begin}?action={name}" for name in ("session:started", "client:update", "no:such")),
        ", actions by a pattern": tuple(f"{begin}?action={name}" for name in ("session:*", "*:failed", "*:made")),
        ", failures": (f"{begin}?failed=1",),
        ", a day": tuple(f"{begin}?since={day}&until={day}" for day in days),
        ", failures of a day": tuple(f"{begin}?failed=1&since={day}&until={day}" for day in days),
        ", failures of an application": tuple(f"{begin}?failed=1&app={row[0]}" for row in apps),
        ", an application and an action": tuple(f"{begin}?app={row[0]}&action=client:update" for row in apps),
        ", a person and an action": tuple(f"{begin}?person={one.id}&action=password:set" for one in people),
        ", further on": tuple(f"{begin}?before={event.id}" for event in errors[:25]),
    }
    found = [Asked("the record" + name, paths, "record") for name, paths in by.items()]
    return [*found, Asked("an error's id", tuple(f"{begin}/{event.error_id}" for event in errors[:25]))]


def row_name(rows: list[Any]) -> str:
    """What the first of them is called."""
    return str(rows[0][1])


def _filtered(what: str, name: str, after: list[str]) -> tuple[str, ...]:
    return (f"admin/{what}?show={name}", *(f"admin/{what}?show={name}&after={one}" for one in after[:12]))


def _sample(db: Any, sql: str, many: int) -> list[Any]:
    """The same rows in every run: those whose ids come first, which are as good as any."""
    with _raw(db.url) as execute:
        return execute(f"{sql} ORDER BY id LIMIT {many}")


# -- measuring ---------------------------------------------------------------------------------------------------------


def measure(port: int, cookie: str, asked: list[Asked], rounds: int, say: Callable[[str], None]) -> list[Took]:
    """Ask for each page so often, one after the other on one connection; the first of each warms up."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    took = []
    for one in asked:
        times, wrong = [], 0
        for number in range(rounds + 1):
            begun = time.perf_counter()
            connection.request("GET", "/" + one.paths[number % len(one.paths)], headers={"Cookie": cookie})
            answer = connection.getresponse()
            is_page = b"/admin/search" in answer.read()  # the console's own frame, and no question on the way to it
            if number:
                times.append((time.perf_counter() - begun) * 1000)
            wrong += answer.status != 200 or not is_page
        took.append(Took(one.name, GOALS[one.goal], percentile(times, 0.5), percentile(times, 0.95), wrong))
        say(f"{one.name}: {took[-1].p50:.0f} / {took[-1].p95:.0f} ms" + (f", {wrong} WRONG" if wrong else ""))
    connection.close()
    return took


def table(took: dict[str, list[Took]]) -> str:
    """Markdown: a line for each page, and two columns for each store."""
    stores = list(took)
    lines = ["| page | goal | " + " | ".join(f"{name} p50 | p95" for name in stores) + " |",
             "| --- | --- |" + " --- | --- |" * len(stores)]  # fmt: skip
    for row in zip(*took.values(), strict=True):
        figures = " | ".join(f"{one.p50:.0f} | {one.p95:.0f}{' (missed)' if one.p95 > one.goal else ''}" for one in row)
        lines.append(f"| {row[0].name} | {row[0].goal:.0f} | {figures} |")
    return "\n".join(lines)


def main() -> int:
    """Measure on the stores that were asked for; 1 where an answer was no page."""
    parser = argparse.ArgumentParser(prog="python -m bench.console", description=__doc__)
    parser.add_argument("--backend", choices=("sqlite", "postgresql", "both"), default="both")
    for name, many in (("people", 100_000), ("apps", 10_000), ("events", 5_000_000), ("rounds", 40)):
        parser.add_argument(f"--{name}", type=int, default=many, metavar="N", help=f"{many:,}")
    parser.add_argument("--data", metavar="DIR", help="keep the installations there, or measure those that are there")
    parser.add_argument("--only", default="", metavar="TEXT", help="only pages whose name has this in it")
    args = parser.parse_args()
    stores = ("sqlite", "postgresql") if args.backend == "both" else (args.backend,)
    with tempfile.TemporaryDirectory(prefix="doorward-bench-") as folder:
        took = {store: _on(store, Path(args.data or folder), args) for store in stores}
    print(f"Load before and after: {LOADS}.\n\n{table(took)}")
    return int(any(one.wrong for rows in took.values() for one in rows))


LOADS: list[str] = []


def _on(store: str, folder: Path, args: argparse.Namespace) -> list[Took]:
    folder = folder / store
    folder.mkdir(parents=True, exist_ok=True)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DOORWARD_")}
    noted = folder / "database.json"
    environ = {**kept, "DOORWARD_DATA_DIR": str(folder / "var")}
    is_new = not noted.exists()
    if store == "postgresql":
        environ["DOORWARD_DATABASE_URL"] = _postgresql(noted)
    installation = Installation(folder, _free_port(), environ)
    if is_new:
        fill(installation, args.people, args.apps, args.events)
        noted.write_text(json.dumps({"url": environ.get("DOORWARD_DATABASE_URL")}))
    with installation.services() as services:
        cookie, asked = enter(services), [one for one in pages(services) if args.only in one.name and one.paths]
    LOADS.append(f"{os.getloadavg()[0]:.1f}")
    cores = choose_cores()
    installation.start(cores.server)
    try:
        took = measure(installation.port, cookie, asked, args.rounds, lambda line: print(line, file=sys.stderr))
    finally:
        installation.stop()
    LOADS.append(f"{os.getloadavg()[0]:.1f}")
    return took


def _postgresql(noted: Path) -> str:
    """The database of the run before, whose server runs on, or a new one."""
    if noted.exists():
        return str(json.loads(noted.read_text())["url"])
    from tests.backends import start_postgresql

    settings = {"fsync": "on", "full_page_writes": "on", "shared_buffers": "512MB", "max_wal_size": "4GB"}
    owner = int(os.environ.get("BENCH_OWNER", os.getpid()))  # the server ends with this process
    cluster = start_postgresql(owner, **settings)
    return cluster.url(cluster.create())


if __name__ == "__main__":
    raise SystemExit(main())
