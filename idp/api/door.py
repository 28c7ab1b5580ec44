"""Before any call's handler: which row is it, who calls, may they, and is what they sent what the row takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from clients.documents.address import of_path
from idp.admin.actor import NotAllowed
from idp.api import PREFIX, access, editions, pace, problems, reading, repeating
from idp.api.operations import Answer, Call, Operation
from idp.api.problems import Problem
from idp.api.repeating import Told
from idp.api.resources import OPERATIONS
from idp.db import ReadOnly, Unavailable
from idp.errors import Explanation, Refused, Stale
from idp.protocols import Services
from idp.state import StateUnavailable
from idp.wire import BadRequest, Json, Raw, Request, Response, TooLarge

Rows = Mapping[str, Operation]  # of one path, by method


def answer(services: Services, request: Request) -> Response:
    """The answer to a call; never raises."""
    try:
        for _ in range(4):
            try:
                return _answer(services, request)
            except Stale:
                services.registry.refresh()
                services.ring.refresh()
        raise Unavailable("the registry changes faster than it can be read")
    except Exception as error:
        return problems.answered(services, request, _problem(services, request, error))


def _answer(services: Services, request: Request) -> Response:
    operation, path = find(request.segment, request.method)
    if operation.public:
        return _shown(operation.handler(services, Call(operation=operation, request=request, actor=None, path=path)))  # type: ignore[arg-type]
    actor = access.caller(services, request)
    pace.check(services, actor.name)
    access.check(services, request, actor, operation)
    query = reading.query(request.query, operation.query)
    if_match = editions.asked(operation, request)
    body, sent = None, None
    if operation.takes is not None:
        types = reading.MERGE_PATCH if operation.merges else reading.JSON
        body, sent = reading.body(request, operation.takes, types=types)
    call = Call(
        operation=operation, request=request, actor=actor, path=path, query=query, body=body, sent=sent,
        if_match=if_match,
    )  # fmt: skip
    try:
        if operation.creates:
            return _written(repeating.once(services, call, lambda: _told(services, operation, call)))
        return _written(_told(services, operation, call))
    except NotAllowed as error:
        problem = problems.told(error)
        if problem is not None and problem.kind == "managed":
            raise problem from error
        raise access.refused(services, request, actor, error) from error


def _told(services: Services, operation: Operation, call: Call) -> Told:
    given = operation.handler(services, call)
    found = given if isinstance(given, Answer) else Answer(value=given)
    headers = []
    if found.etag:
        headers.append(("ETag", editions.quoted(found.etag)))
    if found.location:
        headers.append(("Location", services.url(PREFIX + found.location)))
    if found.value is None:
        return Told(204, tuple(headers), None)
    return Told(operation.status, tuple(headers), found.value.model_dump(mode="json"))


def _written(told: Told) -> Response:
    if told.body is None:
        return Raw(status=told.status, headers=(("Cache-Control", "no-store"), *told.headers))
    return Json(status=told.status, headers=told.headers, body=told.body)


def _shown(given: object) -> Response:
    if not isinstance(given, Response):
        raise TypeError(f"a public row answers HTTP itself: {given!r}")
    return given


# -- which row -------------------------------------------------------------------------------------------------------


def _by_shape() -> dict[tuple[str, ...], dict[str, Operation]]:
    """The rows by the form of their path, with "" for what may be anything."""
    found: dict[tuple[str, ...], dict[str, Operation]] = {}
    for operation in OPERATIONS:
        shape = tuple("" if part.startswith("<") else part for part in operation.path.strip("/").split("/"))
        if operation.method in found.setdefault(shape, {}):
            raise ValueError(f"two rows for {operation.method} {operation.path}")
        found[shape][operation.method] = operation
    return found


_ROWS: Final = _by_shape()


def find(rest: str, method: str) -> tuple[Operation, Mapping[str, str]]:
    """The row of a path below the prefix, and what its segments are. Errors: `Problem` (404, 405)."""
    parts = tuple(rest.split("/"))
    rows = _ROWS.get(parts) or _rows_of(parts)
    if rows is None or not all(part.isprintable() and 0 < len(part) <= 400 for part in parts):
        raise Problem("not-found", "There is no such path. GET /api/v1/openapi.json says which there are.")
    operation = rows.get("GET" if method == "HEAD" else method)
    if operation is None:
        allowed = sorted({*rows, *(("HEAD",) if "GET" in rows else ())})
        detail = f"This path takes {', '.join(allowed)}."
        raise Problem("method", detail, headers=(("Allow", ", ".join(allowed)),))
    shape = zip(parts, operation.path.strip("/").split("/"), strict=True)
    values = [of_path(part) for part, name in shape if name[:1] == "<"]
    return operation, dict(zip(operation.names, values, strict=True))


def _rows_of(parts: tuple[str, ...]) -> Rows | None:
    for shape, rows in _ROWS.items():
        if len(shape) == len(parts) and all(a in ("", b) for a, b in zip(shape, parts, strict=True)):
            return rows
    return None


# -- what went wrong -------------------------------------------------------------------------------------------------


def _problem(services: Services, request: Request, error: Exception) -> Problem:
    known = problems.told(error)
    if known is not None:
        return known
    if isinstance(error, TooLarge):
        return Problem("too-large", f"{error}.".capitalize())
    if isinstance(error, BadRequest):
        return Problem("unreadable", f"{error}.".capitalize())
    moving = error.__cause__ if isinstance(error, StateUnavailable) else error
    if isinstance(moving, ReadOnly):
        wait = str(max(5, min(600, int(moving.until - services.clock()) + 1)))
        return Problem("unavailable", "The installation is being moved: nothing can be changed meanwhile.",
                       headers=(("Retry-After", wait),))  # fmt: skip
    if isinstance(error, (Unavailable, StateUnavailable)):
        refusal = Refused("store_unavailable", "The store is silent.", status=503, detail=str(error)[:400],
                          explanation=Explanation("doorward", "See `doorward doctor`."))  # fmt: skip
        error_id = services.errors.keep(refusal, request=request)
        detail = "The database or the state store is silent. Try again in a few seconds."
        return Problem("unavailable", detail, error_id=error_id, headers=(("Retry-After", "5"),))
    services.log.error("unexpected", exc_info=error, path=request.shown_path, request_id=request.id)
    fix = "An unexpected error; the log has its trace under this request's id."
    refusal = Refused("server_error", "Something went wrong on our side.", status=500, detail=type(error).__name__,
                      explanation=Explanation("doorward", fix))  # fmt: skip
    error_id = services.errors.keep(refusal, request=request)
    return Problem("unexpected", "The call failed. An admin finds the reason under the error id.", error_id=error_id)
