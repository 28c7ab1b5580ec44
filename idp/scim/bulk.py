"""POST /Bulk (RFC 7644 §3.7): many changes in one call, each as if it had come alone, that may refer to each other."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from scim2_models import Error

from idp.scim.call import Call
from idp.scim.faults import Fault, said_as
from idp.scim.schemas import MAX_PAYLOAD, MOST_OPERATIONS
from idp.wire import Json, Request, Response

REQUEST: Final = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
RESPONSE: Final = "urn:ietf:params:scim:api:messages:2.0:BulkResponse"
_METHODS: Final = ("POST", "PUT", "PATCH", "DELETE")
_PATH: Final = re.compile(r"/(Users|Groups)(?:/([^/?#]{1,200}))?")
_ID: Final = re.compile(r"[A-Za-z0-9._~-]{1,100}")
_REFERS: Final = "bulkId:"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Something that was refused, for whoever looks after the client. `path`: below our address."""

    method: str
    path: str
    status: int
    detail: str


#: Answers one call as the door does, whatever goes wrong.
Answer = Callable[[Call], Response]


@dataclass(frozen=True, slots=True)
class _Operation:
    """One of them. `refers`: the bulkIds that it needs to be made before it."""

    method: str
    kind: str
    rest: str
    bulk_id: str
    version: str
    data: Any
    refers: frozenset[str]


def answer(call: Call, one: Answer) -> tuple[Json, list[Refusal]]:
    """All of them, in their order but for what needs another one first, until too many have failed; and what was
    refused of them. Errors: `Fault`.
    """
    if call.request.method != "POST":
        raise Fault(405, "this takes POST", headers=(("Allow", "POST"),))
    if len(call.request.body) > MAX_PAYLOAD:
        raise Fault(413, f"a bulk request has at most {MAX_PAYLOAD} bytes")
    sent = _read(call.body)
    most, operations = _most_errors(sent), _operations(sent)
    made: dict[str, str] = {}
    found: list[dict[str, Any]] = []
    refused: list[Refusal] = []
    for operation, problem in _in_order(operations):
        told = _failed(call, operation, problem) if problem else _done(call, operation, made, one)
        found.append(told)
        if "response" in told:
            refused.append(_refusal(operation, told))
        if most and len(refused) >= most:  # RFC 7644 §3.7: what is not tried is not told
            break
    return said_as({"schemas": [RESPONSE], "Operations": found}), refused


def _refusal(operation: _Operation, told: Mapping[str, Any]) -> Refusal:
    said = told["response"] or {}
    path = f"/{operation.kind}/{operation.rest}" if operation.rest else f"/{operation.kind}"
    return Refusal(operation.method, path, int(told["status"]), f"in a bulk request: {said.get('detail', '')}")


# -- what was asked ----------------------------------------------------------------------------------------------------


def _read(sent: Any) -> dict[str, Any]:
    if not isinstance(sent, Mapping):
        raise Fault(400, "the body is no JSON object", "invalidSyntax")
    found = {str(key).lower(): value for key, value in sent.items()}
    if REQUEST not in (found.get("schemas") or ()):
        raise Fault(400, f"schemas names {REQUEST}", "invalidSyntax")
    return found


def _most_errors(sent: Mapping[str, Any]) -> int:
    """0: however many fail."""
    value = sent.get("failonerrors")
    if value is None:
        return 0
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise Fault(400, "failOnErrors is a number of at least 1", "invalidValue")
    return value


def _operations(sent: Mapping[str, Any]) -> list[_Operation]:
    listed = sent.get("operations")
    if not isinstance(listed, list) or not listed or not all(isinstance(one, Mapping) for one in listed):
        raise Fault(400, "Operations is a list of at least one operation", "invalidSyntax")
    if len(listed) > MOST_OPERATIONS:
        raise Fault(413, f"a bulk request has at most {MOST_OPERATIONS} operations")
    found = [_operation(number, one) for number, one in enumerate(listed, 1)]
    named = [one.bulk_id for one in found if one.bulk_id]
    if len(set(named)) < len(named):
        raise Fault(400, "two operations have one bulkId", "invalidSyntax")
    return found


def _operation(number: int, sent: Mapping[str, Any]) -> _Operation:
    found = {str(key).lower(): value for key, value in sent.items()}
    method, path, bulk_id = (str(found.get(name) or "") for name in ("method", "path", "bulkid"))
    at = _PATH.fullmatch(path)
    if method.upper() not in _METHODS or at is None:
        raise Fault(400, f"operation {number}: a method of {', '.join(_METHODS)}, and a path such as /Users/<id>",
                    "invalidSyntax")  # fmt: skip
    method, rest = method.upper(), at[2] or ""
    if (method == "POST") == bool(rest):
        raise Fault(400, f"operation {number}: POST takes /{at[1]}, and others one of them", "invalidSyntax")
    if (method == "POST" or bulk_id) and not _ID.fullmatch(bulk_id):  # RFC 7644 §3.7: required with POST
        raise Fault(400, f"operation {number}: POST has a bulkId, of at most 100 letters", "invalidSyntax")
    version = found.get("version")
    refers = frozenset((*_references(found.get("data")), *([rest[len(_REFERS) :]] if rest.startswith(_REFERS) else [])))
    return _Operation(method, at[1], rest, bulk_id, version if isinstance(version, str) else "", found.get("data"),
                      refers)  # fmt: skip


def _references(data: Any) -> Iterator[str]:
    """RFC 7644 §3.7.2: an id may be `bulkId:` and the name of an operation that makes it."""
    if isinstance(data, str) and data.startswith(_REFERS):
        yield data[len(_REFERS) :]
    elif isinstance(data, Mapping | list):
        for one in data.values() if isinstance(data, Mapping) else data:
            yield from _references(one)


def _in_order(operations: Iterable[_Operation]) -> Iterator[tuple[_Operation, str]]:
    """Each with what is wrong with it by itself; who needs another one comes behind it, however they were sent."""
    waiting, through = list(operations), set[str]()
    makers = {one.bulk_id for one in waiting if one.method == "POST"}
    while waiting:
        ready = next((one for one in waiting if one.refers & makers <= through), None)
        if ready is None:
            # RFC 7644 §3.7.1: a circle may be answered with 409: an id of either is needed before both.
            yield from ((one, "it refers to one that refers to it, or needs one of these: a circle") for one in waiting)
            return
        waiting.remove(ready)
        through.add(ready.bulk_id)
        unknown = sorted(ready.refers - makers)
        yield ready, f"there is no operation with the bulkId {unknown[0][:100]} that makes something" if unknown else ""


# -- what becomes of it ------------------------------------------------------------------------------------------------


def _done(call: Call, operation: _Operation, made: dict[str, str], one: Answer) -> dict[str, Any]:
    missing = sorted(operation.refers - made.keys())
    if missing:
        return _failed(call, operation, f"what it refers to was not made: {missing[0][:100]}")
    rest = made[operation.rest[len(_REFERS) :]] if operation.rest.startswith(_REFERS) else operation.rest
    answered = one(replace(call, request=_request(call.request, operation, rest, _filled(operation.data, made))))
    headers = dict(answered.headers)
    id_of = rest or str(headers.get("Location", "")).rpartition("/")[2]
    if answered.status >= 400:
        body = answered.body if isinstance(answered, Json) else None
        return _told(call, operation, rest, answered.status, {"response": body})
    if operation.method == "POST":
        made[operation.bulk_id] = id_of
    tag = {"version": headers["ETag"]} if "ETag" in headers else {}
    return _told(call, operation, id_of, answered.status, tag)


def _failed(call: Call, operation: _Operation, problem: str) -> dict[str, Any]:
    said = Error(status=409, detail=problem).model_dump()
    rest = "" if operation.rest.startswith(_REFERS) else operation.rest
    return _told(call, operation, rest, 409, {"response": said})


def _told(call: Call, operation: _Operation, id_of: str, status: int, also: Mapping[str, Any]) -> dict[str, Any]:
    """RFC 7644 §3.7.3: a location of all but a POST that failed, and the answer where it is an error."""
    found: dict[str, Any] = {"method": operation.method}
    if operation.bulk_id:
        found["bulkId"] = operation.bulk_id
    if id_of:
        found["location"] = f"{call.base}/{operation.kind}/{id_of}"
    return {**found, **also, "status": str(status)}


def _filled(data: Any, made: Mapping[str, str]) -> Any:
    if isinstance(data, str) and data.startswith(_REFERS):
        return made[data[len(_REFERS) :]]
    if isinstance(data, Mapping):
        return {key: _filled(value, made) for key, value in data.items()}
    return [_filled(one, made) for one in data] if isinstance(data, list) else data


def _request(request: Request, operation: _Operation, rest: str, data: Any) -> Request:
    """As if it had come alone: from the same place, by the same name."""
    content = b"" if data is None else json.dumps(data).encode()
    environ = {key: value for key, value in request.environ.items() if key != "HTTP_IF_MATCH"}
    environ |= {
        "REQUEST_METHOD": operation.method, "QUERY_STRING": "", "CONTENT_TYPE": "application/scim+json",
        "CONTENT_LENGTH": str(len(content)), "wsgi.input": io.BytesIO(content),
    }  # fmt: skip
    if operation.version:
        environ["HTTP_IF_MATCH"] = operation.version
    alone = Request(environ, request._proxies, f"{operation.kind}/{rest}" if rest else operation.kind)
    alone.__dict__["id"] = request.id
    alone.admit_file()
    return alone
