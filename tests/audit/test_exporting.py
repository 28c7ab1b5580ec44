"""O1: the record in the formats of others; what somebody once typed runs in no spreadsheet and breaks no line."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import tracemalloc
from pathlib import Path

import pytest

from idp.accounts.roles import RoleGrant
from idp.admin import record as records
from idp.admin.actor import Actor, NotAllowed, of_shell
from idp.audit import Event, record
from idp.audit.exporting import FORMATS
from idp.audit.searching import Wanted
from tests.cli.conftest import Folder, prepared
from tests.provider import Provider

__all__ = ["prepared"]

FORMULAS = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "  =1",
    "＝1",
    "＋1",
    "－1",
    "＠x",
    "=cmd|' /C calc'!A0",
]
HOSTILE = [
    *FORMULAS,
    'a"b',
    "a,b",
    "a;b",
    "a\nb",
    "a\r\nb",
    "a|b",
    "a=b",
    "a\\",
    "\u2028x",
    "\x1b[31m",
    "x\0y",
    "Ärzte 🩺",
]


def exported(event: Event, format: str) -> str:
    """One line as the format has it; names are what ids are."""
    return FORMATS[format].line(event, lambda id: id, lambda id: id)


def event_with(text: str) -> Event:
    """The same text wherever somebody may type one."""
    return Event(
        "session:failed", actor=text, person_id=text, client_id=text, session_id=text, address=text, request_id=text,
        error_id=text, detail={"typed": text}, id="06h2901f16ifscl21fflh0rcck", at=1795908653.25,
    )  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_o1_no_cell_of_the_csv_is_a_formula(text: str) -> None:
    rows = list(csv.reader(io.StringIO(exported(event_with(text), "csv"), newline="")))
    assert len(rows) == 1
    assert len(rows[0]) == len(next(csv.reader([FORMATS["csv"].head])))
    for cell in rows[0]:
        assert not cell.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")), cell
    wanted = f"'{text}" if text in FORMULAS else text.replace("\0", "�")
    assert rows[0][3] == wanted
    assert rows[0][0] == "2026-11-28T23:30:53.250Z"


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_o1_an_event_is_one_line_of_json_with_everything(text: str) -> None:
    line = exported(event_with(text), "jsonl")
    assert line.count("\n") == 1
    assert len(line.splitlines()) == 1
    said = json.loads(line)
    assert (said["actor"], said["detail"], said["at"]) == (text, {"typed": text}, 1795908653.25)


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_o1_an_event_is_one_line_of_cef_whose_fields_cannot_be_forged(text: str) -> None:
    line = exported(event_with(f"{text} outcome=success|x"), "cef")
    assert len(line.splitlines()) == 1
    head, extension = line.rstrip("\n").split("|", 7)[:7], line.split("|", 7)[7]
    assert head == ["CEF:0", "Doorward", "Doorward", head[3], "session:failed", "session failed", "6"]
    keys = re.findall(r"(?:^|(?<= ))(\w+)=", extension)
    assert len(keys) == len(set(keys)), keys
    assert "outcome=failure" in extension
    assert not re.search(r"(?<!\\)(?:\\\\)*outcome=success", extension.replace("outcome\\=", ""))


def test_o1_cef_escapes_the_head_and_knows_both_kinds_of_addresses() -> None:
    assert "|thing:a\\|b\\\\|" in exported(Event("thing:a|b\\"), "cef")
    assert "src=192.0.2.1" in exported(Event("a:b", address="192.0.2.1"), "cef")
    assert "c6a2=2001:db8::1" in exported(Event("a:b", address="2001:db8::1"), "cef")


@pytest.mark.parametrize(
    ("action", "kind", "activity", "status"),
    [
        ("session:started", 3002, 1, 1), ("session:failed", 3002, 1, 2), ("session:ended", 3002, 2, 1),
        ("factor:failed", 3002, 1, 2), ("person:disabled", 3001, 5, 1), ("factor:removed", 3001, 11, 1),
        ("client:changed", 6003, 99, 1), ("error:invalid_grant", 6003, 99, 2), ("session:held", 3002, 99, 1),
    ],
)  # fmt: skip
def test_o1_an_event_is_an_object_of_an_ocsf_class(action: str, kind: int, activity: int, status: int) -> None:
    said = json.loads(exported(Event(action, actor="u1", person_id="u1", at=5.0, id="x"), "ocsf"))
    assert (said["class_uid"], said["activity_id"], said["status_id"]) == (kind, activity, status)
    assert said["type_uid"] == kind * 100 + activity
    assert (said["category_uid"], said["time"], said["metadata"]["uid"]) == (kind // 1000, 5000, "x")
    # What the schema says a class must have.
    required = {"activity_id", "category_uid", "class_uid", "metadata", "severity_id", "time", "type_uid"}
    required |= {"actor", "api", "src_endpoint"} if kind == 6003 else {"user"}
    assert required <= set(said)


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_o1_an_event_is_one_line_of_ocsf(text: str) -> None:
    line = exported(event_with(text), "ocsf")
    assert len(line.splitlines()) == 1
    assert json.loads(line)["unmapped"]["detail"] == {"typed": text}


# -- the verb and the command ------------------------------------------------------------------------------------------


def test_o1_exports_need_the_permission_and_are_on_record(provider: Provider) -> None:
    services = provider.services
    helper = Actor(kind="person", id="u1", name="person:u1", grants=(RoleGrant("help_desk"),))
    with pytest.raises(NotAllowed):
        records.export(services, helper, Wanted(), "csv")
    auditor = Actor(kind="person", id="u2", name="person:u2", grants=(RoleGrant("auditor"),))
    assert next(records.export(services, auditor, Wanted(), "csv")).startswith('"time"')
    (event,) = records.each(services.db, Wanted(action="audit:exported"))
    assert (event.actor, event.detail["format"]) == ("person:u2", "csv")


def test_o1_an_export_has_every_event_of_the_kind_and_no_other(provider: Provider) -> None:
    services, clock = provider.services, provider.clock
    person = provider.add_person("ann")
    with services.db.transaction() as tx:
        for number in range(1203):  # more than two pages
            record(tx, Event(f"thing:{number % 2}", person_id=person.id, detail={"n": number}), clock() - 2000 + number)
    lines = list(records.export(services, of_shell("cli:root"), Wanted(action="thing:1"), "csv"))
    rows = list(csv.DictReader(lines))
    assert [json.loads(row["detail"])["n"] for row in rows] == list(range(1, 1203, 2))
    assert {row["person"] for row in rows} == {"ann"}
    since = clock() - 2000 + 1000
    some = records.export(services, of_shell("cli:root"), Wanted(since=since, until=since + 100), "jsonl")
    assert [json.loads(line)["detail"]["n"] for line in some] == list(range(1000, 1100))


def test_o1_an_export_s_memory_does_not_grow_with_it(provider: Provider) -> None:
    services, clock = provider.services, provider.clock
    with services.db.transaction() as tx:
        for number in range(6000):
            record(tx, Event("thing:done", detail={"text": "x" * 500}), clock() - 9000 + number)

    def peak(many: int) -> int:
        lines = records.export(services, of_shell("cli:root"), Wanted(action="thing:done"), "ocsf")
        tracemalloc.start()
        for _ in range(many):
            next(lines)
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    peak(10)
    assert peak(5900) < 2 * peak(900)


@pytest.mark.parametrize("format", ["csv", "jsonl", "cef", "ocsf"])
def test_o1_the_command_writes_the_format_that_was_asked_for(prepared: Folder, tmp_path: Path, format: str) -> None:
    site = Folder(Path(shutil.copytree(prepared.path, tmp_path / "site")))
    assert site.run("user", "add", "--username", "anna", "--email", "a@example.com").code == 0
    chosen = ("--person", "anna", "--action", "person:added", "--since", "1h")
    said = site.run("audit", "export", "--format", format, *chosen)
    assert said.code == 0, said
    events = said.out.splitlines()[1 if format == "csv" else 0 :]
    assert len(events) == 1
    assert "person:added" in events[0]
    assert "--format" in site.refusal("audit", "export", "--format", "xml")
