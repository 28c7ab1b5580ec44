"""What went wrong, in the words of RFC 9457; and what the verbs' own errors are in them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any, Final

from clients.errors import ChangedMeanwhile, InvalidMetadata, UnknownClient
from idp import catalogue
from idp.accounts.person import InvalidPerson, NoSuchPerson, PersonChanged
from idp.admin.actor import NotAllowed
from idp.admin.approving.asking import Waits
from idp.admin.managed import ManagedByFile
from idp.api.models import Error, ProblemDetails
from idp.protocols import Services
from idp.wire import Raw, Request

CONTENT_TYPE: Final = "application/problem+json"
_KIND: Final = "urn:doorward:problem:"
#: Each kind with its status and its title. They are named in docs/api.md.
KINDS: Final[dict[str, tuple[int, str]]] = {
    "unreadable": (400, "The request cannot be read"),
    "parameter": (400, "A parameter is wrong"),
    "cursor": (400, "The cursor does not belong to this query"),
    "token": (401, "An access token is needed"),
    "permission": (403, "The caller may not do this"),
    "managed": (403, "A file of configuration manages this"),
    "not-found": (404, "There is nothing here"),
    "method": (405, "The path does not take this method"),
    "waits": (409, "It waits for a second owner's approval"),
    "conflict": (409, "It cannot be done as things stand"),
    "in-progress": (409, "The same request is being answered"),
    "changed": (412, "Somebody else changed it meanwhile"),
    "too-large": (413, "The body is too large"),
    "media-type": (415, "The body is not JSON"),
    "invalid": (422, "Something in the body is wrong"),
    "key-reused": (422, "The Idempotency-Key was used for another request"),
    "edition-missing": (428, "Say which edition you are changing"),
    "too-many": (429, "Too many requests"),
    "unexpected": (500, "Something went wrong on our side"),
    "unavailable": (503, "The store is silent"),
}


class Problem(Exception):
    """Raised anywhere below the door; it answers with it. `kind`: of `KINDS`."""

    def __init__(
        self, kind: str, detail: str, *, errors: Iterable[Error] = (), permission: str = "", error_id: str = "",
        approval: str = "", headers: tuple[tuple[str, str], ...] = (),
    ) -> None:  # fmt: skip
        super().__init__(detail)
        self.kind, self.detail, self.errors, self.headers = kind, detail, tuple(errors), headers
        self.permission, self.error_id, self.approval = permission, error_id, approval
        self.status, self.title = KINDS[kind]


def not_found(what: str) -> Problem:
    """What the path names is not there, or is not the caller's to know of: the two are told in the same words (S59)."""
    return Problem("not-found", f"There is no such {what}, or it is not among those that you look after.")


def wrong(field: str, detail: str, *, expected: str = "", example: Any = None) -> Problem:
    """One field of the body. `field`: a key, or a JSON pointer."""
    error = Error(pointer=pointer(field), detail=detail, expected=expected or None, example=example)
    return Problem("invalid", f"{field}: {detail}", errors=(error,))


def pointer(*path: str | int) -> str:
    """RFC 6901 §6: as a fragment. One text may be a pointer already."""
    if len(path) == 1 and str(path[0]).startswith("#"):
        return str(path[0])
    escaped = (str(part).replace("~", "~0").replace("/", "~1") for part in path)
    return "#/" + "/".join(escaped) if path else "#"


def answered(services: Services, request: Request, problem: Problem) -> Raw:
    """The answer."""
    details = ProblemDetails(
        type=_KIND + problem.kind, help=catalogue.url_of(services, entry_of(problem.kind)) or None,
        title=problem.title, status=problem.status, detail=problem.detail,
        request_id=request.id, error_id=problem.error_id or None, permission=problem.permission or None,
        approval=problem.approval or None,
        errors=problem.errors,
    )  # fmt: skip
    body = json.dumps(details.model_dump(mode="json", exclude_none=True), ensure_ascii=False).encode()
    headers = (("Cache-Control", "no-store"), *problem.headers)
    return Raw(status=problem.status, body=body, content_type=CONTENT_TYPE, headers=headers)


def entry_of(kind: str) -> str:
    """What a kind is called in the catalogue."""
    return f"api_{kind.replace('-', '_')}"


def told(error: Exception, at: Callable[[str], str] = lambda field: pointer(field)) -> Problem | None:
    """What a verb's error is here; None: nobody expected it. `at`: where a field of the verb stands in the body."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, ManagedByFile):
        return Problem("managed", f"Not allowed: {error}.", permission=error.permission)
    if isinstance(error, Waits):
        detail = f"Nothing is changed yet: it waits for another owner. GET /approvals/{error.id} says how it stands."
        return Problem("waits", detail, approval=error.id)
    if isinstance(error, NotAllowed):
        return Problem("permission", f"Not allowed: {error}.", permission=error.permission)
    if isinstance(error, (InvalidMetadata, InvalidPerson)):
        errors = [Error(pointer=at(one.field), detail=one.message) for one in error.problems]
        return Problem("invalid", "; ".join(f"{one.field}: {one.message}" for one in error.problems), errors=errors)
    if isinstance(error, (ChangedMeanwhile, PersonChanged)):
        detail = f"{error} " if isinstance(error, ChangedMeanwhile) else ""
        return Problem("changed", f"{detail}Read it again, and send your change with its new ETag.".capitalize())
    if isinstance(error, (UnknownClient, NoSuchPerson)):
        return not_found("application" if isinstance(error, UnknownClient) else "person")
    return None
