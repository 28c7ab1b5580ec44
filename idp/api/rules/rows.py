"""The rows of the sign-in rules."""

from __future__ import annotations

from typing import Final

from idp.admin.permissions import Permission
from idp.api.models import Paged
from idp.api.operations import Operation
from idp.api.rules import answering as a
from idp.api.rules import models as m

_TAG: Final = "Sign-in rules"
_ALL: Final = "/sign-in-rules"
_ONE: Final = f"{_ALL}/<id>"
_READ, _CHANGE = Permission.RULES_READ, Permission.RULES_CHANGE

OPERATIONS: Final = (
    Operation(
        method="GET", path=_ALL, id="listSignInRules", permission=_READ, tag=_TAG,
        summary="Every rule, those of the settings file first", handler=a.listed, gives=m.Rules,
    ),
    Operation(
        method="POST", path=_ALL, id="addSignInRule", permission=_CHANGE, tag=_TAG, summary="One more, at the end",
        handler=a.add, takes=m.NewRule, gives=m.Rule, status=201, creates=True, made="#/id",
        examples={"a second factor": {"name": "Admins", "need": "second", "roles": ["admin"], "grace_days": 14}},
    ),
    Operation(
        method="GET", path=_ONE, id="getSignInRule", permission=_READ, tag=_TAG, summary="A rule", handler=a.get,
        gives=m.Rule, problems=(409,),
    ),
    Operation(
        method="PATCH", path=_ONE, id="changeSignInRule", permission=_CHANGE, tag=_TAG,
        summary="Change what is named, and nothing else", handler=a.patch, takes=m.RulePatch, gives=m.Rule,
        guarded=True, merges=True, problems=(409,), examples={"later": {"starts": "2027-01-01"}},
    ),
    Operation(
        method="POST", path=f"{_ONE}/enable", id="enableSignInRule", permission=_CHANGE, tag=_TAG,
        summary="Turn it on again", handler=a.turn_on, gives=m.Rule, problems=(409,),
    ),
    Operation(
        method="POST", path=f"{_ONE}/disable", id="disableSignInRule", permission=_CHANGE, tag=_TAG,
        summary="Turn it off; it stays where it is", handler=a.turn_off, gives=m.Rule, problems=(409,),
    ),
    Operation(
        method="PUT", path=f"{_ALL}/order", id="orderSignInRules", permission=_CHANGE, tag=_TAG,
        summary="Put the rules in another order, for the edition of their list", handler=a.put_in_order, takes=m.Order,
        gives=m.Rules, guarded=True, examples={"as they stand": {"ids": []}},
    ),
    Operation(
        method="DELETE", path=_ONE, id="removeSignInRule", permission=_CHANGE, tag=_TAG,
        summary="Remove it; it can be restored for 30 days", handler=a.remove, guarded=True, problems=(409,),
    ),
    Operation(
        method="POST", path=f"{_ONE}/restore", id="restoreSignInRule", permission=_CHANGE, tag=_TAG,
        summary="Bring a removed one back as it was", handler=a.restore, gives=m.Rule, problems=(409, 422),
    ),
    Operation(
        method="POST", path=f"{_ALL}/effects", id="askSignInRuleEffects", permission=_CHANGE, tag=_TAG,
        summary="What a change would do to people, in numbers; nothing is changed", handler=a.effects,
        takes=m.Question, gives=m.Effects, problems=(409,),
        examples={"a new one": {"rule": {"name": "Everybody", "need": "second"}}},
    ),
    Operation(
        method="POST", path=f"{_ALL}/simulation", id="simulateSignIn", permission=_READ, tag=_TAG,
        summary="This person, this application, from there: what would happen, and by which rule", handler=a.simulate,
        takes=m.Situation, gives=m.Simulation, examples={"from home": {"person": "ann", "address": "192.0.2.7"}},
    ),
    Operation(
        method="GET", path=f"{_ALL}/history", id="listSignInRuleChanges", permission=_READ, tag=_TAG,
        summary="Who changed which rule", handler=a.changes, query=Paged, gives=m.Changes,
    ),
    Operation(
        method="POST", path=f"{_ALL}/history/<change>/undo", id="undoSignInRuleChange", permission=_CHANGE, tag=_TAG,
        summary="Put back what a change replaced", handler=a.undo, gives=m.Rules, problems=(409, 412, 422),
    ),
)  # fmt: skip
