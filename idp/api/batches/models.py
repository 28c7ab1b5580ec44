"""Work on many people as the API has it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from idp.admin.bulk.actions import ACTIONS
from idp.admin.importing.columns import TARGETS
from idp.api.models import Limit, Model, left_out
from idp.api.people.models import State as PeopleState

State = Literal["checking", "checked", "running", "done", "stopped"]
Target = Annotated[str, StringConstraints(max_length=60), Field(json_schema_extra={"enum": sorted(TARGETS)})]
Columns = Annotated[tuple[Target, ...], Field(max_length=60)]
Note = Annotated[str, StringConstraints(max_length=1000)]
Action = Annotated[str, StringConstraints(max_length=20), Field(json_schema_extra={"enum": sorted(ACTIONS)})]
Id = Annotated[str, StringConstraints(min_length=1, max_length=100)]


class Batch(Model):
    """Work on many people. It goes on by itself; ask again until its state is checked, done or stopped."""

    id: str
    """Its id."""
    state: State
    """checking, checked: it is, or was, tried out, and nothing is done; running, done, stopped."""
    total: int
    """How many rows, or people, there are."""
    done: int
    """How many of them were looked at, or worked on, so far."""
    counts: dict[str, int]
    """What came of them: how many of each outcome."""
    made_by: str
    """Who asked for it, as the record names them."""
    created_at: datetime
    """When."""
    changed_at: datetime
    """When it went on last."""


class Import(Batch):
    """A file of people."""

    file: str
    """What it is called."""
    header: tuple[str, ...]
    """The names of its columns,"""
    columns: tuple[str, ...]
    """and what each means; empty: it is left out."""
    existing: Literal["skip", "correct"]
    """What is done with people who are there already."""
    new_groups: bool
    """Whether groups that there are not are made."""
    invite: bool
    """Whether those who come are invited by mail."""
    makes_groups: tuple[str, ...]
    """The groups that would be made, or were."""


class Imports(Model):
    """The last imports."""

    items: tuple[Import, ...]
    """The newest first, at most ten."""


class NewImport(Model):
    """A file of people to take in. It is tried out at first, and nothing is done."""

    csv: Annotated[str, StringConstraints(min_length=1, max_length=120_000)]
    """The file as text, with the names of its columns in the first line. Larger ones are cut in pieces."""
    file: Annotated[str, StringConstraints(max_length=200)] = ""
    """What it is called."""
    columns: Columns = left_out()
    """What each column means; left out: it is told by their names."""
    existing: Literal["skip", "correct"] = "skip"
    """People who are there already are skipped, or corrected."""
    new_groups: bool = False
    """Groups that there are not are made."""
    invite: bool = False
    """Those who come are invited by mail."""
    note: Note = ""
    """A text of your own in the invitation."""


class Choices(Model):
    """Other choices for a file: it is tried out again. What is not named stays."""

    columns: Columns = left_out()
    """What each column means."""
    existing: Literal["skip", "correct"] = left_out()
    """People who are there already are skipped, or corrected."""
    new_groups: bool = left_out()
    """Groups that there are not are made."""
    invite: bool = left_out()
    """Those who come are invited by mail."""
    note: Note = left_out()
    """A text of your own in the invitation."""


class Many(Batch):
    """The same for many people."""

    action: str
    """What is done to each."""
    group: str | None
    """The group that it is about."""
    undo: str | None
    """What takes it back; null: nothing does, or not yet."""


class Search(Model):
    """All whom a search finds, of those that the caller may see."""

    query: Annotated[str, StringConstraints(max_length=200)] = ""
    """Any part of name, address, username, number or id."""
    state: PeopleState | None = None
    """Only those who are in this state."""


class NewMany(Model):
    """The same for many people. It is tried out at first, and nothing is done."""

    action: Action
    """What is done to each."""
    people: Annotated[tuple[Id, ...], Field(max_length=5000)] = ()
    """To whom, by id;"""
    search: Search | None = None
    """or to all whom a search finds."""
    group: Annotated[str, StringConstraints(max_length=128)] = ""
    """The group to join or leave."""
    note: Annotated[str, StringConstraints(max_length=1000)] = ""
    """Words of your own in invitations, quoted under your name; without web addresses."""


class Row(Model):
    """One row, and what came of it."""

    number: int
    """Its number, from 1; of a file the line below its head."""
    outcome: str | None
    """What came of it, as `counts` has it; null: nothing yet."""
    why: str | None
    """Why, where there is something to say."""
    person_id: str | None
    """Whom it is about, of those that the caller may see."""
    cells: tuple[str, ...] | None
    """The row as the file has it; null: there is no file."""


class Rows(Model):
    """One page of rows."""

    items: tuple[Row, ...]
    """In their order."""
    next: str | None
    """`cursor` of the next page; null: this is the last one."""


class WhichRows(Model):
    """Which rows."""

    limit: Limit = 50
    """How many items a page has at most."""
    cursor: Annotated[str | None, StringConstraints(min_length=1, max_length=1000)] = None
    """Where the page begins: `next` of the page before. It holds for the same query of the same caller alone."""
    outcome: Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,20}$")] | None = None
    """Only those with this outcome, such as failed."""
