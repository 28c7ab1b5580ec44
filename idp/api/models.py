"""What every value of the API is made of. The document and the checks come from the same classes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints


class Model(BaseModel):
    """A value that is sent or taken. What it does not name is refused: nobody sets what was not meant to be set."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True, use_attribute_docstrings=True)


def moment(at: float) -> datetime:
    """An epoch time as the API writes it (RFC 3339)."""
    return datetime.fromtimestamp(int(at), UTC)


def moment_or_none(at: float | None) -> datetime | None:
    """The same where there may be none."""
    return None if at is None else moment(at)


def _digits(value: Any) -> Any:
    """A number in a query is digits alone."""
    if isinstance(value, str):
        if not (value.isascii() and value.isdigit() and len(value) < 10):
            raise ValueError("expected a number, in digits")
        return int(value)
    return value


def left_out() -> Any:
    """The default of a field that may be left out and is never null: what stands is kept."""
    return Field(default=None, json_schema_extra=_without_default)


def _without_default(schema: dict[str, Any]) -> None:
    schema.pop("default", None)


def _of_our_time(value: datetime) -> datetime:
    if not 1970 < value.year < 9000:
        raise ValueError("expected a moment between 1971 and 8999")
    return value


#: A moment in a body, with its zone (RFC 3339).
At = Annotated[AwareDatetime, AfterValidator(_of_our_time)]
#: A line of text for people.
Line = Annotated[str, StringConstraints(min_length=1, max_length=200)]
#: How many items a page has.
Limit = Annotated[int, BeforeValidator(_digits), Field(ge=1, le=200)]
#: How many lines a part of an export has.
Lines = Annotated[int, BeforeValidator(_digits), Field(ge=1, le=5000)]


class Paged(Model):
    """The query of a list."""

    limit: Limit = 50
    """How many items a page has at most."""
    cursor: Annotated[str | None, StringConstraints(min_length=1, max_length=1000)] = None
    """Where the page begins: `next` of the page before. It holds for the same query of the same caller alone."""


class Error(Model):
    """One thing that is wrong with a request."""

    pointer: str | None = None
    """The field of the body, as a JSON pointer (RFC 6901): `#/redirect_uris/0`."""
    parameter: str | None = None
    """Or the parameter of the query."""
    header: str | None = None
    """Or the header."""
    detail: str
    """What is wrong, in a sentence."""
    expected: str | None = None
    """What would be right."""
    example: Any = None
    """One that would be right."""


class ProblemDetails(Model):
    """What went wrong (RFC 9457)."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, defer_build=True, use_attribute_docstrings=True, title="Problem"
    )

    type: str
    """Names the kind of problem, alike in every installation: `urn:doorward:problem:…`."""
    help: str | None = None
    """A page about the kind: its likely causes, and what to do."""
    title: str
    """The kind in words."""
    status: int
    """The status of the answer."""
    detail: str
    """What is wrong this time, and what to do."""
    request_id: str
    """Stands in the log and in the record of what happened."""
    error_id: str | None = None
    """Under this an admin reads what happened, and the fix."""
    approval: str | None = None
    """Under which id the change waits for a second owner."""
    permission: str | None = None
    """The permission that the caller lacks."""
    errors: tuple[Error, ...] = ()
    """Everything that is wrong with the request, not just the first thing."""
