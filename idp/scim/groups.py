"""/Groups: make, read, put, change and remove groups, a few thousand members at a time (RFC 7644 §3)."""

from __future__ import annotations

import contextlib
import string
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from json.encoder import encode_basestring_ascii as _quoted
from typing import Any, Final

from scim2_models import Context, Group, PatchOp, ScimFilter
from scim2_models.path import CompareOperator, Comparison

from idp.accounts import groups as accounts_groups
from idp.accounts.person import fold
from idp.accounts.provisioning import kept
from idp.accounts.provisioning.kept import Kept, Members
from idp.admin import access
from idp.admin import groups as verbs
from idp.admin.permissions import Permission
from idp.ids import made_at
from idp.scim import dialects, members, shaping
from idp.scim.call import Call
from idp.scim.faults import TYPE, Fault, said_as
from idp.scim.schemas import GROUP, MOST_MEMBERS, POLICY
from idp.wire import Raw, Response, dumps

P = Permission
MEMBERS: Final = "members"
_PLAIN: Final = frozenset(string.ascii_letters + string.digits + "-_.:@")  # stand in JSON as they are


def show(call: Call, group_id: str) -> Response:
    """GET /Groups/<id>."""
    call.check(P.GROUPS_READ)
    group = _get(call, group_id)
    tag = version_of(group)
    if tag in (one.strip() for one in call.request.header("If-None-Match").split(",")):
        return Raw(status=304, headers=(("ETag", tag),))  # RFC 7644 §3.14: ten thousand members are not read for it
    return _answered(call, group)


def make(call: Call) -> Response:
    """POST /Groups (RFC 7644 §3.3)."""
    call.check(P.GROUPS_CHANGE)
    wanted = _read(call.body, Context.RESOURCE_CREATION_REQUEST)
    services, record = call.services, call.actor.record(call.services)
    if kept.groups_named(services.db, wanted.name):
        raise Fault(409, f"there is a group “{wanted.name}” already", "uniqueness")
    _check_free(call, wanted.name)
    made, is_new = verbs.make(services, call.actor, wanted.name)
    if not is_new:  # by somebody else, meanwhile: it is theirs
        raise Fault(409, f"there is a group “{made.name}” already", "uniqueness")
    accounts_groups.provide(services.db, made, call.client.source, wanted.external_id, services.clock(), record=record)
    members.change(call, _get(call, made.id), joins=wanted.members or (), leaves=())
    return _answered(call, _get(call, made.id), status=201)


def put(call: Call, group_id: str) -> Response:
    """PUT /Groups/<id> (RFC 7644 §3.5.1)."""
    group = _changeable(call, group_id)
    wanted = _read(call.body, Context.RESOURCE_REPLACEMENT_REQUEST)
    group = _renamed(call, group, wanted.name)
    with _changing(call, group) as within:
        _say(within, group, wanted.name, wanted.external_id)
        members.put(within, _get(within, group_id), wanted.members or ())
    return _answered(call, _get(call, group_id))


def patch(call: Call, group_id: str) -> Response:
    """PATCH /Groups/<id> (RFC 7644 §3.5.2); without a body in the answer unless one is asked for."""
    group = _changeable(call, group_id)
    steps = [_step(one) for one in dialects.operations(call.body)]
    said = dialects.few([one for step in steps for one in step.others])
    wanted = _patched(group, said) if said else None
    passed_over = wanted is not None and wanted.external_id != group.external_id and group.source != call.client.source
    if wanted is not None:
        group = _renamed(call, group, wanted.display_name or "")
    with _changing(call, group) as within:  # RFC 7644 §3.5.2: all of its operations, or none
        if wanted is not None:
            _say(within, group, wanted.display_name or "", wanted.external_id)
        for step in steps:
            if step.replaces is not None:
                members.put(within, _get(within, group_id), step.replaces)
            elif step.joins or step.leaves:
                members.change(within, _get(within, group_id), joins=step.joins, leaves=step.leaves)
    # RFC 7644 §3.5.2: 204 says that it is as was asked; where it is not, the answer shows how it is.
    if passed_over or call.parts("attributes"):
        return _answered(call, _get(call, group_id))
    tag = version_of(_get(call, group_id))
    return Raw(status=204, headers=(("ETag", tag),))


def remove(call: Call, group_id: str) -> Response:
    """DELETE /Groups/<id> (RFC 7644 §3.6)."""
    group = _changeable(call, group_id)
    _check_own(call, group)
    with _changing(call, group) as within:
        services, record = within.services, call.actor.record(within.services)
        found = accounts_groups.find_by_id(services.db, group.id)
        if found is not None:
            ours = accounts_groups.provide(services.db, found, "", None, services.clock(), record=record)
            verbs.remove(services, call.actor, ours, with_members=True)
    return Raw(status=204)


def resource(group: Kept, found: Members | None, base: str, source: str) -> dict[str, Any]:
    """The whole resource; `found` None: without its members."""
    said: dict[str, Any] = {"schemas": [GROUP], "id": group.id, "displayName": group.name}
    if group.external_id is not None and group.source == source:
        said["externalId"] = group.external_id
    if found is not None and (found.people or found.groups):
        said[MEMBERS] = [
            {"value": one, "$ref": f"{base}/{kind}s/{one}", "type": kind}
            for kind, ids in (("User", found.people), ("Group", found.groups)) for one in ids
        ]  # fmt: skip
    said["meta"] = {
        "resourceType": "Group", "created": shaping.moment(made_at(group.id)),  # RFC 7643 §3.1; ids are time-ordered
        "lastModified": shaping.moment(group.changed_at),
        "location": f"{base}/Groups/{group.id}", "version": version_of(group),
    }  # fmt: skip
    return said


def version_of(group: Kept) -> str:
    """The entity tag of a group: who comes and goes changes it, too."""
    return shaping.version(group.id, group.name, group.external_id, group.changed_at)


# -- below -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Wanted:
    name: str
    external_id: str | None
    members: tuple[str, ...] | None


@dataclass(slots=True)
class _Step:
    """One operation, taken apart. `replaces`: exactly these; None: it says nothing of the kind."""

    others: list[dict[str, Any]] = field(default_factory=list)
    joins: tuple[str, ...] = ()
    leaves: tuple[str, ...] = ()
    replaces: tuple[str, ...] | None = None


def _get(call: Call, group_id: str) -> Kept:
    group = kept.group(call.services.db, group_id)
    if group is None:
        raise Fault(404, "there is no such group")
    return group


def _changeable(call: Call, group_id: str) -> Kept:
    call.check(P.GROUPS_CHANGE)
    group = _get(call, group_id)
    call.check_version(version_of(group))
    if group.source != call.client.source and not call.client.adopts:
        raise Fault(403, "this client did not make this group, and may not adopt others")
    if group.source not in ("", call.client.source):
        raise Fault(403, f"this group is provided by {group.source}")
    return group


def _check_free(call: Call, name: str) -> None:
    """Errors: `Fault` for a name that opens something here, or asks for it: it waits for a group of ours (C2)."""
    services = call.services
    if call.client.adopts:
        return
    if access.naming(services, name) or verbs.rules_of(services, name) or accounts_groups.limits(services.db, name):
        raise Fault(403, "an application, a rule or a role here names this group: let an admin make it")


def _check_own(call: Call, group: Kept) -> None:
    """Errors: `Fault`: what admins made is put people into, and is theirs."""
    if group.source != call.client.source:
        raise Fault(403, "this group was made by an admin: members are added to it, and nothing else is changed")


def _answered(call: Call, group: Kept, status: int = 200) -> Response:
    wanted, unwanted = call.parts("attributes"), call.parts("excludedAttributes")
    found: Members | None = None
    if shaping.wants(MEMBERS, wanted, unwanted):
        every = kept.members(call.services.db, [group.id], MOST_MEMBERS)
        if every is None:
            raise Fault(400, f"it has more than {MOST_MEMBERS} members; ask excludedAttributes=members", "tooMany")
        found = every.get(group.id, Members())
    is_whole = found is not None and not wanted and not unwanted
    whole = resource(group, None if is_whole else found, call.base, call.client.source)
    headers = (("ETag", whole["meta"]["version"]), ("Location", whole["meta"]["location"]))
    if found is not None and is_whole:
        return Raw(status=status, headers=headers, body=_written(whole, found, call.base), content_type=TYPE)
    return said_as(shaping.projected(whole, wanted, unwanted), status=status, headers=headers)


def _written(whole: Mapping[str, Any], found: Members, base: str) -> bytes:
    """The resource as it is sent, its members written as text: ten thousand of them are no dictionaries first."""
    parts = []
    for kind, ids in (("User", found.people), ("Group", found.groups)):
        if ids and not _PLAIN.issuperset("".join(ids)):
            ids = [_quoted(one)[1:-1] for one in ids]
        middle, end = f'","$ref":{dumps(f"{base}/{kind}s/").decode()[:-1]}', f'","type":"{kind}"}}'
        parts += [f'{{"value":"{one}{middle}{one}{end}' for one in ids]
    body = dumps(whole)
    return body[:-1] + b',"members":[' + ",".join(parts).encode() + b"]}" if parts else body


def _read(sent: Any, context: Context) -> _Wanted:
    sent = dialects.resource(sent)
    listed = next((value for key, value in sent.items() if key.lower() == MEMBERS), None)
    rest = {key: value for key, value in sent.items() if key.lower() not in (MEMBERS, "id", "meta", "schemas")}
    model = Group.model_validate({"schemas": [GROUP], **rest}, scim_ctx=context, scim_policy=POLICY)
    ids = None if listed is None else _ids(listed)
    return _Wanted((model.display_name or "").strip(), model.external_id, ids)


def _ids(value: Any) -> tuple[str, ...]:
    """Of members, as directories write them: a list of objects, one object, or bare ids. Errors: `Fault`."""
    listed = value if isinstance(value, list) else [value]
    ids: list[Any] = [one.get("value") if isinstance(one, Mapping) else one for one in listed]
    if not all(isinstance(one, str) and 0 < len(one) <= 100 for one in ids):
        raise Fault(400, "a member is an object whose value is an id", "invalidValue")
    return tuple(dict.fromkeys(ids))


def _step(sent: Mapping[str, Any]) -> _Step:
    op, path, value = str(sent.get("op")).lower(), sent.get("path"), sent.get("value")
    if path is None:
        if isinstance(value, Mapping):
            found = {key: one for key, one in value.items() if key.lower() == MEMBERS}
            rest = {key: one for key, one in value.items() if key.lower() != MEMBERS}
            step = _of_members(op, None, found.popitem()[1]) if found else _Step()
            step.others = [{**sent, "value": rest}] if rest else []
            return step
        return _Step([dict(sent)])
    name = path.removeprefix(f"{GROUP}:")
    if name.lower() == MEMBERS:
        return _of_members(op, None, value)
    if name.lower().startswith(f"{MEMBERS}["):
        return _of_members(op, name, value)
    return _Step([dict(sent)])


def _of_members(op: str, path: str | None, value: Any) -> _Step:
    if path is not None:
        if op != "remove":
            raise Fault(400, "members are added and removed; nothing else of them is changed", "mutability")
        return _Step(leaves=_selected(path))
    if op == "add":
        return _Step(joins=_ids(value))
    if op == "replace":
        return _Step(replaces=_ids(value) if value else ())
    if op == "remove":  # Entra says which by a value; without one all leave (RFC 7644 §3.5.2.2)
        return _Step(leaves=_ids(value)) if value else _Step(replaces=())
    raise Fault(400, f"{op[:40]} is no operation", "invalidSyntax")


def _selected(path: str) -> tuple[str, ...]:
    """`members[value eq "…"]`, and several joined by `or`. Errors: `Fault`."""
    inside, bracket, rest = path.partition("[")[2].rpartition("]")
    if not bracket or rest or len(inside) > 4000 or inside.count("(") > 10:
        raise Fault(400, "the path selects members by value eq", "invalidPath")
    tree = ScimFilter(inside).ast
    terms: tuple[Any, ...] = getattr(tree, "terms", (tree,))
    if getattr(tree, "op", None) == "and" or not all(_is_value(one) for one in terms):
        raise Fault(400, "members are selected by value eq, joined by or", "invalidFilter")
    ids = tuple(dict.fromkeys(str(one.value) for one in terms))
    if not all(map(kept.is_text, ids)):
        raise Fault(400, "a value has what is no character", "invalidFilter")
    return ids


def _is_value(term: Any) -> bool:
    is_eq = isinstance(term, Comparison) and term.op == CompareOperator.eq
    return is_eq and term.attr_path.attr.lower() == "value"


def _patched(group: Kept, said: list[dict[str, Any]]) -> Any:
    sent = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": said}
    wanted = PatchOp[Group].model_validate(sent, scim_ctx=Context.RESOURCE_PATCH_REQUEST, scim_policy=POLICY)
    model = Group.model_validate(
        {"schemas": [GROUP], "id": group.id, "displayName": group.name, "externalId": group.external_id},
        scim_policy=POLICY,
    )
    wanted.patch(model, scim_policy=POLICY)
    return model


@contextlib.contextmanager
def _changing(call: Call, group: Kept) -> Iterator[Call]:
    """All that is changed of a group in one transaction, where it is still as it was looked at (RFC 7644 §3.14).

    Errors: `Fault`.
    """
    with call.services.db.transaction() as tx:
        now = kept.lock_group(tx, group.id)
        if now is None:
            raise Fault(404, "there is no such group")
        if version_of(now) != version_of(group):
            call.check_version(version_of(now))
        yield call.within(tx)
        kept.move_group(tx, now)


def _renamed(call: Call, group: Kept, name: str) -> Kept:
    """Another name first: limits and rules that name it are changed with it, each in its own transaction."""
    services = call.services
    if name == group.name:
        return group
    if not name:
        raise Fault(400, "displayName is missing", "invalidValue")
    if fold(name) != fold(group.name) and kept.groups_named(services.db, name):
        raise Fault(409, f"there is a group “{name}” already", "uniqueness")
    _check_own(call, group)
    if fold(name) != fold(group.name):
        _check_free(call, name)
    with services.db.transaction() as tx:  # whoever else knows this version comes too late from here on
        now = kept.lock_group(tx, group.id)
        if now is None:
            raise Fault(404, "there is no such group")
        if version_of(now) != version_of(group):
            call.check_version(version_of(now))
        kept.move_group(tx, now)
    found = accounts_groups.find_by_id(services.db, group.id)
    if found is None:
        raise Fault(404, "there is no such group")
    verbs.rename_by(services, call.actor, found, name, call.client.source)
    return _get(call, group.id)


def _say(call: Call, group: Kept, name: str, external_id: str | None) -> None:
    """Another word of the client's for it."""
    services = call.services
    if not name:
        raise Fault(400, "displayName is missing", "invalidValue")
    found = accounts_groups.find_by_id(services.db, group.id)
    if found is None:
        raise Fault(404, "there is no such group")
    if external_id != group.external_id and group.source == call.client.source:
        record = call.actor.record(services)
        accounts_groups.provide(services.db, found, group.source, external_id, services.clock(), record=record)
