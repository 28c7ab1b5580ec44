"""`python -m bench`: measure, show a table, keep the figures."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from rich.console import Console

from bench import hops, machine, report, scale
from bench.provider import install
from bench.stores import BACKENDS, Stores


def main() -> int:
    """Run what the arguments ask for; 1 where an answer was not the expected one."""
    args = _arguments()
    console = Console(stderr=True)
    cores = machine.choose_cores()
    if cores.shared:
        console.print("There is one core only: server and load take turns, so figures say little.", style="yellow")
    os.sched_setaffinity(0, set(cores.others))
    found: dict[str, Any] = {"machine": machine.describe(), "backend": args.backend}
    folder = Path(tempfile.mkdtemp(prefix="doorward-bench-"))
    try:
        with console.status("Preparing ...") as status:
            if args.scale:
                backends = BACKENDS if args.backend == "all" else (args.backend,)
                sizes = (1_000, 20_000) if args.quick else scale.SIZES
                found["sizes"] = sizes
                found["scale"] = {
                    backend: scale.as_json(scale.measure(folder, cores, backend, status.update, sizes=sizes))
                    for backend in backends
                }
            else:
                stores = Stores(args.backend, cores)
                installation = install(folder, stores.new())
                try:
                    effort = hops.QUICK if args.quick else hops.FULL
                    results = hops.measure(installation, cores, effort, status.update, args.only)
                finally:
                    installation.stop()
                found["hops"] = hops.as_json(results)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if args.json:
        Path(args.json).write_text(json.dumps(found, indent=1) + "\n")
    if args.markdown:
        print(report.markdown(found))
    else:
        report.show(found)
    return 1 if _errors(found) else 0


def _errors(found: dict[str, Any]) -> int:
    figures = list(found.get("hops", {}).get("figures", []))
    for costs in found.get("scale", {}).values():
        figures += costs
    return sum(int(figure["errors"]) for figure in figures)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="shorter and fewer runs, a smaller crowd")
    parser.add_argument("--scale", action="store_true", help="compare a thousand people with a million")
    parser.add_argument("--backend", choices=(*BACKENDS, "all"), default="sqlite", help="PostgreSQL comes with Redis")
    parser.add_argument("--only", default="", metavar="TEXT", help="only hops whose name has this in it")
    parser.add_argument("--json", metavar="FILE", help="write all figures there")
    parser.add_argument("--markdown", action="store_true", help="print Markdown")
    args = parser.parse_args()
    if args.backend == "all" and not args.scale:
        parser.error("--backend all goes with --scale")
    return args


raise SystemExit(main())
