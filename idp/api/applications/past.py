"""Who could open an application at another time, why, and whether they did (R4, O1)."""

from __future__ import annotations

from datetime import datetime
from itertools import islice
from typing import Any, Final

from idp.admin import past_access
from idp.admin.past_access import Known, Reach, Stretch, Window
from idp.admin.permissions import Permission
from idp.api import paging
from idp.api.activity import Moment
from idp.api.models import Error, Model, Paged, moment, moment_or_none
from idp.api.operations import Call, Operation
from idp.api.problems import Problem, not_found
from idp.audit.counting import Opened
from idp.protocols import Services

_DAYS: Final = 30 * 86_400.0


class Times(Paged):
    """A time that is over."""

    since: Moment | None = None
    """From this moment on; left out: the 30 days before its end."""
    until: Moment | None = None
    """Before this moment; left out: until now."""


class Stay(Model):
    """A part of the time in which one rule decided."""

    since: datetime
    """From then"""
    until: datetime
    """until before then."""
    allowed: bool
    """Whether they could open it."""
    rule: str
    """What decided: everyone, person, group:…, not listed, ended, …"""
    reason: str
    """The same in a sentence."""
    since_may_be_earlier: bool
    """The beginning was seen and not made: it may have held before."""
    until_may_be_earlier: bool
    """The end was seen and not made: it may have ended before."""


class Openings(Model):
    """What is on record of their opening it in this time."""

    times: int
    """How often."""
    first: datetime | None
    """When first."""
    last: datetime | None
    """When last."""


class Reached(Model):
    """Somebody who could open it at some moment of the time."""

    person: str
    """Their id; also of somebody who was removed since."""
    username: str
    """What they signed in with then."""
    could: tuple[Stay, ...]
    """When, and by which rule."""
    opened: Openings
    """Whether they did."""


class AccessThen(Model):
    """One page of who could open an application."""

    name: str
    """The application's name."""
    since: datetime
    """The time as it is answered:"""
    until: datetime
    """never beyond now."""
    known_since: datetime | None
    """Before this moment nobody knows; null: all of the time is known."""
    openings_since: datetime | None
    """Before this moment no opening is on record any more; null: all of the time is."""
    items: tuple[Reached, ...]
    """By id."""
    next: str | None
    """`cursor` of the next page; null: this is the last one."""


class WhyThen(Model):
    """Why one person could open an application, or could not."""

    person: str
    """Their id."""
    username: str
    """What they signed in with then."""
    known_since: datetime | None
    """Before this moment nobody knows; null: all of the time is known."""
    parts: tuple[Stay, ...]
    """What decided in each part of the time, in order."""
    opened: Openings
    """Whether they did."""


class Between(Model):
    """A time that is over."""

    since: Moment | None = None
    """From this moment on; left out: the 30 days before its end."""
    until: Moment | None = None
    """Before this moment; left out: until now."""


def who(services: Services, call: Call) -> AccessThen:
    """GET /applications/<id>/access-history."""
    query: Times = call.query
    after, until = paging.place(services, call) or ("", None)
    about = _known(services, call, until)
    found = list(islice(past_access.who(services, call.actor, about, after), query.limit + 1))
    some = found[: query.limit]
    more = None
    if len(found) > query.limit:  # the end stays that of the first page, though time goes on
        more = paging.cursor(services, call, [some[-1].person_id, about.window.until])
    return AccessThen(
        name=about.name, since=moment(about.window.since), until=moment(about.window.until),
        known_since=moment_or_none(about.since), openings_since=moment_or_none(about.openings),
        items=tuple(map(_reached, some)), next=more,
    )  # fmt: skip


def why(services: Services, call: Call) -> WhyThen:
    """GET /applications/<id>/access-history/<person>."""
    about = _known(services, call, None)
    call.actor.check(Permission.PEOPLE_FIND)
    person_id = past_access.find_person(services, call.actor, call.path["person"])
    if person_id is None:
        raise Problem("not-found", "Nobody has, or had, this name or id.")
    username, parts, opened = past_access.why(services, call.actor, about, person_id)
    return WhyThen(
        person=person_id, username=username, known_since=moment_or_none(about.since),
        parts=tuple(map(_stay, parts)), opened=_opened(opened),
    )  # fmt: skip


def _known(services: Services, call: Call, end: float | None) -> Known:
    """The application in the time that is asked for, also one that was removed; of others' nothing is known (S59)."""
    client_id, query = call.path["id"], call.query
    permissions = (Permission.APPS_READ, Permission.ACTIVITY_READ)
    if not all(call.actor.may_app(one, client_id) for one in permissions):
        raise not_found("application")
    until = end if end is not None else query.until.timestamp() if query.until else services.clock()
    since = query.since.timestamp() if query.since else until - _DAYS
    if since >= until:
        detail = "is not after since"
        raise Problem("parameter", f"until: {detail}", errors=(Error(parameter="until", detail=detail),))
    try:
        return past_access.known(services, call.actor, client_id, Window(max(0.0, since), max(0.0, until)))
    except past_access.UnknownApp:
        raise not_found("application") from None


def _reached(one: Reach) -> Reached:
    return Reached(
        person=one.person_id, username=one.username, could=tuple(map(_stay, one.could)), opened=_opened(one.opened)
    )


def _stay(one: Stretch) -> Stay:
    return Stay(
        since=moment(one.since), until=moment(one.until), allowed=one.decision.allowed, rule=one.decision.rule,
        reason=one.decision.reason, since_may_be_earlier=one.since_seen, until_may_be_earlier=one.until_seen,
    )  # fmt: skip


def _opened(one: Opened) -> Openings:
    return Openings(times=one.times, first=moment_or_none(one.first), last=moment_or_none(one.last))


_COMMON: Final[dict[str, Any]] = {"method": "GET", "permission": Permission.APPS_READ, "tag": "Applications"}
_ONE: Final = "/applications/<id>/access-history"
OPERATIONS: Final = (
    Operation(
        **_COMMON, path=_ONE, id="listAccessHistory", handler=who, query=Times, gives=AccessThen,
        summary="Who could open an application in a time that is over, and whether they did",
    ),
    Operation(
        **_COMMON, path=f"{_ONE}/<person>", id="explainAccessHistory", handler=why, query=Between, gives=WhyThen,
        summary="Why one person could open it then, or could not; by id, or anything that they signed in with",
    ),
)  # fmt: skip
