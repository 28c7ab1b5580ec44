"""Before and after each call: who asks, may they so fast, which endpoint is it, and what went wrong."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from idp.accounts.provisioning import clients
from idp.admin import provisioners
from idp.db import Unavailable
from idp.errors import Explanation, OAuthError, Refused, Stale
from idp.protocols import Services
from idp.scim import PREFIX, bulk, faults, finding, groups, schemas, users
from idp.scim.call import Call
from idp.scim.faults import Fault, said_as
from idp.scim.pace import Pace
from idp.state import StateUnavailable
from idp.wire import Request, Response

_DISCOVERY: Final = ("ServiceProviderConfig", "Schemas", "ResourceTypes")
_OF_ALL: Final[dict[tuple[str, str], Callable[[Call], Response]]] = {
    ("Users", "GET"): lambda call: finding.answer(call, finding.USERS),
    ("Users", "POST"): users.make,
    ("Groups", "GET"): lambda call: finding.answer(call, finding.GROUPS),
    ("Groups", "POST"): groups.make,
}
_OF_ONE: Final[dict[tuple[str, str], Callable[[Call, str], Response]]] = {
    ("Users", "GET"): users.show, ("Users", "PUT"): users.put, ("Users", "PATCH"): users.patch,
    ("Users", "DELETE"): users.remove, ("Groups", "GET"): groups.show, ("Groups", "PUT"): groups.put,
    ("Groups", "PATCH"): groups.patch, ("Groups", "DELETE"): groups.remove,
}  # fmt: skip

_SEND: Final = "send the token of a provisioning client: Authorization: Bearer dws_…"
_OVER: Final = "The token is unknown or over."
_PASTE: Final = "Paste the token where the directory asks for the secret token (header Authorization: Bearer dws_…)."
_OF_A_TOKEN: Final = ("scim_token", "scim_token_jwt", "scim_token_other")


@dataclass(frozen=True, slots=True)
class _Shown:
    """What a caller shows in place of a token that stands. `told`: to it; `got` and `fix`: under the error's id."""

    kind: str
    got: str
    told: str
    fix: str


def answer(services: Services, request: Request) -> Response:
    """The answer to a call; never raises but for a registry that must be read again."""
    call: Call | None = None
    try:
        call = _proven(services, request)
        return _answer(call)
    except Stale:
        raise
    except Exception as error:
        fault = _fault(services, request, error)
        if call is not None:
            _note(call, bulk.Refusal(call.request.method, f"/{call.request.segment}", fault.status, fault.detail))
        return faults.answered(fault)


def _note(call: Call, *refused: bulk.Refusal) -> None:
    """For whoever looks after the client; of an address no parameter, which may have names of people."""
    said = [{"method": one.method, "path": one.path[:100], "status": one.status, "detail": one.detail[:200]}
            for one in refused]  # fmt: skip
    with contextlib.suppress(Unavailable):
        clients.note_faults(call.services.db, call.client, said, call.services.clock())


def _proven(services: Services, request: Request) -> Call:
    """RFC 7644 §2: a bearer token, in the header alone (RFC 6750 §2.1). Errors: `Fault`."""
    scheme, _, value = request.header("Authorization").partition(" ")
    if not scheme:
        raise _unproven(services, request, _Shown("scim_token_missing", "(nothing)", _SEND, _PASTE))
    if scheme.lower() != "bearer":
        got = request.authorization_scheme
        raise _unproven(services, request, _Shown("scim_scheme", got, f"got {got}: {_SEND}", _PASTE))
    if not value.strip():
        raise _unproven(services, request, _Shown("scim_token_missing", "(Bearer without a token)", _SEND, _PASTE))
    client = clients.find(services.db, value.strip(), services.clock())
    if client is None:
        raise _unproven(services, request, _shape(value.strip()))
    request.admit_file()  # a large group in one body, of whoever has proven themselves
    services.part(Pace).check(services, client.source)
    clients.touch(services.db, client, services.clock())
    return Call(services, request, client, provisioners.acting(request, client), services.url(PREFIX))


def _shape(token: str) -> _Shown:
    """What it is in place of one that stands, by its form alone."""
    if token.startswith("dws_"):
        fix = "It was renewed or its client ended: `doorward scim list` says which there are."
        return _Shown("scim_token", "a token of a provisioning client that is unknown or over", _OVER, fix)
    if token.count(".") == 2:
        fix = f"At Entra the field “Secret Token” is empty: it then sends a token of its own. {_PASTE}"
        return _Shown("scim_token_jwt", "a JWT", f"This is a JWT: {_SEND}", fix)
    return _Shown("scim_token_other", "no token of a provisioning client", f"This is none of ours: {_SEND}", _PASTE)


def _unproven(services: Services, request: Request, shown: _Shown) -> Fault:
    """For a caller that shows none, or none that stands; under its id whoever set it up reads what to paste.

    Each mistake has a kind of its own, so that nobody reads what was wrong with another's.
    """
    is_bearer = shown.kind in _OF_A_TOKEN
    error = OAuthError(
        "invalid_token" if is_bearer else "invalid_request", shown.told, status=401, kind=shown.kind,
        field="Authorization", expected="Bearer and the token of a provisioning client (dws_…)", got=shown.got,
        fix=f"{shown.fix} A new one: doorward scim renew NAME",
    )  # fmt: skip
    error_id = services.faults.told(error, request=request, name="scim_refused")
    challenge = f'Bearer realm="{services.url(PREFIX)}"' + (', error="invalid_token"' if is_bearer else "")
    detail = shown.told.removesuffix(".")
    detail = detail[0].lower() + detail[1:]
    return Fault(401, f"{detail} (error {error_id})", headers=(("WWW-Authenticate", challenge),))


def _answer(call: Call) -> Response:
    method = "GET" if call.request.method == "HEAD" else call.request.method
    parts = [part for part in call.request.segment.split("/") if part]  # Entra's address may end in a slash
    if not parts or len(parts) > 2:
        raise Fault(404, "there is no such endpoint: see /ResourceTypes")
    name, *rest = parts
    if name in _DISCOVERY:
        if method != "GET":
            raise _no_method("GET")
        return _discovery(call, name, rest)
    if parts == [".search"]:
        if method != "POST":
            raise _no_method("POST")
        return finding.search_all(call)
    if rest == [".search"] and name in ("Users", "Groups"):
        if method != "POST":
            raise _no_method("POST")
        return finding.search(call, finding.USERS if name == "Users" else finding.GROUPS)
    if name == "Me":  # RFC 7644 §3.11: a client is nobody
        raise Fault(501, "a provisioning client is no person")
    if name == "Bulk":
        if rest:
            raise Fault(404, "there is no such endpoint: see /ResourceTypes")
        answered, refused = bulk.answer(call, _alone)
        _note(call, *refused)
        return answered
    table = _OF_ONE if rest else _OF_ALL
    if not any(path == name for path, _ in table):
        raise Fault(404, "there is no such endpoint: see /ResourceTypes")
    if rest:
        of_one = _OF_ONE.get((name, method))
        if of_one is None:
            raise _no_method("GET, PUT, PATCH, DELETE")
        return of_one(call, rest[0][:200])
    of_all = _OF_ALL.get((name, method))
    if of_all is None:
        raise _no_method("GET, POST")
    return of_all(call)


def _alone(call: Call) -> Response:
    """One operation of a bulk request, counted and answered as if it had come by itself."""
    services = call.services
    try:
        services.part(Pace).check(services, call.client.source)
        for _ in range(3):
            try:
                return _answer(call)
            except Stale:  # not for the whole of them: what is done already would be done twice
                services.registry.refresh()
                services.ring.refresh()
        raise Unavailable("the registry changes faster than it can be read")
    except Exception as error:
        return faults.answered(_fault(services, call.request, error))


def _no_method(allowed: str) -> Fault:
    return Fault(405, f"this takes {allowed}", headers=(("Allow", allowed),))


def _discovery(call: Call, name: str, rest: list[str]) -> Response:
    """RFC 7644 §4: without filters, sorting and pages."""
    if call.parameter("filter") is not None:
        raise Fault(403, "discovery has no filters")
    if name == "ServiceProviderConfig":
        if rest:
            raise Fault(404, "there is no such endpoint")
        return said_as(schemas.configuration(call.base))
    every = schemas.described(call.base)[name]
    if not rest:
        total = len(every)
        return said_as(
            {"schemas": [schemas.LIST], "totalResults": total, "itemsPerPage": total, "startIndex": 1,
             "Resources": every}
        )  # fmt: skip
    found = next((one for one in every if one["id"] == rest[0]), None)
    if found is None:
        raise Fault(404, "there is no such schema" if name == "Schemas" else "there is no such resource type")
    return said_as(found)


def _fault(services: Services, request: Request, error: Exception) -> Fault:
    known = faults.of(error)
    if known is not None:
        return known
    if isinstance(error, (Unavailable, StateUnavailable)):
        refusal = Refused("store_unavailable", "The store is silent.", status=503, detail=str(error)[:400],
                          explanation=Explanation("doorward", "See `doorward doctor`."))  # fmt: skip
        error_id = services.errors.keep(refusal, request=request)
        return Fault(503, f"the store is silent (error {error_id})", headers=(("Retry-After", "5"),))
    services.log.error("unexpected", exc_info=error, path=request.shown_path, request_id=request.id)
    fix = "An unexpected error; the log has its trace under this request's id."
    refusal = Refused("server_error", "Something went wrong on our side.", status=500, detail=type(error).__name__,
                      explanation=Explanation("doorward", fix))  # fmt: skip
    error_id = services.errors.keep(refusal, request=request)
    return Fault(500, f"an unexpected error on our side; an admin finds it under {error_id}")
