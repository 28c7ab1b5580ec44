"""The rows of provisioning."""

from __future__ import annotations

from typing import Final

from idp.admin.permissions import Permission
from idp.api.models import Paged
from idp.api.operations import Operation
from idp.api.provisioning import looks, targets, writers
from idp.api.provisioning import models as m

_TAG: Final = "Provisioning"
_ONE: Final = "/applications/<id>/provisioning"
_READ, _CHANGE = Permission.APPS_READ, Permission.APPS_CHANGE
#: Whoever says where people are written to has all of them told there: for those who make people themselves, too.
_SAY: Final = Permission.PEOPLE_CREATE
_NEW: Final = {"url": "https://app.example.com/scim/v2", "secret": "token-of-the-app", "on": False}

OPERATIONS: Final = (
    Operation(
        method="GET", path="/provisioning", id="listProvisioning", permission=_READ, tag=_TAG,
        summary="Every application that people are written to", handler=targets.listed, gives=m.Targets,
    ),
    Operation(
        method="POST", path=_ONE, id="addProvisioning", permission=_SAY, tag=_TAG,
        summary="Write people to an application, at once or once it is enabled", handler=targets.add,
        takes=m.NewTarget, gives=m.Target, status=201, creates=True, examples={"look first": _NEW},
    ),
    Operation(
        method="GET", path=_ONE, id="getProvisioning", permission=_READ, tag=_TAG,
        summary="How people are written to an application", handler=targets.get, gives=m.Target,
    ),
    Operation(
        method="PATCH", path=_ONE, id="changeProvisioning", permission=_SAY, tag=_TAG,
        summary="Change what is named, and nothing else; everybody is looked at anew", handler=targets.patch,
        takes=m.TargetPatch, gives=m.Target, guarded=True, merges=True,
        examples={"an attribute": {"mapping": {"title": "title"}}},
    ),
    Operation(
        method="DELETE", path=_ONE, id="removeProvisioning", permission=_SAY, tag=_TAG,
        summary="Write there no more; what is there stays there", handler=targets.remove, guarded=True,
    ),
    Operation(
        method="POST", path=f"{_ONE}/enable", id="enableProvisioning", permission=_SAY, tag=_TAG,
        summary="Write there, and try again what was refused", handler=targets.turn_on, gives=m.Target, problems=(409,),
    ),
    Operation(
        method="POST", path=f"{_ONE}/disable", id="disableProvisioning", permission=_SAY, tag=_TAG,
        summary="Send nothing; what changes meanwhile is sent later", handler=targets.turn_off, gives=m.Target,
    ),
    Operation(
        method="POST", path=f"{_ONE}/test", id="testProvisioning", permission=_CHANGE, tag=_TAG,
        summary="Whether it answers, and what it can do; nothing is changed", handler=looks.test, gives=m.TargetTest,
    ),
    Operation(
        method="GET", path=f"{_ONE}/dry-run", id="foreseeProvisioning", permission=_READ, tag=_TAG,
        summary="What would be sent now; nothing is asked", handler=looks.dry_run, gives=m.DryRun,
    ),
    Operation(
        method="GET", path=f"{_ONE}/drift", id="listProvisioningDrift", permission=_SAY, tag=_TAG,
        summary="What is different there, each read there; nothing is changed", handler=looks.drift, query=Paged,
        gives=m.Drift, problems=(409,),
    ),
    Operation(
        method="GET", path=f"{_ONE}/objects", id="listProvisioned", permission=_READ, tag=_TAG,
        summary="Each person or group there, with what was answered", handler=targets.written, query=m.Which,
        gives=m.WrittenPage,
    ),
    Operation(
        method="POST", path=f"{_ONE}/send", id="sendProvisioning", permission=_CHANGE, tag=_TAG,
        summary="Send everybody anew, or what failed", handler=targets.send, takes=m.Send, gives=m.Target,
        examples={"failed": {"what": "failed"}},
    ),
    Operation(
        method="POST", path=f"{_ONE}/release", id="releaseProvisioning", permission=_SAY, tag=_TAG,
        summary="Let those end there whom the brake has held", handler=targets.release, takes=m.Release,
        gives=m.Target, examples={"many": {"many": 412}}, problems=(409,),
    ),
    Operation(
        method="GET", path=f"{_ONE}/<kind>/<object>", id="getProvisioned", permission=_READ, tag=_TAG,
        summary="One person (user) or group there: what was sent last, and what it answered",
        handler=targets.one_written, gives=m.Written,
    ),
    Operation(
        method="POST", path=f"{_ONE}/<kind>/<object>/retry", id="retryProvisioned", permission=_CHANGE, tag=_TAG,
        summary="Try one person (user) or group again now", handler=targets.again, gives=m.Written,
    ),
    *writers.OPERATIONS,
)  # fmt: skip
