"""The one path by which SCIM is reached. All else of it, and the library, is loaded by the first call."""

from __future__ import annotations

from typing import Final

from idp.protocols import Services
from idp.scim import PREFIX
from idp.wire import Request, Response, Route

METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


def answer(services: Services, request: Request) -> Response:
    """Whatever comes below the prefix. No cookie is looked at, so no page of others can call here (CSRF)."""
    from idp.scim import door

    return door.answer(services, request)


def rest_of(path: str, prefix: str = "") -> str | None:
    """What stands below our prefix, also where no route takes it for a path; None: it is not ours."""
    rest = path.removeprefix(prefix + PREFIX)
    return rest[1:] if path.startswith(prefix + PREFIX) and rest[:1] in ("", "/") else None


#: Without `cors`: no script of another origin reads an answer.
ROUTES = (Route(PREFIX + "/<path:rest>", METHODS, answer, api=True, form=False),)
