"""/Users: make, read, put, change and remove people (RFC 7644 §3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from scim2_models import Context, PatchOp

from idp.accounts import invitations
from idp.accounts.effects import Changes
from idp.accounts.person import Draft, Person, to_json
from idp.accounts.provisioning import kept
from idp.accounts.provisioning.kept import Said
from idp.accounts.rows import locked
from idp.admin import people as verbs
from idp.admin import turning_off
from idp.admin.actor import NotAllowed
from idp.admin.permissions import Permission
from idp.scim import dialects, people, shaping
from idp.scim.call import Call
from idp.scim.faults import Fault, said_as
from idp.scim.schemas import ENTERPRISE, PERSON, POLICY
from idp.wire import Json, Raw, Response

P = Permission
MAX_DOCUMENT: Final = 32 * 1024  # characters of JSON of one person
MAX_BODY: Final = 64 * 1024  # bytes sent about one person
MOST_OF_ONE: Final = 100  # values of one attribute of a person
_READ_ONLY: Final = ("id", "meta", "schemas", "groups")


def show(call: Call, person_id: str) -> Response:
    """GET /Users/<id>."""
    call.check(P.PEOPLE_READ)
    said = _get(call, person_id)
    tag = people.version_of(said)
    if tag in (one.strip() for one in call.request.header("If-None-Match").split(",")):
        return Raw(status=304, headers=(("ETag", tag),))
    return _answered(call, said)


def make(call: Call) -> Response:
    """POST /Users (RFC 7644 §3.3)."""
    call.check(P.PEOPLE_CREATE)
    document = _allowed(call, _read(_body(call), Context.RESOURCE_CREATION_REQUEST), {})
    with call.services.db.transaction() as tx:
        within = call.within(tx)
        person = _add(within, document)
        said = _kept(document) | _unproven(call, person.email, "")
        kept.put(tx, person.id, call.client.source, said, made=True)
    if document.get("active") is False:
        turning_off.turn_off(call.services, call.actor, person)
    elif call.client.invites:
        _invite(call, person)
    return _answered(call, _get(call, person.id), status=201)


def put(call: Call, person_id: str) -> Response:
    """PUT /Users/<id> (RFC 7644 §3.5.1)."""
    said = _changeable(call, person_id)
    document = _read(_body(call), Context.RESOURCE_REPLACEMENT_REQUEST)
    return _changed(call, said, document)


def patch(call: Call, person_id: str) -> Response:
    """PATCH /Users/<id> (RFC 7644 §3.5.2)."""
    said = _changeable(call, person_id)
    steps = dialects.few(dialects.operations(_body(call)))
    sent = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": steps}
    wanted = PatchOp[PERSON].model_validate(sent, scim_ctx=Context.RESOURCE_PATCH_REQUEST, scim_policy=POLICY)
    before = _whole(call, said)
    model = PERSON.model_validate(before, scim_policy=POLICY)
    wanted.patch(model, scim_policy=POLICY)
    after = _plain(model.model_dump())
    if "active" not in after:
        after[people.UNSAID] = said.person.enabled
    return _changed(call, said, after)


def remove(call: Call, person_id: str) -> Response:
    """DELETE /Users/<id> (RFC 7644 §3.6)."""
    said = _changeable(call, person_id)
    call.check(P.PEOPLE_REMOVE)
    with call.services.db.transaction() as tx:
        locked(tx, said.person.id)
        _check_unchanged(call, kept.one(tx, said.person.id), said, said.person)
        within = call.within(tx)
        verbs.remove(within.services, call.actor, said.person)
    return Raw(status=204)


# -- below -------------------------------------------------------------------------------------------------------------


def _body(call: Call) -> Any:
    """Of a person it is small; groups alone have bodies of megabytes. Errors: `Fault`."""
    if len(call.request.body) > MAX_BODY:
        raise Fault(413, f"a body about one person has at most {MAX_BODY // 1024} KB")
    return call.body


def _get(call: Call, person_id: str) -> Said:
    said = kept.one(call.services.db, person_id)
    if said is None:
        raise Fault(404, "there is no such person")
    return said


def _changeable(call: Call, person_id: str) -> Said:
    """Errors: `Fault`, also for somebody whom this client did not make and may not adopt; `NotAllowed` (C2)."""
    call.check(P.PEOPLE_CHANGE)
    said = _get(call, person_id)
    call.check_version(people.version_of(said))
    call.actor.check_person(call.services, P.PEOPLE_CHANGE, said.person)
    if not call.client.adopts and not (said.made and said.source == call.client.source):
        raise NotAllowed(P.PEOPLE_CHANGE, "this client did not make this person, and may not adopt others")
    return said


def _whole(call: Call, said: Said) -> dict[str, Any]:
    groups = kept.groups_of(call.services.db, [said.person.id]).get(said.person.id, [])
    return people.resource(said, groups, call.base, call.client.source)


def _answered(call: Call, said: Said, status: int = 200) -> Json:
    whole = people.told(_whole(call, said), call.hidden)
    shown = shaping.projected(whole, call.parts("attributes"), call.parts("excludedAttributes"))
    headers = (("ETag", whole["meta"]["version"]), ("Location", whole["meta"]["location"]))
    return said_as(shown, status=status, headers=headers)


def _read(sent: Any, context: Context) -> dict[str, Any]:
    model = PERSON.model_validate(_named(dialects.resource(sent)), scim_ctx=context, scim_policy=POLICY)
    return _plain(model.model_dump())


def _named(sent: dict[str, Any]) -> dict[str, Any]:
    """Read-only parts that come along are passed over, and schemas that nobody knows (RFC 7644 §3.3)."""
    found = {key: value for key, value in sent.items() if key.lower() not in _READ_ONLY}
    core = "urn:ietf:params:scim:schemas:core:2.0:User"
    return {"schemas": [core, ENTERPRISE] if ENTERPRISE in found else [core], **found}


def _plain(document: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in document.items() if key not in (*_READ_ONLY, "password")}


def _kept(document: Mapping[str, Any]) -> dict[str, Any]:
    """Errors: `Fault` where it is too much of one person."""
    found = {
        key: value for key, value in document.items() if key not in ("active", "userName", "password", kept.UNPROVEN)
    }
    if len(to_json(found)) > MAX_DOCUMENT:
        raise Fault(413, f"what is said of a person has more than {MAX_DOCUMENT} characters")
    if any(isinstance(value, list) and len(value) > MOST_OF_ONE for value in found.values()):
        raise Fault(413, f"an attribute of a person has more than {MOST_OF_ONE} values")
    return found


def _allowed(call: Call, document: dict[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """What this client writes; of the rest what was there stays. `userName` and `externalId` name the person."""
    only = call.client.attributes
    if only is None:
        return document
    found = {key: value for key, value in before.items() if key not in only and key != ENTERPRISE}
    found |= {key: value for key, value in document.items() if key in (*only, "externalId")}
    if "active" in only and people.UNSAID in document:
        found[people.UNSAID] = document[people.UNSAID]
    found.setdefault("userName", document.get("userName"))
    parts = {one.removeprefix("enterprise.") for one in only if one.startswith("enterprise.")}
    was, said = before.get(ENTERPRISE) or {}, document.get(ENTERPRISE) or {}
    also = {key: value for key, value in was.items() if key not in parts}
    also |= {key: value for key, value in said.items() if key in parts}
    if also:
        found[ENTERPRISE] = also
    return found


def _unproven(call: Call, written: str | None, before: str) -> dict[str, str]:
    """The mark of an address that this client is not trusted with; one that stands already keeps what it has."""
    mark = "" if call.client.trusts_mail else written or before
    return {kept.UNPROVEN: mark} if mark else {}


def _is_ours_to_turn_on(call: Call, person: Person) -> bool:
    """Whom an admin shut out, no profile that is pushed again lets in: only whom this client turned off last."""
    last = turning_off.evidence_of(call.services, person)
    return last is not None and last.by == call.client.source


def _invite(call: Call, person: Person) -> None:
    """By a mail that waits in the queue: the directory does not wait for the post."""
    invited = invitations.send(call.services, person, invitations.Words(by=call.actor.name))
    detail = {"person_id": person.id, "purpose": invitations.PURPOSE, "mails": int(bool(invited.to))}
    call.actor.record(call.services)(call.services.db, "link:made", detail)


def _check_unchanged(call: Call, now: Said | None, said: Said, person: Person) -> None:
    """RFC 7644 §3.14: what `If-Match` was compared with is still so, in the transaction that changes it.

    `person`: as they are since we let them in again ourselves. Errors: `Fault`.
    """
    known = people.version_of(replace(said, person=person))
    if now is None or people.version_of(now) != known:
        call.check_version("" if now is None else people.version_of(now))


def _add(call: Call, document: Mapping[str, Any]) -> Person:
    email = people.address_of(document)
    draft = Draft(
        username=str(document.get("userName") or ""), email=email,
        email_verified=bool(email) and call.client.trusts_mail, employee_number=people.number_of(document),
        name=people.name_of(document),
        claims={key: value for key, value in people.claims_of(document).items() if value is not None},
    )  # fmt: skip
    return call.services.directory.add(draft, record=call.actor.record(call.services))


def _changed(call: Call, said: Said, wanted: dict[str, Any]) -> Response:
    person, before = said.person, _whole(call, said)
    document = _allowed(call, wanted, before)
    email = people.address_of(document)
    changes = Changes(
        username=str(document.get("userName") or person.username), email=email,
        employee_number=people.number_of(document), name=people.name_of(document) or person.username,
    )  # fmt: skip
    if email != person.email:
        changes["email_verified"] = bool(email) and call.client.trusts_mail
    hidden = call.hidden  # who puts back what they were shown empties nothing that they were not
    merge = {
        key: value for key, value in people.claims_of(document).items()
        if value != person.claims.get(key) and not (value is None and key in hidden)
    }  # fmt: skip
    active = document.get("active")
    if active is True and not person.enabled and _is_ours_to_turn_on(call, person):
        turning_off.turn_on(call.services, call.actor, person)
        person = call.services.directory.get(person.id)
    with call.services.db.transaction() as tx:
        locked(tx, person.id)
        _check_unchanged(call, kept.one(tx, person.id), said, person)
        within = call.within(tx)
        correction = verbs.Correction(changes=changes, merge=merge, as_of=person.changed_at)
        verbs.correct(within.services, call.actor, person, correction)
        before_that = str(said.document.get(kept.UNPROVEN) or "") if email == person.email else ""
        new = _kept(document) | _unproven(call, email if email != person.email else None, before_that)
        kept.put(tx, person.id, call.client.source, new, made=said.made)
    if active is False and person.enabled:
        turning_off.turn_off(call.services, call.actor, call.services.directory.get(person.id))
    return _answered(call, _get(call, person.id))
