"""Applications that people are written to, as the API has them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from idp.api.models import Model, Paged, left_out
from idp.provisioning.checking import MAX_SECRET
from idp.provisioning.target import MAPPING

State = Literal["waiting", "done", "off", "gone", "left", "failed", "refused"]
Kind = Literal["user", "group"]
Off = Literal["disable", "delete", "nothing"]
GroupsAs = Literal["groups", "entitlements", "no"]
Url = Annotated[str, StringConstraints(min_length=1, max_length=2000)]
Text = Annotated[str, StringConstraints(max_length=2000)]
Secret = Annotated[str, StringConstraints(min_length=1, max_length=MAX_SECRET)]
Names = Annotated[tuple[Annotated[str, StringConstraints(min_length=1, max_length=200)], ...], Field(max_length=200)]
Mapping = Annotated[dict[str, Annotated[str, StringConstraints(max_length=300)]], Field(max_length=60)]
MappingPatch = Annotated[dict[str, Annotated[str, StringConstraints(max_length=300)] | None], Field(max_length=60)]
Many = Annotated[int, Field(strict=True, ge=1, lt=10**9)]
Percent = Annotated[int, Field(strict=True, ge=1, le=100)]


class NewTarget(Model):
    """People and groups to write to an application."""

    url: Url
    """Its SCIM address, such as https://app.example.com/scim/v2."""
    secret: Secret
    """The token that it has given, or the client's secret; it is sealed, and in no answer."""
    token_url: Text = ""
    """Where its tokens come from, by client credentials (RFC 6749 §4.4); empty: `secret` is the token."""
    token_client: Text = ""
    """The client id that it has given."""
    token_scope: Text = ""
    """The scope that is asked for."""
    mapping: Annotated[Mapping, Field(default_factory=lambda: dict(MAPPING))]
    """Which attribute of SCIM gets what: a field, a claim, or `=text` for the same of everybody."""
    groups: GroupsAs = "groups"
    """How groups are told."""
    only: Names = ()
    """These groups alone, by name; empty: those of the application's limit, or all."""
    off: Off = "disable"
    """What becomes there of whoever may not open it any more."""
    adopts: bool = False
    """Who is there already under the same name is taken over."""
    brake: Many = 20
    """So many people may end there within a day unasked,"""
    brake_share: Percent = 10
    """or, where that is more, so many percent of those who are there."""
    on: bool = True
    """Whether it begins at once; false: look first, then enable it."""


class TargetPatch(Model):
    """A change, as a merge patch (RFC 7396): what is not named stays, null takes a value back to its default."""

    url: Url = left_out()
    """Another address; it asks for its `secret` anew, and who is there is looked for anew."""
    secret: Secret = left_out()
    """Another token, or client's secret; left out: the one that is kept."""
    token_url: Text | None = left_out()
    """Where its tokens come from."""
    token_client: Text | None = left_out()
    """The client id that it has given."""
    token_scope: Text | None = left_out()
    """The scope that is asked for."""
    mapping: MappingPatch | None = left_out()
    """Attribute by attribute; null takes one out."""
    groups: GroupsAs | None = left_out()
    """How groups are told."""
    only: Names | None = left_out()
    """These groups alone."""
    off: Off | None = left_out()
    """What becomes there of whoever may not open it any more."""
    adopts: bool | None = left_out()
    """Who is there already under the same name is taken over."""
    brake: Many | None = left_out()
    """So many people may end there within a day unasked,"""
    brake_share: Percent | None = left_out()
    """or, where that is more, so many percent of those who are there."""


class Counts(Model):
    """How many are in each state."""

    user: dict[str, int]
    """People, by state."""
    group: dict[str, int]
    """Groups, by state."""


class Target(Model):
    """An application that people and groups are written to by SCIM; no secret of it."""

    application_id: str
    """The application."""
    url: str
    """Its SCIM address."""
    token_url: str
    """Where its tokens come from; empty: it has given one that stays."""
    token_client: str
    """The client id that it has given."""
    token_scope: str
    """The scope that is asked for."""
    state: Literal["on", "off", "stopped"]
    """stopped: it does not take our credentials, or the brake holds it."""
    reason: str
    """Why it was stopped; empty where it was not."""
    braked: int
    """How many people or groups would have been ended there as the brake stopped it; 0: it has not."""
    retry_at: datetime | None
    """Before that nothing is sent: it asked for time, or did not answer."""
    failures: int
    """How often in a row it did not answer, or asked for time; each makes the next pause longer."""
    off: Off
    """What becomes there of whoever may not open it any more."""
    groups: GroupsAs
    """How groups are told."""
    only: tuple[str, ...]
    """These groups alone; empty: those of the application's limit, or all."""
    adopts: bool
    """Who is there already under the same name is taken over."""
    brake: int
    """So many people may end there within a day unasked,"""
    brake_share: int
    """or, where that is more, so many percent of those who are there."""
    mapping: dict[str, str]
    """What of a person goes to which attribute of SCIM."""
    left: int
    """How many are still to be sent, now or later."""
    counts: Counts
    """How many people and groups are in each state."""
    managed_by: str | None
    """The file of configuration that manages it."""
    changed_at: datetime
    """When it was last changed."""


class Targets(Model):
    """All applications that people are written to."""

    items: tuple[Target, ...]
    """Those that the caller looks after, in the order in which they came; 100 at most."""


class Written(Model):
    """A person or a group there."""

    kind: Kind
    """Which of both."""
    id: str
    """Its id here."""
    name: str
    """Its username or name here; empty where it was removed."""
    remote_id: str | None
    """Its id there; null: none is known."""
    state: State
    """How it stands: done is there as here, failed is tried again, refused needs somebody."""
    problem: str
    """What is wrong, or was; empty where nothing is."""
    tries: int
    """How often in a row it has failed."""
    status: int | None
    """The status of the last answer; null: there was none."""
    request: str
    """What was sent last, its beginning. Only its first line where the caller may not read people."""
    answer: str
    """What was answered, its beginning."""
    at: datetime | None
    """When that was."""
    due: datetime | None
    """When it is tried again."""


class WrittenPage(Model):
    """A page of them."""

    items: tuple[Written, ...]
    """In the order of their ids."""
    next: str | None
    """The cursor of the next page; null: this is the last one."""


class Which(Paged):
    """Which of them."""

    kind: Kind = "user"
    """People, or groups."""
    state: State | Literal["ends"] | None = None
    """Only those in this state; ends: who is let in no more, and is not ended there yet."""


class Release(Model):
    """How many may end there."""

    many: int
    """As many as `braked` tells: where it is another number by now, nothing is done."""


class Send(Model):
    """What to send."""

    what: Literal["all", "failed"] = "failed"
    """Everybody, anew; or what failed and was refused."""


class Tried(Model):
    """One thing that was tried."""

    what: str
    """What it is."""
    ok: bool
    """Whether it is as it should be."""
    problem: str
    """What is wrong; empty where nothing is."""


class TargetTest(Model):
    """Whether it answers, and what it can do."""

    ok: bool
    """Whether everything is as it should be."""
    found: tuple[Tried, ...]
    """Each thing that was tried; the first that is wrong ends it."""


class Would(Model):
    """One thing that would be done."""

    what: Literal["make", "change", "turn off", "delete", "leave", "refuse"]
    """What it is."""
    kind: Kind
    """A person, or a group."""
    id: str
    """Its id here."""
    name: str
    """What it is called."""
    attributes: tuple[str, ...]
    """Of a change: which ones, by name."""


class Brake(Model):
    """What the brake would stop."""

    many: int
    """How many would end there."""
    before: int
    """How many did within a day."""
    there: int
    """Of how many who are there."""
    most: int
    """So many may without a question."""


class DryRun(Model):
    """What would be sent now; nothing was."""

    would: tuple[Would, ...]
    """The first 1000."""
    counts: dict[str, int]
    """How many of each: by `what`."""
    brake: Brake | None
    """What the brake would stop; null: nothing."""
    whole: bool
    """Whether everybody was looked at; false: eight seconds were over before."""


class Different(Model):
    """One that is not there as it should be."""

    kind: Kind
    """A person, or a group."""
    id: str
    """Its id here."""
    name: str
    """What it is called."""
    attributes: tuple[str, ...]
    """What differs, by name."""
    missing: bool
    """It is not there at all."""
    open: bool
    """It should be off there, and is not."""


class Drift(Model):
    """A page of what is different there; nothing was changed."""

    items: tuple[Different, ...]
    """Among those that were read: none where all are as they should be."""
    looked: int
    """How many were read there."""
    next: str | None
    """The cursor to go on with; null: everybody was read."""
