"""The suite's own API: make a plan, run its modules one after another, read what each says of itself."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import requests

URL = os.environ.get("CONFORMANCE_SUITE", "https://localhost.emobix.co.uk:8443").rstrip("/")
FINISHED_WITHIN = 600.0  # seconds a module
#: It publishes keys and waits until we have made new ones.
ROTATION = "oidcc-server-rotate-keys"
_TOLD = ("expected", "actual", "error", "error_description", "url", "unexpected", "reason")


class SuiteFailed(Exception):
    """The suite did not do what was asked; the message has its answer."""


@dataclass(frozen=True)
class Outcome:
    """A module, its result, and the lines of its log that are not successes.

    `result`: PASSED, WARNING, REVIEW, SKIPPED, FAILED; SEEN where a page had to be shown, and had the words that
    browser.json looks for (the suite itself leaves that to a person); BROKEN where it never ended.
    """

    module: str
    result: str
    why: Sequence[str] = ()


class Suite:
    """One running suite. `rotate` is called where a module waits for a new signing key, `prepare` before each.

    `visit`: opens what a module wants opened, given its run and an address, where the suite's own browser does not.
    """

    def __init__(
        self,
        rotate: Callable[[], None],
        prepare: Callable[[], None] = lambda: None,
        visit: Callable[[str, str], None] | None = None,
    ) -> None:
        self._http = requests.Session()
        # It answers with a certificate that it made itself.
        self._http.verify = self._http.trust_env = False
        self._rotate, self._prepare, self._visit = rotate, prepare, visit
        if token := os.environ.get("CONFORMANCE_TOKEN"):
            self._http.headers["Authorization"] = f"Bearer {token}"

    def version(self) -> str:
        """What the suite calls itself."""
        return str(self._call("GET", "server").get("version", "unknown"))

    def run(self, plan: Mapping[str, Any], configuration: Mapping[str, Any], only: Sequence[str]) -> Iterator[Outcome]:
        """Each module of a plan, or those of `only`. Errors: `SuiteFailed` where the plan is refused."""
        asked = {"planName": plan["plan"], "variant": json.dumps(plan["variant"])}
        made = self._call("POST", "plan", 201, params=asked, json=configuration)
        for module in made["modules"]:
            if only and module["testModule"] not in only:
                continue
            self._prepare()
            yield self._module(made["id"], module)

    def _module(self, plan_id: str, module: Mapping[str, Any]) -> Outcome:
        name = module["testModule"]
        try:
            asked = {"test": name, "plan": plan_id, "variant": json.dumps(module.get("variant") or {})}
            run = self._call("POST", "runner", 201, params=asked)["id"]
            if name == ROTATION and self._wait(run, "CONFIGURED", "FINISHED") == "CONFIGURED":
                self._rotate()
                self._call("POST", f"runner/{run}")
            self._wait(run, "FINISHED")
            result = self._call("GET", f"info/{run}").get("result") or "BROKEN"
            log = self._call("GET", f"log/{run}") if result != "PASSED" else []
        except (SuiteFailed, requests.RequestException) as error:
            return Outcome(name, "BROKEN", (str(error),))
        if result == "REVIEW" and all(one.get("matched_regexp") for one in log if one.get("result") == "REVIEW"):
            return Outcome(name, "SEEN")
        return Outcome(name, result, tuple(_why(log)))

    def _wait(self, run: str, *states: str) -> str:
        until = time.monotonic() + FINISHED_WITHIN
        while time.monotonic() < until:
            asked = {"states": ",".join((*states, "INTERRUPTED")), "timeoutMs": 1_000 if self._visit else 30_000}
            self._call("GET", f"runner/{run}/wait-state", params=asked)
            if self._visit is not None:
                self._open(run, self._visit)
            status = str(self._call("GET", f"info/{run}")["status"])
            if status in (*states, "INTERRUPTED"):
                return status
        raise SuiteFailed(f"not {states} after {FINISHED_WITHIN:.0f} s")

    def _open(self, run: str, visit: Callable[[str, str], None]) -> None:
        answer = self._http.get(f"{URL}/api/runner/browser/{run}", timeout=60)
        for url in answer.json()["urls"] if answer.ok else []:
            self._call("POST", f"runner/browser/{run}/visit", 204, params={"url": url})
            visit(run, url)

    def _call(self, method: str, path: str, expected: int = 200, **more: Any) -> Any:
        answer = self._http.request(method, f"{URL}/api/{path}", timeout=60, **more)
        if answer.status_code != expected:
            raise SuiteFailed(f"{method} {path}: {answer.status_code} {answer.text[:300]}")
        return answer.json() if answer.content else None


def _why(log: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for entry in log:
        if entry.get("result") in ("FAILURE", "WARNING", "REVIEW", "SKIPPED") or entry.get("error_class"):
            told = {key: entry[key] for key in _TOLD if key in entry}
            words = [entry.get("result"), f"{entry.get('src')}:", entry.get("msg"), *(entry.get("requirements") or ())]
            yield " ".join(str(word) for word in [*words, json.dumps(told)[:400] if told else ""] if word)
