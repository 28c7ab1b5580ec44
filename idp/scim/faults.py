"""What goes wrong, in SCIM's words (RFC 7644 §3.12)."""

from __future__ import annotations

from typing import Any, Final

from pydantic import ValidationError
from scim2_models import Error, SCIMException

from idp.accounts.person import InvalidPerson, NoSuchPerson, PersonChanged
from idp.admin.actor import NotAllowed
from idp.admin.approving.asking import Waits
from idp.wire import BadRequest, Json, Response, TooLarge

TYPE: Final = "application/scim+json"
_MOST: Final = 3  # problems that are told of one body


class Fault(Exception):
    """An answer that says no. `kind`: the scimType, '' where the standard has none for it."""

    def __init__(self, status: int, detail: str, kind: str = "", *, headers: tuple[tuple[str, str], ...] = ()) -> None:
        super().__init__(detail)
        self.status, self.detail, self.kind, self.headers = status, detail, kind, headers


def answered(fault: Fault) -> Response:
    """The answer with it."""
    said = Error(status=fault.status, detail=fault.detail, scim_type=fault.kind or None)
    return said_as(said.model_dump(), status=fault.status, headers=fault.headers)


def said_as(body: Any, *, status: int = 200, headers: tuple[tuple[str, str], ...] = ()) -> Json:
    """A body of SCIM's media type (RFC 7644 §3.1)."""
    return Json(status=status, headers=(("Content-Type", TYPE), *headers), body=body)


def of(error: Exception) -> Fault | None:
    """What it is to the client; None: that is nobody's but ours."""
    if isinstance(error, Fault):
        return error
    if isinstance(error, SCIMException):
        return Fault(error.status, str(error)[:400], error.scim_type)
    if isinstance(error, ValidationError):
        return _unfit(error)
    if isinstance(error, InvalidPerson):
        is_taken = any("is already somebody" in one.message or "already; use" in one.message for one in error.problems)
        status, kind = (409, "uniqueness") if is_taken else (400, "invalidValue")
        return Fault(status, "; ".join(f"{one.field}: {one.message}" for one in error.problems[:_MOST]), kind)
    if isinstance(error, Waits):
        return Fault(403, "a second owner has to agree to this: the settings say so")
    if isinstance(error, NotAllowed):
        return Fault(403, f"not allowed: {error}")
    if isinstance(error, NoSuchPerson):
        return Fault(404, "there is no such resource")
    if isinstance(error, PersonChanged):
        return Fault(412, "it was changed meanwhile; read it again")
    if isinstance(error, TooLarge):
        return Fault(413, str(error))
    if isinstance(error, BadRequest):
        return Fault(400, str(error), "invalidSyntax")
    return None


def _unfit(error: ValidationError) -> Fault:
    found = error.errors(include_url=False)
    for one in found:
        if one["type"].startswith("scim_"):
            context = one.get("ctx") or {}
            return Fault(int(context.get("status") or 400), str(one["msg"])[:400], str(context.get("scim_type") or ""))
    told = (f"{'.'.join(map(str, one['loc'])) or 'body'}: {one['msg']}" for one in found[:_MOST])
    return Fault(400, "; ".join(told)[:400], "invalidValue")
