"""SCIM at the size of a large company, on SQLite in this process: `python -m bench.scim --people 100000`.

What is measured is the answer of the application, without a network: what Entra and Okta send again and again, each so
many times over people and groups that are chosen by a seed. It prints the median and the 95th percentile in ms.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from idp.accounts.person import Draft
from idp.accounts.provisioning.clients import Wanted
from idp.admin import provisioners
from idp.admin.actor import of_shell
from tests.backends import Clock
from tests.provider import Browser, Provider, bearer, make_template

SCHEMA = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"


def main() -> None:
    """Fill, ask, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--members", type=int, default=10_000)
    parser.add_argument("--times", type=int, default=100)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        clock = Clock()
        template = make_template(Path(folder) / "template")
        provider = Provider.open(Path(folder) / "p", clock, template, server={"issuer": "https://login.example"})
        _run(provider, clock, args)


def _run(provider: Provider, clock: Clock, args: argparse.Namespace) -> None:
    services = provider.services
    started = time.perf_counter()
    drafts = (Draft(username=f"p{n:06}", email=f"p{n:06}@example.com", name=f"Person {n}") for n in range(args.people))
    services.directory.add_all(drafts)
    made = provisioners.make(services, of_shell("cli:bench"), Wanted(name="bench", adopts=True))
    browser, token = provider.browser(), made.value
    ids = [person.id for person in services.directory.list("", args.members)]
    group = _call(browser, token, "POST", "Groups", {"schemas": [GROUP], "displayName": "Big"})["id"]
    print(f"{args.people:,} people made in {time.perf_counter() - started:.0f} s")
    started = time.perf_counter()
    for at in range(0, args.members, 1000):
        value = [{"value": one} for one in ids[at : at + 1000]]
        joins = [{"op": "add", "path": "members", "value": value}]
        _call(browser, token, "PATCH", f"Groups/{group}", {"schemas": [SCHEMA], "Operations": joins})
    print(f"{args.members:,} members added, 1,000 a PATCH, in {time.perf_counter() - started:.1f} s")
    chance = random.Random(8)

    def some() -> str:
        return chance.choice(ids)

    def patch(path: str, *operations: dict[str, Any]) -> Any:
        clock.advance(1)
        return _call(browser, token, "PATCH", path, {"schemas": [SCHEMA], "Operations": list(operations)})

    def member(op: str) -> Any:
        one = some()
        if op == "remove":
            return patch(f"Groups/{group}", {"op": "remove", "path": f'members[value eq "{one}"]'})
        return patch(f"Groups/{group}", {"op": "add", "path": "members", "value": [{"value": one}]})

    def get(path: str) -> Any:
        return _call(browser, token, "GET", path)

    def find(kind: str, test: str, more: str = "") -> Any:
        return get(f"{kind}?filter={test.replace(' ', '%20')}{more}")

    def title() -> dict[str, Any]:
        return {"op": "replace", "path": "title", "value": str(chance.random())}

    middle, without = args.people // 2, "&excludedAttributes=members"
    asked: dict[str, Callable[[], Any]] = {
        "find by userName": lambda: find("Users", f'userName eq "p{chance.randrange(args.people):06}"'),
        "find by externalId": lambda: find("Users", 'externalId eq "nobody"'),
        "read a person": lambda: get(f"Users/{some()}"),
        "change a person": lambda: patch(f"Users/{some()}", title()),
        "100 people from the middle": lambda: get(f"Users?startIndex={middle}&count=100"),
        "find a group by displayName": lambda: find("Groups", 'displayName eq "big"', without),
        "read the group without members": lambda: get(f"Groups/{group}?excludedAttributes=members"),
        "read the group with all members": lambda: get(f"Groups/{group}"),
        "is somebody in the group": lambda: find(
            "Groups", f'id eq "{group}" and members eq "{some()}"', "&attributes=id"
        ),
        "take a member out": lambda: member("remove"),
        "put a member in": lambda: member("add"),
    }
    for name, ask in asked.items():
        ask()
        took = []
        for _ in range(args.times):
            clock.advance(0.2)  # five a second: the pace is not what is measured
            before = time.perf_counter()
            ask()
            took.append((time.perf_counter() - before) * 1000)
        took.sort()
        print(f"{name:34} median {statistics.median(took):7.1f}   p95 {took[int(len(took) * 0.95) - 1]:7.1f}")


def _call(browser: Browser, token: str, method: str, path: str, body: Any = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    sent = {**bearer(token), **({"Content-Type": "application/scim+json"} if data else {})}
    answer = browser.open(method, f"scim/v2/{path}", data, sent)
    if answer.status >= 300:
        raise SystemExit(f"{method} {path}: {answer.status} {answer.text[:300]}")
    return answer.json if answer.body else None


if __name__ == "__main__":
    main()
