"""M1: the document has every metric; the dashboard and the rules ask for such as there are; promtool reads all of it.

`python -m tests.metrics.test_documented` writes the document's table anew.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from idp.meters.families import COUNTED, FAMILIES, INSTALLATION, WORKERS, Family
from tests.metrics.test_metrics import TOKEN, scrape
from tests.provider import Provider

DOCS = Path(__file__).parent.parent.parent / "docs"
FOLDER, PAGE = DOCS / "monitoring", DOCS / "monitoring.md"
BEGIN, END = "<!-- metrics: python -m tests.metrics.test_documented -->\n", "<!-- end of metrics -->"
SUFFIXES = {"histogram": ("_bucket", "_sum", "_count"), "counter": ("",), "gauge": ("",)}
#: Labels that Prometheus puts on by itself.
THEIRS = {"instance", "job", "le"}

needs_promtool = pytest.mark.skipif(
    shutil.which("promtool") is None and not os.environ.get("CI"),
    reason="promtool is not installed (Debian: prometheus)",
)


def _table() -> str:
    lines = ["| metric | labels | what |", "| --- | --- | --- |"]
    for title, families in (("added up over the workers of the machine", COUNTED), ("of each worker", WORKERS),
                            ("of the installation", INSTALLATION)):  # fmt: skip
        lines.append(f"| *{title}* | | |")
        lines += [_line(family) for family in families]
    return "\n".join(lines) + "\n"


def _line(family: Family) -> str:
    kind = " (histogram)" if family.kind == "histogram" else ""
    return f"| `{family.full_name}`{kind} | {', '.join(f'`{one}`' for one in family.labels)} | {family.help} |"


def expressions() -> Iterator[tuple[str, str]]:
    """Every expression that is asked, with where it stands."""
    for panel in json.loads((FOLDER / "dashboard.json").read_text())["panels"]:
        for target in panel.get("targets", ()):
            yield f"panel {panel['title']}", target["expr"]
    rules = (FOLDER / "rules.yml").read_text()
    for name, told in re.findall(r"- alert: (\w+)\n(.*?)annotations:", rules, re.DOTALL):
        yield f"rule {name}", told.partition("expr:")[2]


def test_m1_the_document_has_every_metric() -> None:
    text = PAGE.read_text()
    assert text.partition(BEGIN)[2].partition(END)[0] == _table()


def test_m1_dashboard_and_rules_ask_for_metrics_and_labels_that_there_are() -> None:
    known = {family.full_name + suffix: family for family in FAMILIES for suffix in SUFFIXES[family.kind]}
    seen = set()
    for where, expression in expressions():
        for name, labels in re.findall(r"(doorward_\w+)(?:\{([^}]*)\})?", expression):
            assert name in known, f"{where}: {name}"
            asked = set(re.findall(r"(\w+)\s*(?:=~|!=|!~|=)", labels))
            assert asked <= {*known[name].labels, *THEIRS}, f"{where}: {name}{asked}"
            seen.add(known[name].name)
        by = {label for group in re.findall(r"by \(([^)]*)\)", expression) for label in re.split(r",\s*", group)}
        assert by <= {label for family in FAMILIES for label in family.labels} | THEIRS, where
    shown = {family.name for family in FAMILIES}
    assert shown - seen <= {"info", "worker_notes_lost"}, "what nobody looks at need not be counted"


@needs_promtool
@pytest.mark.parametrize("what", [("check", "rules", "rules.yml"), ("test", "rules", "rules_test.yml")], ids="-".join)
def test_m1_promtool_takes_the_rules_and_their_cases(what: tuple[str, ...]) -> None:
    done = subprocess.run(["promtool", *what], cwd=FOLDER, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@needs_promtool
def test_m1_promtool_takes_the_settings_of_the_document(tmp_path: Path) -> None:
    for name in ("prometheus.yml", "rules.yml"):
        shutil.copy(FOLDER / name, tmp_path)
    (tmp_path / "doorward-metrics.token").write_text(TOKEN)
    done = subprocess.run(
        ["promtool", "check", "config", "prometheus.yml"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@needs_promtool
def test_m1_promtool_finds_no_fault_in_what_is_shown(open_provider: Callable[..., Provider]) -> None:
    watched = open_provider(metrics={"token": TOKEN})
    watched.add_person()
    watched.tokens(watched.add_client())
    text = scrape(watched.browser()).text
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def _write() -> None:
    text = PAGE.read_text()
    head, tail = text.partition(BEGIN)[0], text.partition(END)[2]
    PAGE.write_text(head + BEGIN + _table() + END + tail)


if __name__ == "__main__":
    _write()
