"""People who are written to an application, by the API: how each stands, what it answered, sent again (Y2)."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, Literal

from idp.admin import provisioning
from idp.admin.permissions import Permission
from idp.admin.provisioning import Shown, Standing
from idp.api import paging
from idp.api.applications import finding
from idp.api.models import Model, Paged, moment_or_none
from idp.api.operations import Call, Operation
from idp.api.problems import Problem, not_found
from idp.protocols import Services
from idp.provisioning.keeping import ChangedMeanwhile, NotBraked, UnknownTarget

State = Literal["waiting", "done", "off", "gone", "left", "failed", "refused"]
Kind = Literal["user", "group"]


class Counts(Model):
    """How many are in each state."""

    user: dict[str, int]
    """People, by state."""
    group: dict[str, int]
    """Groups, by state."""


class Target(Model):
    """An application that people and groups are written to by SCIM; no secret of it."""

    url: str
    """Its SCIM address."""
    state: Literal["on", "off", "stopped"]
    """stopped: it does not take our credentials, or the brake holds it."""
    reason: str
    """Why it was stopped; empty where it was not."""
    braked: int
    """How many people or groups would have been ended there as the brake stopped it; 0: it has not."""
    retry_at: datetime | None
    """Before that nothing is sent: it asked for time, or did not answer."""
    off: Literal["disable", "delete", "nothing"]
    """What becomes there of whoever may not open it any more."""
    groups: Literal["groups", "entitlements", "no"]
    """How groups are told."""
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
    state: State | None = None
    """Only those in this state."""


class Release(Model):
    """How many may end there."""

    many: int
    """As many as `braked` tells: where it is another number by now, nothing is done."""


class Send(Model):
    """What to send."""

    what: Literal["all", "failed"] = "failed"
    """Everybody, anew; or what failed and was refused."""


def get(services: Services, call: Call) -> Target:
    """GET /applications/<id>/provisioning."""
    client = finding.get(services, call)
    standing = provisioning.find(services, call.actor, client.id)
    if standing is None:
        raise not_found("target of provisioning")
    return _told(standing)


def written(services: Services, call: Call) -> WrittenPage:
    """GET /applications/<id>/provisioning/objects."""
    client, query = finding.get(services, call), call.query
    assert isinstance(query, Which)
    after = paging.place(services, call) or ""
    found = provisioning.page(
        services, call.actor, client.id, query.kind, query.state or "", after, query.limit + 1
    )  # fmt: skip
    shown = found[: query.limit]
    more = paging.cursor(services, call, shown[-1].object.local_id) if len(found) > query.limit else None
    return WrittenPage(items=tuple(map(_written, shown)), next=more)


def send(services: Services, call: Call) -> Target:
    """POST /applications/<id>/provisioning/send."""
    client, body = finding.get(services, call, Permission.APPS_CHANGE), call.body
    assert isinstance(body, Send)
    try:
        if body.what == "all":
            provisioning.send_all(services, call.actor, client.id)
        else:
            provisioning.retry_failed(services, call.actor, client.id)
    except UnknownTarget:
        raise not_found("target of provisioning") from None
    return get(services, call)


def release(services: Services, call: Call) -> Target:
    """POST /applications/<id>/provisioning/release."""
    client, body = finding.get(services, call, Permission.APPS_SECRETS), call.body
    assert isinstance(body, Release)
    try:
        provisioning.release(services, call.actor, client.id, body.many)
    except UnknownTarget:
        raise not_found("target of provisioning") from None
    except NotBraked:
        raise Problem("conflict", "The brake holds nothing here.") from None
    except ChangedMeanwhile:
        raise Problem("conflict", "The brake tells another number by now: read it again.") from None
    return get(services, call)


def again(services: Services, call: Call) -> Written:
    """POST /applications/<id>/provisioning/<kind>/<object>/retry."""
    client, kind, object = finding.get(services, call, Permission.APPS_CHANGE), call.path["kind"], call.path["object"]
    try:
        provisioning.retry(services, call.actor, client.id, kind, object)
        return _written(provisioning.find_object(services, call.actor, client.id, kind, object))
    except (UnknownTarget, provisioning.UnknownObject):
        raise not_found("person or group at this target") from None


def _told(standing: Standing) -> Target:
    target, said = standing.target, standing.target.said
    return Target(
        url=said.url, state=target.state, reason=target.reason, braked=target.braked,
        retry_at=moment_or_none(target.retry_at or None), off=said.off, groups=said.groups, adopts=said.adopts,
        brake=said.brake, brake_share=said.brake_share,
        mapping=dict(said.mapping), left=standing.left,
        counts=Counts(user=standing.counts["user"], group=standing.counts["group"]),
    )  # fmt: skip


def _written(shown: Shown) -> Written:
    one: Any = shown.object
    return Written(
        kind=one.kind, id=one.local_id, name=shown.name, remote_id=one.remote_id or None, state=one.state,
        problem=one.problem, status=one.status or None, request=one.request, answer=one.answer,
        at=moment_or_none(one.at or None), due=moment_or_none(one.due),
    )  # fmt: skip


_TAG: Final = "Provisioning"
_ONE: Final = "/applications/<id>/provisioning"

OPERATIONS: Final = (
    Operation(
        method="GET", path=_ONE, id="getProvisioning", permission=Permission.APPS_READ, tag=_TAG,
        summary="How people are written to an application", handler=get, gives=Target,
    ),
    Operation(
        method="GET", path=f"{_ONE}/objects", id="listProvisioned", permission=Permission.APPS_READ, tag=_TAG,
        summary="Each person or group there, with what was answered", handler=written, query=Which, gives=WrittenPage,
    ),
    Operation(
        method="POST", path=f"{_ONE}/send", id="sendProvisioning", permission=Permission.APPS_CHANGE, tag=_TAG,
        summary="Send everybody anew, or what failed", handler=send, takes=Send, gives=Target,
        examples={"failed": {"what": "failed"}},
    ),
    Operation(
        method="POST", path=f"{_ONE}/release", id="releaseProvisioning", permission=Permission.PEOPLE_CREATE, tag=_TAG,
        summary="Let those end there whom the brake has held", handler=release, takes=Release, gives=Target,
        examples={"many": {"many": 412}}, problems=(409,),
    ),
    Operation(
        method="POST", path=f"{_ONE}/<kind>/<object>/retry", id="retryProvisioned", permission=Permission.APPS_CHANGE,
        tag=_TAG, summary="Try one person (user) or group again now", handler=again, gives=Written,
    ),
)  # fmt: skip
