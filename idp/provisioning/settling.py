"""One person or group at a target: made, changed, turned off, deleted, until it is there as it is here."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from idp.provisioning import judging, mapping, store
from idp.provisioning.calling import Answered, Line, segment
from idp.provisioning.matching import PLACES, find, has_id
from idp.provisioning.objects import Object

THERE_ALREADY: Final = "there is one with this "  # and what names it: taken over only where its rule says so
GONE_THERE: Final = "it was not there any more (404): it is made again"
OTHERS: Final = "under this userName there is one already, which is the account of somebody else of ours, or was"
NEEDS_PATCH: Final = (
    "this group was there before, and whoever else is in it would be lost without PATCH, which it does not say it has"
)
_OURS: Final = re.compile(r"u[a-z2-7]{26}")  # an id of a person that was made here
WAS_GONE: Final = "it was not there any more (404) as it should be turned off"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What should be there. `attributes`: None, it should not be let in; `name`: what it is called.

    `is_gone`: there is nobody here any more, only what is known of them there. `problem`: why it can be neither sent
    nor ended, '' where it can.
    """

    name: str
    attributes: Mapping[str, Any] | None
    is_gone: bool = False
    problem: str = ""


#: Writes down how one stands between two requests: the intention to make, so that a killed process makes nobody twice.
Keep = Callable[[Object], None]


def settle(line: Line, one: Object, wanted: Wanted, keep: Keep) -> Object:
    """Bring it about; answers how it stands then. Errors: of `judging`; `Unreached`."""
    if wanted.problem:
        raise judging.Refused(wanted.problem)
    if wanted.attributes is None:
        return _let_go(line, one, wanted)
    if one.remote_id:
        changed = _change(line, one, wanted.attributes)
        if changed is not None:
            return changed
        # Never "successful": who is not there is made there (authentik#5396).
        one = replace(one, remote_id="", sent={}, attempted=True, made=False, problem=GONE_THERE)
        keep(one)
        return replace(_make(line, one, wanted, keep), problem=GONE_THERE)
    return _make(line, one, wanted, keep)


# -- making ----------------------------------------------------------------------------------------------------------


def _make(line: Line, one: Object, wanted: Wanted, keep: Keep) -> Object:
    attributes = dict(wanted.attributes or {})
    there = find(line, one.kind, one.local_id, wanted.name)
    if there is not None:
        return _adopt(line, one, wanted, *there)
    one = replace(one, attempted=True)
    keep(one)
    place, _ = PLACES[one.kind]
    answered = line.call("POST", place, mapping.whole(one.kind, attributes))
    if answered.status == 409:  # RFC 7644 §3.3: somebody there has a name of theirs
        there = find(line, one.kind, one.local_id, wanted.name)
        if there is None:
            raise judging.Refused(f"it says that this is there already (409), and does not find it: {answered.detail}")
        return _adopt(line, one, wanted, *there)
    made = judging.check(answered).body
    if made is None or not has_id(made):
        raise judging.TryAgain(f"status {answered.status}, without the id that it is known by (RFC 7644 §3.3)")
    _check_same(one, made)
    return _confirmed(one, attributes, remote_id=str(made["id"]), made=True)


def _adopt(line: Line, one: Object, wanted: Wanted, there: Mapping[str, Any], is_ours: bool) -> Object:
    if not is_ours and not line.target.said.adopts:
        _, naming = PLACES[one.kind]
        raise judging.Refused(f"{THERE_ALREADY}{naming} already, which we did not make: it is taken over only "
                              "where the rule of the target says so")  # fmt: skip
    if not is_ours:
        _check_free(line, one, there)
    known = replace(one, remote_id=str(there["id"]), sent={}, made=is_ours)
    changed = _change(line, known, wanted.attributes or {})
    if changed is None:
        raise judging.TryAgain("it found one, which is not there any more (404)")
    return changed


def _check_free(line: Line, one: Object, there: Mapping[str, Any]) -> None:
    """What is taken over is nobody else's of ours, also not of somebody who is not here any more."""
    db, client_id, theirs = line.services.db, one.client_id, there.get("externalId")
    row = db.one(store.BY_REMOTE, of_client=client_id, of_kind=one.kind, of_remote=str(there["id"]))
    if row is not None and row.local_id != one.local_id:
        raise judging.Refused(OTHERS)
    if isinstance(theirs, str) and theirs and one.kind == "user":
        known = db.one(store.OBJECT, of_client=client_id, of_kind="user", of_id=theirs)
        if known is not None or _OURS.fullmatch(theirs) or line.services.directory.find(theirs) is not None:
            raise judging.Refused(OTHERS)
    if one.kind == "group" and not line.target.abilities.patch:
        raise judging.Refused(NEEDS_PATCH)


# -- changing --------------------------------------------------------------------------------------------------------


def _change(line: Line, one: Object, attributes: Mapping[str, Any]) -> Object | None:
    """None: it is not there any more."""
    steps = mapping.operations(attributes, one.sent)
    if not steps:
        return _confirmed(one, attributes)
    answered = _patched(line, one, steps) if line.target.abilities.patch else _put(line, one, attributes)
    if answered.status == 404:
        return None
    judging.check(answered)
    _check_same(one, answered.body or {})
    return _confirmed(one, attributes)


def _patched(line: Line, one: Object, steps: list[dict[str, Any]]) -> Answered:
    return line.call("PATCH", _path(one), mapping.patch(steps))


def _put(line: Line, one: Object, attributes: Mapping[str, Any]) -> Answered:
    # RFC 7644 §3.5.1: what is left out may be taken out; so all that is ours is sent, and nothing that is not.
    return line.call("PUT", _path(one), {**mapping.whole(one.kind, attributes), "id": one.remote_id})


# -- ending ----------------------------------------------------------------------------------------------------------


def _let_go(line: Line, one: Object, wanted: Wanted) -> Object:
    off = line.target.said.off
    if not one.remote_id:
        one = _look_for_lost(line, one, wanted)
    if not one.remote_id:
        return replace(one, state="gone", problem="", sent={}, attempted=False)
    if off == "nothing":
        return replace(one, state="left", problem="")
    if off == "delete":
        answered = line.call("DELETE", _path(one))
        if answered.status != 404:
            judging.check(answered)
        missing = WAS_GONE if answered.status == 404 else ""
        return replace(one, state="gone", remote_id="", sent={}, attempted=False, made=False, problem=missing)
    return _disable(line, one, wanted)


def _look_for_lost(line: Line, one: Object, wanted: Wanted) -> Object:
    """A request to make it may have arrived: then it is there, and nobody knows it by its id."""
    if not one.attempted:
        return one
    there = find(line, one.kind, one.local_id, wanted.name, surely=True)
    return replace(one, remote_id=str(there[0]["id"])) if there is not None and there[1] else one


def _disable(line: Line, one: Object, wanted: Wanted) -> Object:
    if one.sent.get("active") == mapping.digests({"active": False})["active"] and one.state == "off":
        return replace(one, problem="")
    if line.target.abilities.patch:
        step = {"op": "replace", "path": "active", "value": False}
        answered = _patched(line, one, [step])
    else:
        read = line.call("GET", _path(one))
        answered = read
        if read.status != 404:
            known = {key: value for key, value in (judging.check(read).body or {}).items() if key not in _THEIRS}
            answered = line.call("PUT", _path(one), {**known, "id": one.remote_id, "active": False})
    if answered.status == 404:
        return replace(one, state="gone", remote_id="", sent={}, attempted=False, made=False, problem=WAS_GONE)
    judging.check(answered)
    return replace(one, state="off", problem="", sent={**one.sent, **mapping.digests({"active": False})})


#: RFC 7643 §3.1, §4.1.2: what they say and nobody sends back.
_THEIRS: Final = ("meta", "groups", "password")


# -- below -----------------------------------------------------------------------------------------------------------


def _path(one: Object) -> str:
    return f"{PLACES[one.kind][0]}/{segment(one.remote_id)}"


def _check_same(one: Object, answered: Mapping[str, Any]) -> None:
    """It answers about whom it was asked: an id of somebody else would write over them from then on."""
    other = answered.get("externalId")
    if isinstance(other, str) and other and other != one.local_id:
        raise judging.Refused("it answered about somebody else: its externalId is not the one that was sent")
    if one.remote_id and has_id(answered) and answered["id"] != one.remote_id:
        raise judging.Refused("it answered about another id than the one that was asked for")


def _confirmed(one: Object, attributes: Mapping[str, Any], **more: Any) -> Object:
    state = "off" if attributes.get("active") is False else "done"
    known = {"state": state, "sent": mapping.digests(attributes), "attempted": True, "problem": ""}
    return replace(one, **{**known, **more})
