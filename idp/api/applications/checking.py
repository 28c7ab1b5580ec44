"""The live check of an application: begun, its findings read, passed on by a link (R3)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final, Literal

from pydantic import Field

from clients.documents.address import in_path
from clients.errors import TooManyWatched
from idp.admin.checking import links, readers, report, running
from idp.admin.permissions import Permission
from idp.answers import finding as found
from idp.api.applications import finding
from idp.api.models import Model, moment, moment_or_none
from idp.api.operations import Answer, Call, Operation
from idp.api.problems import Problem
from idp.protocols import Services


class NewCheck(Model):
    """A live check to begin."""

    minutes: Annotated[int, Field(ge=1, le=running.MAX_MINUTES)] = running.MINUTES
    """For how long the application's requests are looked at."""


class Milestone(Model):
    """One thing that should happen."""

    kind: str
    """discovery, authorize, answered, token, jwks, userinfo, logout; of SAML saml_metadata, sso, answered, slo."""
    title: str
    """In a sentence."""
    state: Literal["ok", "wrong", "guessed", "missing"]
    """guessed: it came from somebody who did not say who they are."""
    at: datetime | None
    """When it happened last."""


class Fault(Model):
    """One thing to put right."""

    code: str
    """Names its kind, such as `redirect_uri_differs`."""
    side: Literal["application", "doorward", "person", "upstream", "nobody"]
    """Whose it is to put right."""
    field: str
    """Where."""
    fix: str
    """What to do."""
    expected: str
    """What would be right, where that can be said."""
    got: str
    """What came."""
    weight: Literal["wrong", "note"]
    """wrong: it keeps people from signing in, or will; note: worth a look."""


class CheckReport(Model):
    """What the latest check has found."""

    id: str | None
    """The check's id; null: there was none in the last day, and all else is empty."""
    running: bool
    """Whether requests are looked at now."""
    started_at: datetime | None
    """When it began."""
    ends_at: datetime | None
    """When it ends, or ended."""
    milestones: tuple[Milestone, ...]
    """How far the application came, in order."""
    findings: tuple[Fault, ...]
    """What is wrong first, each once."""
    mended: tuple[Fault, ...]
    """What a later request did not have any more."""
    link_until: datetime | None
    """When the link to it ends; null: there is none."""


class CheckLink(Model):
    """The findings for whoever runs the application and has no account here."""

    url: str
    """The link, shown this once; a new one ends the one before."""
    until: datetime
    """When it ends."""


def show(services: Services, call: Call) -> CheckReport:
    """GET /applications/<id>/check."""
    client = finding.get(services, call)
    link, seen = links.find(services, client.id), report.of(services, client)
    until = moment_or_none(link.until) if link is not None else None
    if seen is None:
        return CheckReport(
            id=None, running=False, started_at=None, ends_at=None, milestones=(), findings=(), mended=(),
            link_until=until,
        )  # fmt: skip
    seen = readers.seen_by(seen, readers.reader_of(call.actor), client)
    return CheckReport(
        id=seen.check.id, running=seen.is_running, started_at=moment(seen.check.started_at),
        ends_at=moment(seen.check.ends_at), link_until=until,
        milestones=tuple(
            Milestone(kind=one.kind, title=str(one.title), state=one.state, at=moment_or_none(one.at))
            for one in seen.milestones
        ),
        findings=tuple(map(_fault, seen.findings)), mended=tuple(map(_fault, seen.mended)),
    )  # fmt: skip


def start(services: Services, call: Call) -> Answer:
    """POST /applications/<id>/check."""
    client = finding.get(services, call, Permission.APPS_CHANGE)
    try:
        running.start(services, call.actor, client, call.body.minutes)
    except TooManyWatched:
        detail = "Too many checks run at this moment. Try later."
        raise Problem("conflict", detail, headers=(("Retry-After", "60"),)) from None
    except running.BegunJustNow:
        detail = "A check of this application began less than half a minute ago."
        raise Problem("conflict", detail, headers=(("Retry-After", f"{running.PAUSE:.0f}"),)) from None
    return Answer(value=show(services, call), location=f"/applications/{in_path(client.id)}/check")


def stop(services: Services, call: Call) -> None:
    """DELETE /applications/<id>/check."""
    running.stop(services, call.actor, finding.get(services, call, Permission.APPS_CHANGE))


def share(services: Services, call: Call) -> Answer:
    """POST /applications/<id>/check/link."""
    client = finding.get(services, call, Permission.APPS_CHANGE)
    secret = links.share(services, call.actor, client)
    made = CheckLink(url=services.url(f"/app-check/{secret}"), until=moment(services.clock() + links.LIVES))
    return Answer(value=made, location=f"/applications/{in_path(client.id)}/check")


def unshare(services: Services, call: Call) -> None:
    """DELETE /applications/<id>/check/link."""
    links.withdraw(services, call.actor, finding.get(services, call, Permission.APPS_CHANGE))


def _fault(one: found.Finding) -> Fault:
    return Fault(
        code=one.code, side=one.side, field=one.field, fix=str(one.fix), expected=str(one.expected), got=str(one.got),
        weight=one.weight,
    )  # fmt: skip


_TAG: Final = "Applications"
_ONE: Final = "/applications/<id>/check"
OPERATIONS: Final = (
    Operation(
        method="GET", path=_ONE, id="getCheck", permission=Permission.APPS_READ, tag=_TAG,
        summary="What the latest live check has found: side, field, fix", handler=show, gives=CheckReport,
    ),
    Operation(
        method="POST", path=_ONE, id="startCheck", permission=Permission.APPS_CHANGE, tag=_TAG,
        summary="Look at the application's requests from now on; a check before is forgotten", handler=start,
        takes=NewCheck, gives=CheckReport, status=201, creates=True, examples={"a quarter of an hour": {}},
    ),
    Operation(
        method="DELETE", path=_ONE, id="stopCheck", permission=Permission.APPS_CHANGE, tag=_TAG,
        summary="End it now; what was found can be read for a day", handler=stop,
    ),
    Operation(
        method="POST", path=f"{_ONE}/link", id="shareCheck", permission=Permission.APPS_CHANGE, tag=_TAG,
        summary="A link to the findings that needs no account, for a day", handler=share, gives=CheckLink, status=201,
        creates=True,
    ),
    Operation(
        method="DELETE", path=f"{_ONE}/link", id="unshareCheck", permission=Permission.APPS_CHANGE, tag=_TAG,
        summary="End the link now", handler=unshare,
    ),
)  # fmt: skip
