"""What is looked at of a target and changed by nobody: the connection, a dry run, the drift (Y2)."""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

from idp.admin import provisioning
from idp.admin.permissions import Permission
from idp.api import paging
from idp.api.models import Paged
from idp.api.operations import Call
from idp.api.problems import Problem
from idp.api.provisioning import models as m
from idp.api.provisioning.targets import get_standing, placed
from idp.protocols import Services
from idp.provisioning import judging
from idp.provisioning.calling import Unreached
from idp.provisioning.drifting import Part
from idp.provisioning.objects import Kind
from idp.provisioning.tokens import NoToken
from keys.sealing import BrokenSeal

SECONDS: Final = 8.0  # that a caller waits; the command looks at all of it
MOST: Final = 1000  # lines of a dry run


def test(services: Services, call: Call) -> m.TargetTest:
    """POST /applications/<id>/provisioning/test."""
    standing = get_standing(services, call, Permission.APPS_CHANGE)
    with placed():
        found = provisioning.test(services, call.actor, standing.target.client_id)
    tried = tuple(m.Tried(what=one.what, ok=not one.problem, problem=one.problem) for one in found)
    return m.TargetTest(ok=all(one.ok for one in tried), found=tried)


def dry_run(services: Services, call: Call) -> m.DryRun:
    """GET /applications/<id>/provisioning/dry-run."""
    client_id = get_standing(services, call).target.client_id
    until, over = services.clock() + SECONDS, []

    def is_over() -> bool:
        if services.clock() >= until:
            over.append(True)
        return bool(over)

    with placed():
        found = list(provisioning.foresee(services, call.actor, client_id, is_over))
        brake = provisioning.foresee_brake(services, call.actor, client_id, found)
    would = tuple(
        m.Would(what=one.what, kind=one.kind, id=one.local_id, name=one.name, attributes=one.attributes)
        for one in found[:MOST]
    )  # fmt: skip
    held = None if brake is None else m.Brake(
        many=brake.many, before=brake.before, there=brake.there, most=brake.most
    )  # fmt: skip
    return m.DryRun(would=would, counts=dict(Counter(one.what for one in found)), brake=held, whole=not over)


def drift(services: Services, call: Call) -> m.Drift:
    """GET /applications/<id>/provisioning/drift."""
    client_id, query = get_standing(services, call, Permission.APPS_SECRETS).target.client_id, call.query
    assert isinstance(query, Paged)
    kind, after = paging.place(services, call) or ("user", "")
    part = _part(services, call, client_id, ("group" if kind == "group" else "user", after))
    items = tuple(
        m.Different(
            kind=one.kind, id=one.local_id, name=one.name, attributes=one.attributes, missing=one.missing,
            open=one.is_open,
        )
        for one in part.found
    )  # fmt: skip
    more = None if part.next is None else paging.cursor(services, call, list(part.next))
    return m.Drift(items=items, looked=part.looked, next=more)


def _part(services: Services, call: Call, client_id: str, behind: tuple[Kind, str]) -> Part:
    query: Any = call.query
    try:
        with placed():
            return provisioning.drift_part(services, call.actor, client_id, behind, SECONDS, query.limit)
    except (judging.Busy, judging.Refused, judging.Stopped, judging.TryAgain, Unreached, NoToken) as error:
        detail = f"It does not answer as it should: {error}. Test it, and see what is wrong there."
    except BrokenSeal:
        detail = "The secret that is kept cannot be opened: give it anew."
    raise Problem("conflict", detail)
