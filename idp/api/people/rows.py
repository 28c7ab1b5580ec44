"""The rows of people."""

from __future__ import annotations

from typing import Final

from idp.admin.permissions import Permission
from idp.api.models import Paged
from idp.api.operations import Operation
from idp.api.people import changing, finding, helping, rights, turning_off
from idp.api.people import models as m

_TAG: Final = "People"
_ONE: Final = "/people/<id>"
_BECAUSE: Final = {"reason": "lost phone, known by voice, case C-59VST-5V34C"}

_READING: Final = (
    Operation(
        method="GET", path="/people", id="listPeople", permission=Permission.PEOPLE_READ, tag=_TAG,
        summary="Find people", handler=finding.search, query=m.Search, gives=m.People,
    ),
    Operation(
        method="GET", path=_ONE, id="getPerson", permission=Permission.PEOPLE_READ, tag=_TAG,
        summary="A person, and how they stand", handler=finding.show, gives=m.Person,
    ),
    Operation(
        method="GET", path=f"{_ONE}/history", id="listPersonHistory", permission=Permission.PEOPLE_READ, tag=_TAG,
        summary="Who changed what of them", handler=turning_off.history, query=Paged, gives=m.History,
    ),
    Operation(
        method="POST", path=f"{_ONE}/history/<change>/undo", id="undoPersonChange", permission=Permission.PEOPLE_CHANGE,
        tag=_TAG, summary="Put back what a change replaced", handler=turning_off.undo, gives=m.Person,
        problems=(409, 412),
    ),
    Operation(
        method="GET", path=f"{_ONE}/factors", id="listFactors", permission=Permission.PEOPLE_READ, tag=_TAG,
        summary="What they sign in with", handler=helping.list_factors, gives=m.Factors,
    ),
    Operation(
        method="GET", path=f"{_ONE}/sessions", id="listSessions", permission=Permission.PEOPLE_READ, tag=_TAG,
        summary="Where they are signed in", handler=helping.list_sessions, gives=m.Sessions,
    ),
    Operation(
        method="GET", path=f"{_ONE}/evidence", id="getEvidence", permission=Permission.PEOPLE_READ, tag=_TAG,
        summary="That they were turned off, and what each application said to it", handler=turning_off.evidence,
        gives=m.Evidence,
    ),
    Operation(
        method="GET", path=f"{_ONE}/roles", id="listRoles", permission=Permission.PEOPLE_READ, tag=_TAG,
        summary="Their roles, with limits and ends", handler=rights.show, gives=m.Roles,
    ),
)  # fmt: skip

_CHANGING: Final = (
    Operation(
        method="POST", path="/people", id="addPerson", permission=Permission.PEOPLE_CREATE, tag=_TAG,
        summary="Add somebody, and invite them", handler=changing.add, takes=m.NewPerson, gives=m.Added, status=201,
        creates=True, examples={"invited": {"username": "bea", "name": "Bea Brown", "email": "bea@example.com"}},
    ),
    Operation(
        method="PATCH", path=_ONE, id="correctPerson", permission=Permission.PEOPLE_CHANGE, tag=_TAG,
        summary="Correct what is named, and nothing else", handler=changing.patch, takes=m.PersonPatch,
        gives=m.Corrected, guarded=True, merges=True, examples={"name": {"name": "Bea Black"}},
    ),
    Operation(
        method="PUT", path=f"{_ONE}/groups", id="setGroups", permission=Permission.PEOPLE_CHANGE, tag=_TAG,
        summary="Say which groups they are in; the edition is the person's", handler=changing.put_groups,
        takes=m.Membership, gives=m.Person, guarded=True, examples={"none": {"groups": []}},
    ),
    Operation(
        method="GET", path=f"{_ONE}/data", id="exportPerson", permission=Permission.PEOPLE_REMOVE, tag=_TAG,
        summary="All that is held of them, without secrets", handler=changing.export, gives=m.PersonalData,
    ),
    Operation(
        method="DELETE", path=_ONE, id="removePerson", permission=Permission.PEOPLE_REMOVE, tag=_TAG,
        summary="Take them away for good", handler=changing.remove, guarded=True, problems=(409,),
    ),
    Operation(
        method="POST", path=f"{_ONE}/disable", id="disablePerson", permission=Permission.PEOPLE_TURN_OFF, tag=_TAG,
        summary="Turn them off: what they have open ends, and every application is told", handler=turning_off.disable,
        gives=m.Evidence, problems=(409,),
    ),
    Operation(
        method="POST", path=f"{_ONE}/enable", id="enablePerson", permission=Permission.PEOPLE_TURN_OFF, tag=_TAG,
        summary="Let them in again", handler=turning_off.enable, gives=m.Person,
    ),
    Operation(
        method="PUT", path=f"{_ONE}/roles/<role>", id="giveRole", permission=Permission.ROLES_GRANT, tag=_TAG,
        summary="Give them a role, or change its limits; the edition is that of their roles", handler=rights.put,
        takes=m.NewGrant, gives=m.Roles, guarded=True, examples={"all": {}},
    ),
    Operation(
        method="DELETE", path=f"{_ONE}/roles/<role>", id="takeRole", permission=Permission.ROLES_GRANT, tag=_TAG,
        summary="Take a role back", handler=rights.take, gives=m.Roles, problems=(409,),
    ),
)  # fmt: skip

_HELPING: Final = (
    Operation(
        method="POST", path=f"{_ONE}/unlock", id="unlockPerson", permission=Permission.PEOPLE_HELP, tag=_TAG,
        summary="End the pause after wrong passwords and codes", handler=helping.unlock, takes=m.Because,
        gives=m.Person, examples={"known": _BECAUSE},
    ),
    Operation(
        method="POST", path=f"{_ONE}/reset-link", id="mailResetLink", permission=Permission.PEOPLE_HELP, tag=_TAG,
        summary="Mail them a link to set a password", handler=helping.mail_link, takes=m.Because, gives=m.Mailed,
        problems=(409,), examples={"known": _BECAUSE},
    ),
    Operation(
        method="POST", path=f"{_ONE}/invitation", id="inviteAgain", permission=Permission.PEOPLE_HELP, tag=_TAG,
        summary="Mail the invitation once more", handler=helping.invite, gives=m.Mailed, problems=(409,),
    ),
    Operation(
        method="DELETE", path=f"{_ONE}/invitation", id="withdrawInvitation", permission=Permission.PEOPLE_HELP,
        tag=_TAG, summary="No link of theirs opens anything, until they are invited again; fine where it is so",
        handler=helping.withdraw_invitation, problems=(409,),
    ),
    Operation(
        method="POST", path=f"{_ONE}/code", id="issueCode", permission=Permission.PEOPLE_HELP, tag=_TAG,
        summary="A code that lets them in once", handler=helping.issue_code, takes=m.NewCode, gives=m.IssuedCode,
        status=201, creates=True, examples={"lost": _BECAUSE},
    ),
    Operation(
        method="POST", path=f"{_ONE}/code/approval", id="approveCode", permission=Permission.PEOPLE_HELP, tag=_TAG,
        summary="Agree to a code that somebody else has issued", handler=helping.approve_code, gives=m.Code,
        problems=(409,),
    ),
    Operation(
        method="DELETE", path=f"{_ONE}/factors/<factor>", id="removeFactor",
        permission=Permission.PEOPLE_HELP, tag=_TAG,
        summary="Take a lost authenticator off the account", handler=helping.remove_factor, query=m.Because,
        problems=(409,),
    ),
    Operation(
        method="DELETE", path=f"{_ONE}/sessions/<session>", id="endSession",
        permission=Permission.PEOPLE_HELP, tag=_TAG,
        summary="End a session, and what it opened; or a device that stays connected", handler=helping.end_session,
    ),
    Operation(
        method="DELETE", path=f"{_ONE}/sessions", id="endSessions", permission=Permission.PEOPLE_HELP, tag=_TAG,
        summary="End every session and every token", handler=helping.end_sessions, gives=m.Ended,
    ),
)  # fmt: skip

OPERATIONS: Final = (*_READING, *_CHANGING, *_HELPING)
