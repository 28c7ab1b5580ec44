"""What is sent and answered about access reviews."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from idp.api.models import At, Model, Paged

Id = Annotated[str, StringConstraints(min_length=1, max_length=100)]
Verdict = Literal["keep", "withdraw", ""]
Months = Literal[0, 1, 3, 6, 12]


class Review(Model):
    """An access review."""

    id: str
    """Its id."""
    kind: Literal["app", "group"]
    """Of an application or a group."""
    about: str
    """The client id, or the group's id."""
    name: str
    """What that was called when it began."""
    state: Literal["planned", "open", "ending", "ended", "stopped"]
    """How it stands."""
    reviewers: tuple[str, ...]
    """Who decides, by id."""
    unconfirmed: Literal["withdraw", "report"]
    """What becomes of whom nobody confirmed by the end."""
    months: int
    """It begins again after so many; 0: never."""
    started_at: datetime
    """When it began, or is to begin."""
    due_at: datetime
    """Its date."""
    ended_at: datetime | None
    """When it ended."""
    total: int
    """How many people it is about."""
    keep: int
    """How many were confirmed so far."""
    withdraw: int
    """How many are to lose it."""
    left: int
    """How many nobody has decided about."""
    counts: dict[str, int]
    """What became of them: kept, taken, stays, reported, not_done, gone."""
    to_see_to: int
    """How many somebody has to look at after the end."""


class Reviews(Model):
    """One page of reviews."""

    items: tuple[Review, ...]
    """The newest first."""
    next: str | None
    """`cursor` of the next page; null: this is the last one."""


class NewReview(Model):
    """A review to begin; those who decide are told by mail."""

    kind: Literal["app", "group"]
    """Of an application or a group."""
    about: Id
    """Its client id, or the group's id."""
    reviewers: Annotated[tuple[Id, ...], Field(min_length=1, max_length=50)]
    """Who decides, by id."""
    due_at: At
    """Until when."""
    unconfirmed: Literal["withdraw", "report"] = "report"
    """What becomes of whom nobody confirmed by then."""
    months: Months = 0
    """Begin again after so many; 0: never."""


class Which(Paged):
    """Which people of a review."""

    verdict: Literal["keep", "withdraw", "none"] | None = None
    """Of whom that was decided; `none`: nothing yet."""
    query: Annotated[str, StringConstraints(max_length=200)] = ""
    """Any part of username or name."""


class Looked(Model):
    """Somebody in a review, as they stood at its start."""

    id: str
    """Their id."""
    username: str
    """What they sign in with."""
    name: str
    """Their name."""
    via: str
    """How they have it: member, person, group, both, everyone."""
    groups: tuple[str, ...]
    """The groups that give it to them."""
    verdict: Verdict
    """What was decided; empty: nothing yet."""
    decided_by: str
    """Who decided."""
    decided_at: datetime | None
    """When."""
    outcome: str
    """What became of it after the end."""
    why: str
    """Why that."""


class People(Model):
    """One page of the people of a review."""

    items: tuple[Looked, ...]
    """By username."""
    next: str | None
    """`cursor` of the next page; null: this is the last one."""


class Decision(Model):
    """What becomes of people."""

    people: Annotated[tuple[Id, ...], Field(min_length=1, max_length=500)]
    """Their ids; who is not in the review is passed over."""
    verdict: Verdict
    """keep, withdraw, or empty to take back what was said."""


class Decided(Model):
    """What became of what was said."""

    done: int
    """About how many it holds."""
    refused: dict[str, tuple[str, ...]]
    """Usernames of whom it does not, by why: nobody decides about themselves, nor about somebody who may do more."""


class Foreseen(Model):
    """What ending it now would do, in numbers; nothing is changed."""

    counts: dict[str, int]
    """By outcome."""


class Note(Model):
    """What was done about whom the end has left."""

    note: Annotated[str, StringConstraints(max_length=500)] = ""
    """Stands in the record."""
