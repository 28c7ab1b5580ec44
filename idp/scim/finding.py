"""Lists (RFC 7644 §3.4.2): filters, sorting, pages by index and by cursor (RFC 9865).

What a filter names by an id, a name, an address or a number is found by an index, and then looked at whole. What no
index knows is looked at one by one, up to `SCAN` of them: beyond that the answer is tooMany, as the standard has it.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from scim2_models import Group, ScimFilter, SearchRequest
from scim2_models.path import CompareOperator, Comparison, LogicalExpr, LogicalOperator, Not, ValuePath

from idp.accounts.provisioning import kept
from idp.accounts.provisioning.kept import Kept, Said
from idp.admin.permissions import Permission
from idp.scim import dialects, groups, people, shaping
from idp.scim.call import Call
from idp.scim.faults import Fault, said_as
from idp.scim.schemas import LIST, MOST, MOST_MEMBERS, PERSON, POLICY
from idp.wire import Response

SCAN: Final = 2000  # resources that a filter or an order without an index looks at
MAX_FILTER: Final = 4000  # characters
MAX_DEPTH: Final = 20  # of what stands in parentheses or brackets (X30)
DEFAULT: Final = 100  # resources of a page
_LARGEST: Final = 10_000_000  # of a start index


@dataclass(frozen=True, slots=True)
class Kind:
    """People, or groups: how each kind is found and shown."""

    name: str
    model: Any
    permission: Permission
    count: Callable[[Any], int]
    page: Callable[[Any, int, int], list[Any]]
    look: Callable[[Call, str, str], list[Any] | None]
    shown: Callable[[Call, list[Any], tuple[str, ...], tuple[str, ...]], list[dict[str, Any]]]
    order: str  # what a page without an order is in the order of


@dataclass(frozen=True, slots=True)
class _Wanted:
    search: Any
    attributes: tuple[str, ...]
    excluded: tuple[str, ...]
    start: int
    count: int
    cursor: str | None


def answer(call: Call, kind: Kind) -> Response:
    """GET /Users, /Groups."""
    call.check(kind.permission)
    said = {name: call.parameter(name) for name in ("filter", "sortBy", "sortOrder", "startIndex", "count", "cursor")}
    given = {key: value for key, value in said.items() if value is not None}
    return _listed(call, kind, _wanted(kind.model, given, call.parts("attributes"), call.parts("excludedAttributes")))


def search(call: Call, kind: Kind) -> Response:
    """POST /Users/.search, /Groups/.search (RFC 7644 §3.4.3)."""
    call.check(kind.permission)
    sent = call.body
    return _listed(call, kind, _wanted(kind.model, sent, *_lists(sent)))


def search_all(call: Call) -> Response:
    """POST /.search: of people, then of groups, what this client may read (RFC 7644 §3.4.2.1)."""
    kinds = [kind for kind in (USERS, GROUPS) if call.actor.may(kind.permission)]
    sent = call.body
    wanted = _wanted(PERSON | Group, sent, *_lists(sent))
    start = _opened(wanted) if wanted.cursor is not None else wanted.start - 1
    every = [(kind, one) for kind in kinds for _, one in _matching(call, kind, wanted, _test(kind, wanted))]
    found = every[start : start + wanted.count]
    shown = [
        one
        for kind in kinds
        for one in kind.shown(call, [one for of, one in found if of is kind], wanted.attributes, wanted.excluded)
    ]
    return _paged(wanted, start, len(every), shown)


def _lists(sent: Any) -> tuple[tuple[str, ...], tuple[str, ...]]:
    if not isinstance(sent, dict):
        raise Fault(400, "the body is no JSON object", "invalidSyntax")
    lists = (sent.get("attributes") or [], sent.get("excludedAttributes") or [])
    if not all(isinstance(one, list) and all(isinstance(part, str) for part in one) for one in lists):
        raise Fault(400, "attributes are a list of texts", "invalidValue")
    return tuple(lists[0][:100]), tuple(lists[1][:100])


# -- what is asked for ---------------------------------------------------------------------------------------------


def _wanted(model: Any, said: Any, attributes: tuple[str, ...], excluded: tuple[str, ...]) -> _Wanted:
    asked: dict[str, Any] = {}
    if said.get("filter") is not None:
        asked["filter"] = _filter(said["filter"])
    if said.get("sortBy"):
        asked |= {"sortBy": said["sortBy"]}
        if said.get("sortOrder"):
            asked["sortOrder"] = str(said["sortOrder"]).lower()
    found = _read(model, asked)
    count = _number(said.get("count"), DEFAULT, "count")
    start = max(1, _number(said.get("startIndex"), 1, "startIndex"))
    cursor = said.get("cursor")
    return _Wanted(
        found, attributes, excluded, start, min(max(0, count), MOST), None if cursor is None else str(cursor)
    )


def _filter(text: Any) -> str:
    """Errors: `Fault` for one that is too long or too deep to be read (X30)."""
    if not isinstance(text, str) or len(text) > MAX_FILTER:
        raise Fault(400, f"a filter is a text of at most {MAX_FILTER} characters", "invalidFilter")
    depth = deepest = 0
    quoted = escaped = False
    for letter in text:
        if quoted:
            quoted, escaped = escaped or letter != '"', letter == "\\" and not escaped
        elif letter == '"':
            quoted = True
        elif letter in "([":
            depth += 1
            deepest = max(deepest, depth)
        elif letter in ")]":
            depth -= 1
    if deepest > MAX_DEPTH:
        raise Fault(400, f"a filter is at most {MAX_DEPTH} deep", "invalidFilter")
    return dialects.expression(text)


def _read(kind: Any, asked: dict[str, Any]) -> Any:
    model = SearchRequest[kind]
    try:
        return model.model_validate(asked, scim_policy=POLICY)
    except ValueError:
        if "filter" not in asked or dialects.quoted(asked["filter"]) == asked["filter"]:
            raise
        return model.model_validate({**asked, "filter": dialects.quoted(asked["filter"])}, scim_policy=POLICY)


def _number(value: Any, otherwise: int, name: str) -> int:
    if value is None:
        return otherwise
    try:
        number = int(str(value)[:20])
    except ValueError:
        raise Fault(400, f"{name} is no number", "invalidValue") from None
    return max(-1, min(number, _LARGEST))


# -- finding -------------------------------------------------------------------------------------------------------


def _listed(call: Call, kind: Kind, wanted: _Wanted) -> Response:
    db = call.services.db
    start = _opened(wanted) if wanted.cursor is not None else wanted.start - 1
    if wanted.search.filter is None and wanted.search.sort_by in (None, kind.order) and _ascends(wanted):
        total = kind.count(db)
        found = kind.page(db, start, wanted.count) if wanted.count and start < total else []
    else:
        pairs = _matching(call, kind, wanted, _test(kind, wanted))
        if wanted.search.sort_by is not None:
            places = {id(model): one for model, one in pairs}
            every = [places[id(model)] for model in wanted.search.sort([model for model, _ in pairs])]
        else:
            every = [one for _, one in pairs]
        total, found = len(every), every[start : start + wanted.count]
    return _paged(wanted, start, total, kind.shown(call, found, wanted.attributes, wanted.excluded))


def _paged(wanted: _Wanted, start: int, total: int, shown: list[dict[str, Any]]) -> Response:
    body: dict[str, Any] = {"schemas": [LIST], "totalResults": total, "itemsPerPage": len(shown)}
    if wanted.cursor is None:
        body["startIndex"] = start + 1
    elif start + len(shown) < total and shown:
        body["nextCursor"] = _cursor(wanted, start + len(shown))
    body["Resources"] = shown
    return said_as(body)


def _test(kind: Kind, wanted: _Wanted) -> Any:
    """The filter as this kind is looked at by it: what another kind alone has is never so of this one."""
    return None if wanted.search.filter is None else _bound(kind.model)(str(wanted.search.filter))


def _bound(model: Any) -> Any:
    return ScimFilter[model]


def _ascends(wanted: _Wanted) -> bool:
    return str(getattr(wanted.search.sort_order, "value", wanted.search.sort_order) or "ascending") == "ascending"


def _matching(call: Call, kind: Kind, wanted: _Wanted, test: Any) -> list[tuple[Any, Any]]:
    """Everything that fits, each with its model."""
    some = None if test is None else _narrowed(call, kind, test.ast)
    if some is None:
        total = kind.count(call.services.db)
        if total > SCAN:
            detail = f"no index answers this, and there are {total}: name one by id, name, address or number"
            raise Fault(400, detail, "tooMany")
        some = kind.page(call.services.db, 0, SCAN)
    named = _named_members(test)
    known = _inside(call, named)
    models = []
    for one, said in zip(some, kind.shown(call, some, (), () if named is None else ("members",)), strict=True):
        inside = [{"value": member} for member, groups in known.items() if said["id"] in groups]
        model = kind.model.model_validate({**said, "members": inside} if inside else said, scim_policy=POLICY)
        if test is None or test.match(model):
            models.append((model, one))
    return models


def _named_members(test: Any) -> frozenset[str] | None:
    """The members that a filter asks after by their ids; None: it asks something else of them, and needs them all."""
    named, others = set[str](), str(test or "").lower().count("members")
    for node in _nodes(None if test is None else test.ast):
        if isinstance(node, ValuePath) and not isinstance(node.val_filter, Comparison):
            continue
        for name, value in _equals(node):
            if name in ("members", "members.value"):
                named.add(value)
                others -= 1
    return frozenset(named) if others == 0 else None


def _nodes(node: Any) -> Iterator[Any]:
    if isinstance(node, LogicalExpr):
        for term in node.terms:
            yield from _nodes(term)
    elif isinstance(node, Not):
        yield from _nodes(node.expr)
    elif node is not None:
        yield node


def _inside(call: Call, named: frozenset[str] | None) -> dict[str, set[str]]:
    """Of each of these, the groups that they were put into."""
    return {one: {group.id for group in kept.groups_with(call.services.db, one)} for one in sorted(named or ())}


def _narrowed(call: Call, kind: Kind, node: Any) -> list[Any] | None:
    """The few that an index knows of for a filter, none of those that fit left out; None: it knows nothing."""
    if isinstance(node, LogicalExpr):
        parts = (_narrowed(call, kind, term) for term in node.terms)
        if node.op == LogicalOperator.and_:
            return next((one for one in parts if one is not None), None)
        every = list(parts)
        if any(one is None for one in every):
            return None
        found = {one.person.id if isinstance(one, Said) else one.id: one for part in every for one in part or ()}
        return list(found.values())
    for name, value in _equals(node):
        some = kind.look(call, name, value)
        if some is not None:
            return some
    return None


def _equals(node: Any, within: str = "") -> Iterator[tuple[str, str]]:
    """What must be equal to what, for a node to fit: the attribute in small letters, without its schema."""
    if isinstance(node, ValuePath):
        inside = [node.val_filter]
        if isinstance(node.val_filter, LogicalExpr) and node.val_filter.op == LogicalOperator.and_:
            inside = list(node.val_filter.terms)
        for one in inside:
            yield from _equals(one, node.attr_path.attr.lower())
    elif isinstance(node, Comparison) and node.op == CompareOperator.eq and isinstance(node.value, str):
        path = node.attr_path
        name = ".".join(filter(None, (within, path.attr.lower(), (path.sub_attr or "").lower())))
        yield name, node.value


# -- cursors (RFC 9865 §2) -----------------------------------------------------------------------------------------


def _cursor(wanted: _Wanted, start: int) -> str:
    return base64.urlsafe_b64encode(json.dumps([start, wanted.count]).encode()).decode().rstrip("=")


def _opened(wanted: _Wanted) -> int:
    """Where a cursor goes on; an empty one asks for the first page. Errors: `Fault`."""
    if not wanted.cursor:
        return 0
    try:
        text = wanted.cursor[:200]
        start, _ = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        if not isinstance(start, int) or isinstance(start, bool) or not 0 <= start <= _LARGEST:
            raise ValueError
    except (ValueError, TypeError):
        raise Fault(400, "this cursor is none of ours", "invalidCursor") from None
    return start


# -- the two kinds ---------------------------------------------------------------------------------------------------


def _look_for_people(call: Call, name: str, value: str) -> list[Any] | None:
    db = call.services.db
    if name == "id":
        one = kept.one(db, value)
        return [one] if one is not None else []
    if name == "externalid":
        return kept.by_external_id(db, call.client.source, value)
    if name in ("username", "employeenumber"):
        return kept.by_key(db, value)
    if name in ("emails", "emails.value") and kept.count(db) > SCAN:  # then by the address that counts here alone
        return kept.by_key(db, value)
    return None


def _show_people(
    call: Call, found: list[Said], wanted: tuple[str, ...], unwanted: tuple[str, ...]
) -> list[dict[str, Any]]:
    db, inside = call.services.db, dict[str, list[kept.InGroup]]()
    if shaping.wants("groups", wanted, unwanted):
        inside = kept.groups_of(db, [one.person.id for one in found])
    whole = (people.resource(one, inside.get(one.person.id, ()), call.base, call.client.source) for one in found)
    hidden = call.hidden
    return [shaping.projected(people.told(one, hidden), wanted, unwanted) for one in whole]


def _look_for_groups(call: Call, name: str, value: str) -> list[Any] | None:
    db = call.services.db
    if name == "id":
        one = kept.group(db, value)
        return [one] if one is not None else []
    if name == "externalid":
        return kept.groups_by_external_id(db, call.client.source, value)
    if name == "displayname":
        return kept.groups_named(db, value)
    if name in ("members", "members.value"):
        return kept.groups_with(db, value)
    return None


def _show_groups(
    call: Call, found: list[Kept], wanted: tuple[str, ...], unwanted: tuple[str, ...]
) -> list[dict[str, Any]]:
    every: Any = None
    if shaping.wants("members", wanted, unwanted):
        every = kept.members(call.services.db, [one.id for one in found], MOST_MEMBERS)
        if every is None:
            raise Fault(400, f"these have more than {MOST_MEMBERS} members; ask excludedAttributes=members", "tooMany")
    whole: Iterable[dict[str, Any]] = (
        groups.resource(
            one, None if every is None else every.get(one.id, kept.Members()), call.base, call.client.source
        )
        for one in found
    )
    return [shaping.projected(one, wanted, unwanted) for one in whole]


USERS: Final = Kind(
    "User", PERSON, Permission.PEOPLE_READ, kept.count, kept.page, _look_for_people, _show_people, "userName"
)
GROUPS: Final = Kind(
    "Group", Group, Permission.GROUPS_READ, kept.group_count, kept.group_page, _look_for_groups, _show_groups,
    "displayName",
)  # fmt: skip
