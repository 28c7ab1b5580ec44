"""Who calls: a program with a role, or a person by a personal token; and what they may at this very moment (C2, C4)."""

from __future__ import annotations

from idp import catalogue
from idp.accounts import tokens
from idp.admin import actor as actors
from idp.admin.actor import Actor, NotAllowed
from idp.api import PREFIX
from idp.api.operations import Operation
from idp.api.problems import Problem
from idp.errors import OAuthError
from idp.oidc import bearer, protected_resources
from idp.oidc.scopes import ADMIN
from idp.protocols import Services
from idp.wire import Request

#: A challenge of another scheme with what goes with it, in place of ours.
Headers = tuple[tuple[str, str], ...]


def caller(services: Services, request: Request) -> Actor:
    """The actor behind the request's token. One read finds the token, one the rights. Errors: `Problem`, `Stale`."""
    scheme, value = _presented(services, request)
    if value.startswith(tokens.PREFIX) and scheme == "bearer":
        shown = tokens.find(services.db, value, services.clock())
        if shown is None:
            raise _refused(services, request, "The token is unknown, withdrawn or over, or its person is turned off.")
        tokens.touch(services.db, shown.token, services.clock())
        return actors.of_token(services, request, shown)
    access = bearer.find(services, value)
    if access is None:
        raise _refused(services, request, "The access token is unknown, expired or revoked.")
    request.learn(client_id=access.client_id)
    try:
        bearer.check_bound(services, request, access, scheme, value)
    except OAuthError as error:
        raise _refused(services, request, error.description, code=error.code, headers=error.headers) from error
    if services.issuer not in access.audience:
        raise _refused(services, request, "The access token is meant for another resource.")
    if access.family_id is not None or access.person_id is not None:
        # What an application may do for a person is told by consent, which says nothing of administering.
        detail = "The access token speaks for a person. Use a personal token, or one that a program got for itself."
        raise _refused(services, request, detail)
    if ADMIN not in access.scope:
        detail = f"The access token lacks the scope {ADMIN}: ask for it by name at the token endpoint."
        raise _refused(services, request, detail, code="insufficient_scope")
    return actors.of_client(services, request, access.client_id)


def check(services: Services, request: Request, actor: Actor, operation: Operation) -> None:
    """Whether the caller may do this to anything at all. Errors: `Problem` that names the permission."""
    if operation.permission is not None and not actor.may(operation.permission):
        raise refused(services, request, actor, NotAllowed(operation.permission))


def refused(services: Services, request: Request, actor: Actor, error: NotAllowed) -> Problem:
    """403, on record: somebody tried what is not theirs. No challenge: another token of theirs would not do either."""
    fault = OAuthError("insufficient_scope", f"{error.permission} is missing", status=403, side="application",
                       fix=f"Give whoever calls a role with {error.permission}, or leave it.",
                       kind="api_permission")  # fmt: skip
    person_id = actor.id if actor.kind == "person" else None
    error_id = services.faults.told(fault, request=request, person_id=person_id, name="api_refused")
    return Problem("permission", f"Not allowed: {error}.", permission=error.permission, error_id=error_id)


def _presented(services: Services, request: Request) -> tuple[str, str]:
    """RFC 6750 §2.1: in the header alone. A query stands in logs, a form can be sent by any page."""
    scheme, _, value = request.header("Authorization").partition(" ")
    if scheme.lower() in ("bearer", "dpop") and value.strip():
        return scheme.lower(), value.strip()
    # RFC 6750 §3.1: without any authentication there is no error code.
    detail = (
        "Send an access token: Authorization: Bearer …; a personal token of yours, or one of a program with a role."
    )
    raise Problem("token", detail, headers=(_challenge(services),))


def _refused(
    services: Services, request: Request, detail: str, *, code: str = "invalid_token", headers: Headers = ()
) -> Problem:
    kind = "permission" if code == "insufficient_scope" else "token"
    status = 403 if kind == "permission" else 401
    fault = OAuthError(
        code, detail, status=status, kind="api_permission" if code == "insufficient_scope" else "api_token"
    )
    error_id = services.faults.told(fault, request=request, name="api_refused")
    uri = catalogue.url_of(services, fault.kind)
    return Problem(
        kind, detail, error_id=error_id,
        headers=protected_resources.challenged(services, headers, PREFIX)
        or (_challenge(services, code, fault.description, uri),),
    )  # fmt: skip


def _challenge(services: Services, code: str = "", description: str = "", uri: str = "") -> tuple[str, str]:
    """RFC 6750 §3. The realm says which resource it is, the scope what a program must ask for."""
    said = f'Bearer realm="{services.url(PREFIX)}"'
    if code:
        said += f', error="{code}", error_description="{description}"' + (f', error_uri="{uri}"' if uri else "")
    return protected_resources.challenged(services, (("WWW-Authenticate", f'{said}, scope="{ADMIN}"'),), PREFIX)[0]
