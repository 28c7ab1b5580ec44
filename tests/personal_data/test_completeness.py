"""D3: every table that names somebody, and every column of it, is told or has its reason."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from sqlalchemy import MetaData, create_engine

from idp import migrations
from idp.personal_data import document, store
from idp.personal_data.parts import NOT_TOLD, PARTS
from tests.provider import Provider
from tests.test_config import ROOT

#: Columns that have somebody's id; `key` of a change that names somebody by address is in NOT_TOLD by its table.
NAMES_SOMEBODY = re.compile(r"person_id|\w+_by|by")
#: They name somebody in a column of another name.
OTHERWISE = {
    "people", "events", "jobs", "state", "batches", "batch_parts", "registrations", "access_tokens",
    "sessions_elsewhere", "reviews",
}  # fmt: skip


@pytest.fixture(scope="module")
def schema(tmp_path_factory: pytest.TempPathFactory) -> MetaData:
    """As the migrations leave it, on SQLite."""
    url = f"sqlite:///{tmp_path_factory.mktemp('schema')}/doorward.db"
    migrations.upgrade(url)
    found = MetaData()
    engine = create_engine(url)
    found.reflect(engine)
    engine.dispose()
    return found


def test_D3_every_table_that_names_somebody_is_in_the_document_or_has_its_reason(schema: MetaData) -> None:
    naming = {  # the mark of a move has the process that makes it
        name for name, table in schema.tables.items()
        if name != "moves" and any(NAMES_SOMEBODY.fullmatch(column.name) for column in table.columns)
    }  # fmt: skip
    decided = {part.table for part in PARTS.values()} | set(NOT_TOLD)
    assert naming | OTHERWISE <= decided, f"idp/personal_data/parts.py says nothing of {naming - decided}"
    assert decided <= set(schema.tables), "a table that went takes its part along"
    assert not {part.table for part in PARTS.values()} & set(NOT_TOLD)


def test_D3_every_column_is_told_or_has_its_reason(schema: MetaData) -> None:
    for name, part in PARTS.items():
        columns = {column.name for column in schema.tables[part.table].columns}
        decided = {*part.told, *part.left_out, part.key}
        assert columns == decided, f"{name}: {columns ^ decided}"
        assert not set(part.told) & set(part.left_out), name


def test_D3_no_secret_is_told(schema: MetaData) -> None:
    for name, part in PARTS.items():
        assert not [one for one in part.told if re.search(r"hash|sealed|secret$|token|cnf", one)], name


def test_D3_the_page_explains_every_part(provider: Provider) -> None:
    page = (ROOT / "docs" / "personal-data.md").read_text("utf-8")
    person = provider.add_person("ann")
    made = document.of(provider.services, person.id)
    assert [name for name in made if f"`{name}`" not in page] == []
    assert json.loads(json.dumps(made)) == made


def test_D3_nobody_has_a_document_of_nothing(provider: Provider) -> None:
    made = document.of(provider.services, "nobody")
    assert made["account"] is None
    assert not any(made[name] for name in PARTS if name != "account")


def test_D3_no_part_reads_a_whole_table(provider: Provider) -> None:
    """Of fifty million events, too: what a download costs goes by what is kept of the person."""
    engine = create_engine(provider.settings.database_url)
    with engine.connect() as connection:
        for name, part in PARTS.items():
            told = provider.services.db.compiled(store._statement(part)[0])
            values = {**told.defaults, "person_id": "x", "most": 1}
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {told.sql}", values).fetchall()
            assert not [row for row in plan if row[3].startswith("SCAN")], (name, plan)
            assert not part.latest or not [row for row in plan if "TEMP B-TREE" in row[3]], (name, plan)
    engine.dispose()


def test_D3_no_file_of_the_room_writes() -> None:
    for file in (Path(document.__file__).parent).glob("*.py"):
        assert not re.search(r"\b(insert|update|delete)\(", file.read_text("utf-8"))
