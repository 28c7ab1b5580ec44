"""What registration says is wrong, by its place in the body (RFC 9457 §3)."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any, Final

from clients.access import EVERYONE
from clients.access import Access as Rule
from clients.errors import InvalidMetadata, Problem
from clients.gallery.answers import InvalidAnswers
from idp.accounts.person import InvalidPerson
from idp.admin import groups
from idp.api import problems
from idp.api.applications.models import Access
from idp.api.applications.schema import fields_of
from idp.api.models import Error
from idp.api.problems import pointer
from idp.protocols import Services

_OWN: Final = {"client_name": "name", "name": "name", "profile": "profile", "entity_id": "entity_id", "acs": "acs",
               "access": "access"}  # fmt: skip
_EXAMPLES: Final[dict[str, Any]] = {
    "redirect_uris": ["https://app.example/callback"],
    "post_logout_redirect_uris": ["https://app.example/"],
    "backchannel_logout_uri": "https://app.example/logout",
    "scope": "openid profile email",
    "claims_map": {"employee_id": "employee_number"},
    "contacts": ["it@example.com"],
    "allowed_origins": ["https://app.example"],
    "jwks_uri": "https://app.example/jwks.json",
}


@contextlib.contextmanager
def placed(protocol: str = "oidc", *, below: str = "metadata") -> Iterator[None]:
    """Around what registers or changes. `below`: the field of the body that holds the metadata. Errors: `Problem`."""
    try:
        yield
    except InvalidMetadata as error:
        found = [_error(one, protocol, below) for one in error.problems]
        said = "; ".join(map(str, error.problems))
        raise problems.Problem("invalid", said, errors=found) from error
    except InvalidAnswers as error:
        found = [Error(pointer=pointer("answers", one.field), detail=one.message) for one in error.problems]
        raise problems.Problem("invalid", str(error), errors=found) from error


def _error(one: Problem, protocol: str, below: str) -> Error:
    kind = fields_of(protocol).get(one.field)
    words = ", ".join(kind.words()) if kind is not None and kind.words is not None else None
    return Error(pointer=place(one.field, below), detail=one.message, expected=words, example=_EXAMPLES.get(one.field))


def place(field: str, below: str = "metadata") -> str:
    """Where a field of the registration stands in the body."""
    return pointer(_OWN[field]) if field in _OWN else pointer(below, field) if field else pointer()


def rule(services: Services, given: Access, at: str = "access") -> Rule:
    """Who may open it, each of them somebody. Errors: `Problem`, with everybody who is not."""
    if given.everyone and (given.groups or given.persons):
        raise problems.wrong(f"#/{at}/everyone" if at else "#/everyone", "name nobody beside everyone")
    if given.everyone:
        return EVERYONE
    base, found = (at,) if at else (), list[Error]()
    names: tuple[str, ...] = ()
    for place_, name in enumerate(given.groups):
        try:
            meant = groups.meant(services, (name,))
            names += meant.names
            if meant.new:
                found.append(Error(pointer=pointer(*base, "groups", place_), detail="there is no group of this name"))
        except InvalidPerson as error:
            found.append(Error(pointer=pointer(*base, "groups", place_), detail=error.message))
    found += [
        Error(pointer=pointer(*base, "persons", place_), detail="nobody has this id", example="u3kf…")
        for place_, person_id in enumerate(given.persons) if services.directory.find(person_id) is None
    ]  # fmt: skip
    if found:
        raise problems.Problem("invalid", "; ".join(f"{e.pointer}: {e.detail}" for e in found[:5]), errors=found)
    return Rule.only(groups=names, persons=given.persons)
