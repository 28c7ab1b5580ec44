"""What each row about an application that people are written to does: set up, changed, sent again, let go (Y2)."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from clients.documents.address import in_path
from idp.admin import managed, provisioning
from idp.admin.permissions import Permission
from idp.admin.provisioning import Shown, Standing
from idp.api import editions, paging, problems
from idp.api.applications import finding
from idp.api.applications.changing import merged
from idp.api.models import moment, moment_or_none
from idp.api.operations import Answer, Call
from idp.api.problems import Problem, not_found
from idp.api.provisioning import models as m
from idp.protocols import Services
from idp.provisioning import keeping
from idp.provisioning.checking import InvalidTarget
from idp.provisioning.target import Said, said_of

#: What a body says that is no part of what is said of a target.
_BESIDE = frozenset(("secret", "on"))


def listed(services: Services, call: Call) -> m.Targets:
    """GET /provisioning."""
    found = provisioning.list_of(services, call.actor)
    return m.Targets(items=tuple(_told(services, one) for one in found))


def get(services: Services, call: Call) -> Answer:
    """GET /applications/<id>/provisioning."""
    return _answered(services, get_standing(services, call))


def add(services: Services, call: Call) -> Answer:
    """POST /applications/<id>/provisioning."""
    client, body = finding.get(services, call, Permission.APPS_SECRETS), call.body
    assert isinstance(body, m.NewTarget)
    with placed():
        made = provisioning.add(services, call.actor, client, _said(body), body.secret, on=body.on)
    told = _answered(services, made)
    return Answer(value=told.value, etag=told.etag, location=f"/applications/{in_path(client.id)}/provisioning")


def patch(services: Services, call: Call) -> Answer:
    """PATCH /applications/<id>/provisioning."""
    standing, body = get_standing(services, call, Permission.APPS_SECRETS), call.body
    assert isinstance(body, m.TargetPatch)
    seen = editions.check(call, standing.edition)
    given = {name: getattr(body, name) for name in body.model_fields_set - _BESIDE}
    secret = body.secret if "secret" in body.model_fields_set else None

    def how(before: Said) -> Said:
        return said_of(merged(before.to_json(), given))

    with placed():
        client_id = standing.target.client_id
        changed = provisioning.change(services, call.actor, client_id, how, secret, seen=seen or "")
    return _answered(services, changed)


def remove(services: Services, call: Call) -> None:
    """DELETE /applications/<id>/provisioning."""
    standing = get_standing(services, call, Permission.APPS_SECRETS)
    seen = editions.check(call, standing.edition)
    with placed():
        provisioning.remove(services, call.actor, standing.target.client_id, seen=seen or "")


def turn_on(services: Services, call: Call) -> Answer:
    """POST /applications/<id>/provisioning/enable."""
    return _turned(services, call, on=True)


def turn_off(services: Services, call: Call) -> Answer:
    """POST /applications/<id>/provisioning/disable."""
    return _turned(services, call, on=False)


def written(services: Services, call: Call) -> m.WrittenPage:
    """GET /applications/<id>/provisioning/objects."""
    client, query = finding.get(services, call), call.query
    assert isinstance(query, m.Which)
    after = paging.place(services, call) or ""
    found = provisioning.page(
        services, call.actor, client.id, query.kind, query.state or "", after, query.limit + 1
    )  # fmt: skip
    shown = found[: query.limit]
    more = paging.cursor(services, call, shown[-1].object.local_id) if len(found) > query.limit else None
    return m.WrittenPage(items=tuple(map(_written, shown)), next=more)


def one_written(services: Services, call: Call) -> m.Written:
    """GET /applications/<id>/provisioning/<kind>/<object>."""
    client = finding.get(services, call)
    try:
        return _written(
            provisioning.find_object(services, call.actor, client.id, call.path["kind"], call.path["object"])
        )
    except provisioning.UnknownObject:
        raise not_found("person or group at this target") from None


def send(services: Services, call: Call) -> Answer:
    """POST /applications/<id>/provisioning/send."""
    client, body = finding.get(services, call, Permission.APPS_CHANGE), call.body
    assert isinstance(body, m.Send)
    with placed():
        if body.what == "all":
            provisioning.send_all(services, call.actor, client.id)
        else:
            provisioning.retry_failed(services, call.actor, client.id)
    return get(services, call)


def release(services: Services, call: Call) -> Answer:
    """POST /applications/<id>/provisioning/release."""
    client, body = finding.get(services, call, Permission.APPS_SECRETS), call.body
    assert isinstance(body, m.Release)
    try:
        return _answered(services, provisioning.release(services, call.actor, client.id, body.many))
    except keeping.UnknownTarget:
        raise not_found("target of provisioning") from None
    except keeping.NotBraked:
        raise Problem("conflict", "The brake holds nothing here.") from None
    except keeping.ChangedMeanwhile:
        raise Problem("conflict", "The brake tells another number by now: read it again.") from None


def again(services: Services, call: Call) -> m.Written:
    """POST /applications/<id>/provisioning/<kind>/<object>/retry."""
    client, kind, object = finding.get(services, call, Permission.APPS_CHANGE), call.path["kind"], call.path["object"]
    try:
        provisioning.retry(services, call.actor, client.id, kind, object)
        return _written(provisioning.find_object(services, call.actor, client.id, kind, object))
    except (keeping.UnknownTarget, provisioning.UnknownObject):
        raise not_found("person or group at this target") from None


def get_standing(services: Services, call: Call, permission: Permission = Permission.APPS_READ) -> Standing:
    """The target of the path. Errors: `Problem` (404), `NotAllowed`."""
    client = finding.get(services, call, permission)
    standing = provisioning.find(services, call.actor, client.id)
    if standing is None:
        raise not_found("target of provisioning")
    return standing


@contextlib.contextmanager
def placed() -> Iterator[None]:
    """What the verbs say no with, by its place in the body. Errors: `Problem`."""
    try:
        yield
    except InvalidTarget as error:
        raise problems.wrong(error.field, error.message) from None
    except keeping.UnknownTarget:
        raise not_found("target of provisioning") from None
    except keeping.TargetThere:
        raise Problem("conflict", "People are written to this application already: change that one.") from None
    except keeping.TooMany:
        detail = f"There are {keeping.MOST} targets, as many as there may be: remove one that is not needed any more."
        raise Problem("conflict", detail) from None
    except keeping.ChangedMeanwhile:
        raise Problem("changed", "It is another edition by now. Read it again.") from None


# -- below -----------------------------------------------------------------------------------------------------------


def _turned(services: Services, call: Call, *, on: bool) -> Answer:
    standing = get_standing(services, call, Permission.APPS_SECRETS)
    try:
        with placed():
            return _answered(services, provisioning.turn(services, call.actor, standing.target.client_id, on=on))
    except Problem as problem:
        if problem.kind == "invalid":  # there is no body that it could be wrong in
            raise Problem("conflict", problem.detail) from None
        raise


def _said(body: m.NewTarget) -> Said:
    return said_of({name: getattr(body, name) for name in type(body).model_fields if name not in _BESIDE})


def _answered(services: Services, standing: Standing) -> Answer:
    return Answer(value=_told(services, standing), etag=standing.edition)


def _told(services: Services, standing: Standing) -> m.Target:
    target, said = standing.target, standing.target.said
    return m.Target(
        application_id=target.client_id, url=said.url, token_url=said.token_url, token_client=said.token_client,
        token_scope=said.token_scope, state=target.state, reason=target.reason, braked=target.braked,
        retry_at=moment_or_none(target.retry_at or None), failures=target.failures, off=said.off, groups=said.groups,
        only=said.only, adopts=said.adopts, brake=said.brake, brake_share=said.brake_share,
        mapping=dict(said.mapping), left=standing.left,
        counts=m.Counts(user=standing.counts["user"], group=standing.counts["group"]),
        managed_by=managed.manager_of(services, provisioning.KIND, target.client_id) or None,
        changed_at=moment(target.changed_at),
    )  # fmt: skip


def _written(shown: Shown) -> m.Written:
    one: Any = shown.object
    return m.Written(
        kind=one.kind, id=one.local_id, name=shown.name, remote_id=one.remote_id or None, state=one.state,
        problem=one.problem, tries=one.tries, status=one.status or None, request=one.request, answer=one.answer,
        at=moment_or_none(one.at or None), due=moment_or_none(one.due),
    )  # fmt: skip
