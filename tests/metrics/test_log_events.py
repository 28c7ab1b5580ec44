"""M2: the names of the log's events are listed in the document, and are what a program may go by.

`python -m tests.metrics.test_log_events` writes the table anew, and keeps what stands beside each name.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from pathlib import Path

from idp.audit.told import _NOT_TOLD as NOT_TOLD

ROOT = Path(__file__).parent.parent.parent
PAGE = ROOT / "docs" / "monitoring.md"
BEGIN, END = "<!-- log events: python -m tests.metrics.test_log_events -->\n", "<!-- end of log events -->"
LEVELS = ("debug", "info", "warning", "error")


def _paired(file: str) -> set[str]:
    """The names that stand in a file as the first of a pair, beside the work that such a line says has failed."""
    return {
        node.elts[0].value for node in ast.walk(ast.parse((ROOT / file).read_text("utf-8")))
        if isinstance(node, ast.Tuple) and len(node.elts) == 2 and isinstance(node.elts[0], ast.Constant)
        and isinstance(node.elts[0].value, str)
    }  # fmt: skip


#: Lines whose name is a value: where, and what it may be. A name that is none of these is a new line of this table.
NAMED_BY_A_VALUE = {
    "idp/background.py": {"warning": _paired("idp/background.py")},
    "idp/audit/told.py": {
        "info": {"authorization_error", "protocol_error", "token_error", "api_refused", "scim_refused"},
        "warning": {action.removeprefix("error:") for action in NOT_TOLD},
    },
}  # fmt: skip
#: Written by a function of another name.
ELSEWHERE = {"logged": {"warning", "error"}, "processes_differ": {"warning", "error"}}
_NAME = re.compile(r"[a-z][a-z0-9_]*")


def written() -> tuple[dict[str, set[str]], list[str]]:
    """The levels of each event by its name, and the places whose name is no literal."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    unnamed: list[str] = []
    for room in ("idp", "clients", "keys"):
        for file in sorted((ROOT / room).rglob("*.py")):
            where = str(file.relative_to(ROOT))
            for call in _calls(ast.parse(file.read_text("utf-8"))):
                level = call.func.attr  # type: ignore[attr-defined]
                name = call.args[0] if call.args else None
                if isinstance(name, ast.Constant) and isinstance(name.value, str):
                    found[name.value].add(level)
                elif where in NAMED_BY_A_VALUE:
                    for one in NAMED_BY_A_VALUE[where].get(level, ()):
                        found[one].add(level)
                else:
                    unnamed.append(f"{where}:{call.lineno}")
    return {**found, **ELSEWHERE}, unnamed


def _calls(tree: ast.AST) -> list[ast.Call]:
    """Calls of the log that everybody is given: `services.log.…`, `self._log.…`, `log.…`."""
    return [
        node for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in LEVELS
        and ast.unparse(node.func.value).split(".")[-1] in ("log", "_log")
    ]  # fmt: skip


def table(kept: dict[str, str]) -> str:
    """A row for each name, in their order."""
    rows = [f"| `{name}` | {', '.join(sorted(levels))} | {kept.get(name, '')} |" for name, levels in
            sorted(written()[0].items())]  # fmt: skip
    return "\n".join(["| event | level | what |", "| --- | --- | --- |", *rows]) + "\n"


def _kept(page: str) -> dict[str, str]:
    inside = page.partition(BEGIN)[2].partition(END)[0]
    return dict(re.findall(r"^\| `(\w+)` \| [^|]* \| (.*) \|$", inside, re.M))


def test_M2_the_document_has_every_event_of_the_log_and_what_it_means() -> None:
    page = PAGE.read_text("utf-8")
    kept = _kept(page)
    assert table(kept) == page.partition(BEGIN)[2].partition(END)[0], "run `python -m tests.metrics.test_log_events`"
    assert [name for name, what in kept.items() if not what.strip()] == []


def test_M2_the_names_that_are_handed_on_are_all_known() -> None:
    handed = set()
    for file in (ROOT / "idp").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "told":
                values = [one.value for one in node.keywords if one.arg == "name"]
                handed |= {one.value for one in values if isinstance(one, ast.Constant)}
    assert handed <= NAMED_BY_A_VALUE["idp/audit/told.py"]["info"]


def test_M2_every_event_has_a_name_that_stands_in_the_code() -> None:
    found, unnamed = written()
    assert unnamed == []
    assert [name for name in found if not _NAME.fullmatch(name)] == []


if __name__ == "__main__":
    text = PAGE.read_text("utf-8")
    head, _, rest = text.partition(BEGIN)
    PAGE.write_text(head + BEGIN + table(_kept(text)) + END + rest.partition(END)[2], "utf-8")
