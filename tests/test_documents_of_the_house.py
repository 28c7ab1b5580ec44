"""What docs/requirements.md and docs/architecture.md say of the code and its tests is so today."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "docs"))

import answers as answers_page  # noqa: E402
import conformance as conformance_page  # noqa: E402
import requirements as requirements_page  # noqa: E402
import rooms  # noqa: E402

ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text("utf-8")
NAMED = sorted(set(re.findall(r"`((?:idp|clients|keys|templates|tests)/[a-z0-9_/.]+)`", ARCHITECTURE)))
_STEP = re.compile(r"`((?:idp|clients|keys)/[a-z0-9_/]+\.py)`: `([a-z_]+)`")
_FOUND_IN = re.compile(r"^\| [^|]+ \| `([a-z_/]+\.py)`[^|]* \| (.+) \|$", re.MULTILINE)

_HEADS = ("| ---", "| who |", "| question |")


def test_every_id_that_a_test_bears_is_a_line_of_the_requirements() -> None:
    assert set(requirements_page.tests_by_id()) <= requirements_page.ids_of(requirements_page.PAGE.read_text("utf-8"))


def test_the_requirements_name_the_tests_of_today() -> None:
    page = requirements_page.PAGE.read_text("utf-8")
    assert page == requirements_page.filled(page), "run: python docs/requirements.py"


def test_the_picture_of_the_rooms_is_the_code_s() -> None:
    assert rooms.filled(ARCHITECTURE) == ARCHITECTURE, "run: python docs/rooms.py"


def test_no_room_passes_for_a_part_of_the_spine() -> None:
    """A new folder of `idp` is taken for spine until `docs/rooms.py` names it: then the picture shows nothing of it."""
    assert rooms.arrows()[rooms.SPINE] <= {"keys"}


#: Circles that stand: a package and what it loads where it is used; verbs that wait for approval and are run by it;
#: commands that register each other's. None is there when modules are loaded. A new one is a fault.
_CIRCLES = (
    {"idp.state", "idp.state.redis", "idp.state.sql"},
    {"idp.db.database", "idp.db.optimistic", "idp.db.transactions"},
    {"idp.accounts.factors", "idp.accounts.factors.kinds", "idp.accounts.factors.webauthn"},
    {"idp.accounts.groups", "idp.accounts.grouping.nesting"},
    {"idp.mail.delivery", "idp.mail.smpp", "idp.mail.sms", "idp.mail.smtp"},
    {"idp.installation.moving.standing", "idp.installation.schema"},
    {"idp.admin.providers", "idp.admin.approving.of_providers"},
    {"idp.admin.trial", "idp.admin.trial_saml"},
    {"idp.admin.people", "idp.admin.granting", "idp.admin.approving.verbs", "idp.admin.break_glass.keeping"},
    {"idp.console.apps.changes", "idp.console.apps.showing"},
    {"idp.api.about", "idp.api.document", "idp.api.resources"},
)


def test_no_modules_import_each_other_but_those_that_are_known_to() -> None:
    new = [ring for ring in rooms.circles() if not any(ring <= known for known in _CIRCLES)]
    assert [sorted(ring) for ring in new if not all(one.startswith("idp.cli.") for one in ring)] == []


def test_Q5_the_table_of_cases_is_what_tests_saw_being_told() -> None:
    page = answers_page.PAGE.read_text("utf-8")
    assert page == answers_page.filled(page), "run: python docs/answers.py"


def test_the_table_of_plans_is_what_the_suite_said() -> None:
    page = conformance_page.PAGE.read_text("utf-8")
    assert page == conformance_page.filled(page), "run: python docs/conformance.py"


@pytest.mark.parametrize("path", NAMED)
def test_a_file_that_the_architecture_names_is_there(path: str) -> None:
    assert (ROOT / path).exists()


@pytest.mark.parametrize(("path", "name"), sorted(set(_STEP.findall(ARCHITECTURE))))
def test_a_step_of_a_walk_is_a_function_of_its_file(path: str, name: str) -> None:
    assert re.search(rf"^\s*def {name}\(", (ROOT / path).read_text("utf-8"), re.MULTILINE), (
        "the walk goes elsewhere now"
    )


def test_every_row_of_what_is_to_be_found_begins_with_its_file() -> None:
    """A row in words alone would be held by nothing."""
    table = ARCHITECTURE.partition("## Where is …?\n")[2].partition("\n### ")[0]
    rows = [
        line
        for line in table.splitlines()
        if line.startswith("| ") and not line.startswith(("| ---", "| who |", "| question"))
    ]
    assert len(rows) > 30
    assert [row for row in rows if not _FOUND_IN.match(row)] == []


@pytest.mark.parametrize(("path", "words"), _FOUND_IN.findall(ARCHITECTURE))
def test_what_is_to_be_found_in_a_file_stands_there(path: str, words: str) -> None:
    text = (ROOT / path).read_text("utf-8")
    for word in re.findall(r"`([A-Za-z_]+)`", words):
        assert re.search(rf"^\s*(?:def {word}\(|class {word}\b|{word}\b)", text, re.MULTILINE), word
