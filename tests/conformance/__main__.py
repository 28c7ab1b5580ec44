"""`make conformance PLAN=…`: plans of the conformance suite against this checkout. docs/conformance.md says how.

Prints a line a module and a table at the end; keeps the results in tests/conformance/results, of which the table of
docs/conformance.md is made. Ends with 1 where a module failed, warned, or did not end.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import requests
import urllib3

from tests.conformance import suite
from tests.conformance.approving import Approver
from tests.conformance.browsing import Chromium
from tests.conformance.configuring import configure
from tests.conformance.kept import path_of
from tests.conformance.provider import Provider, ProviderFailed

HERE = Path(__file__).parent
GOOD = ("PASSED", "SEEN")
RESULTS = ("PASSED", "SEEN", "WARNING", "FAILED", "SKIPPED", "REVIEW", "BROKEN")


def main() -> int:
    """The exit status."""
    words = argparse.ArgumentParser(prog="make conformance", description="Plans: " + "; ".join(_names()))
    words.add_argument("--plan", default="", help="plans whose name has this; all of them without it")
    words.add_argument("--modules", default="", help="only these modules, with commas between them")
    asked = words.parse_args()
    every = _plans()
    plans = [one for one in every if one["name"] == asked.plan] or [one for one in every if asked.plan in one["name"]]
    if not plans:
        words.error(f"no plan has {asked.plan!r} in its name")
    urllib3.disable_warnings()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started ends too
    try:
        # The proxy before a suite that is not up answers too, with 502.
        requests.get(suite.URL + "/api/server", timeout=30, verify=False).raise_for_status()
    except requests.RequestException as error:
        words.error(f"no suite at {suite.URL} (CONFORMANCE_SUITE): docs/conformance.md says how to start it. {error}")
    only = [one for one in asked.modules.split(",") if one]
    tables = {plan["name"]: _alone(plan, only) for plan in plans}
    print(f"\n{'plan':<36}" + "".join(f"{one.lower():>9}" for one in RESULTS))
    for name, counted in tables.items():
        print(f"{name:<36}" + "".join(f"{counted[one]:>9}" for one in RESULTS))
    return int(any(counted[one] for counted in tables.values() for one in RESULTS if one not in (*GOOD, "SKIPPED")))


def _alone(plan: Mapping[str, Any], only: Sequence[str]) -> Counter[str]:
    """One plan with a provider of its own."""
    provider = Provider(Path(tempfile.mkdtemp(prefix="doorward-conformance-")), plan.get("oauth", ""))
    try:
        provider.start()
        print(f"the provider is {provider.issuer}; what it says: {provider.folder}/log", flush=True)
        return run(provider, plan, only)
    finally:
        provider.close()


def run(provider: Provider, plan: Mapping[str, Any], only: Sequence[str]) -> Counter[str]:
    """One plan: what each module said, and how many said the same."""
    asks = plan["clients"] == "ciba"
    approver = Approver(provider) if asks else None
    chromium = Chromium() if plan.get("browser") == "chromium" else None
    visit = chromium.visit if chromium is not None else None
    tester = suite.Suite(provider.rotate, provider.renew_person if asks else lambda: None, visit)
    outcomes: list[suite.Outcome] = []
    try:
        configuration = configure(provider, plan, format(int(time.time()) % 0xFFFFFF, "x"))
        if approver is not None:
            configuration["automated_ciba_approval_url"] = approver.url
        if chromium is not None:
            configuration |= {"browser": [], "override": {}}
        for outcome in tester.run(plan, configuration, only):
            outcomes.append(outcome)
            mark = "ok  " if outcome.result in (*GOOD, "SKIPPED") else "FAIL"
            print(f"{mark} {plan['name']}: {outcome.module} {outcome.result}", flush=True)
            for line in outcome.why:
                print("       " + line[:700], flush=True)
    except (suite.SuiteFailed, ProviderFailed) as error:
        outcomes.append(suite.Outcome("", "BROKEN", (str(error),)))
        print(f"FAIL {plan['name']}: {error}", flush=True)
    finally:
        for one in (approver, chromium):
            if one is not None:
                one.close()
    counted = Counter(one.result for one in outcomes)
    if not only and not counted["BROKEN"]:
        numbered = [(f"{number:03} {one.module}", one) for number, one in enumerate(outcomes, 1)]
        kept = {
            "plan": plan["plan"], "variant": plan["variant"], "suite": tester.version(),
            "modules": {name: one.result for name, one in numbered},
            "why": {name: one.why[-1] for name, one in numbered if one.result not in GOOD and one.why},
        }  # fmt: skip
        path_of(plan["name"]).write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    return counted


def _plans() -> list[dict[str, Any]]:
    plans: list[dict[str, Any]] = json.loads((HERE / "plans.json").read_text(encoding="utf-8"))
    return plans


def _names() -> list[str]:
    return [one["name"] for one in _plans()]


if __name__ == "__main__":
    sys.exit(main())
