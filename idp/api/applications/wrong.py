"""What registration says is wrong, by its place in the body (RFC 9457 §3)."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any, Final

from clients.access import EVERYONE, Term, group_key, person_key
from clients.access import Access as Rule
from clients.errors import InvalidMetadata, Problem
from clients.gallery.answers import InvalidAnswers
from idp.accounts.person import InvalidPerson, fold
from idp.admin import access, groups
from idp.api import problems
from idp.api.applications.models import Access, AccessTerm
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
def placed(protocol: str = "oidc", *, below: str = "metadata", is_patch: bool = False) -> Iterator[None]:
    """Around what registers or changes. Errors: `Problem`.

    `below`: the field of the body that holds the metadata. `is_patch`: all but the name stands there then.
    """
    try:
        yield
    except InvalidMetadata as error:
        found = [_error(one, protocol, below, is_patch=is_patch) for one in error.problems]
        said = "; ".join(map(str, error.problems))
        raise problems.Problem("invalid", said, errors=found) from error
    except InvalidAnswers as error:
        found = [Error(pointer=pointer("answers", one.field), detail=one.message) for one in error.problems]
        raise problems.Problem("invalid", str(error), errors=found) from error


def _error(one: Problem, protocol: str, below: str, *, is_patch: bool = False) -> Error:
    kind = fields_of(protocol).get(one.field)
    words = ", ".join(kind.words()) if kind is not None and kind.words is not None else None
    at = pointer(below, one.field) if is_patch and one.field == "acs" else place(one.field, below)
    return Error(pointer=at, detail=one.message, expected=words, example=_EXAMPLES.get(one.field))


def place(field: str, below: str = "metadata") -> str:
    """Where a field of the registration stands in the body."""
    return pointer(_OWN[field]) if field in _OWN else pointer(below, field) if field else pointer()


def rule(services: Services, given: Access, at: str = "access", standing: Rule = EVERYONE) -> Rule:
    """Who may open it, each of them somebody. `standing`: the rule before. Errors: `Problem`, with all of it."""
    base = (at,) if at else ()
    if given.everyone and (given.groups or given.persons or given.terms):
        raise problems.wrong(pointer(*base, "everyone"), "name nobody beside everyone")
    if given.everyone:
        return EVERYONE
    named, found = _groups(services, given.groups, base)
    found += [
        Error(pointer=pointer(*base, "persons", place_), detail="nobody has this id", example="u3kf…")
        for place_, person_id in enumerate(given.persons) if services.directory.find(person_id) is None
    ]  # fmt: skip
    before = dict(standing.terms)
    if "terms" not in given.model_fields_set:
        terms = before  # a rule that is read and put back gives nobody access for good (R4)
    else:
        by_name = {**{fold(name): group_key(name) for name in named}, **{one: person_key(one) for one in given.persons}}
        terms = _terms(services, given.terms or (), by_name, before, (*base, "terms"), found)
    if found:
        raise problems.Problem("invalid", "; ".join(f"{e.pointer}: {e.detail}" for e in found[:5]), errors=found)
    return Rule.only(groups=named, persons=given.persons, terms=terms)


def _groups(services: Services, given: tuple[str, ...], base: tuple[str, ...]) -> tuple[list[str], list[Error]]:
    """The groups as they are written here, and what is wrong with the others."""
    named, found = list[str](), list[Error]()
    for place_, name in enumerate(given):
        try:
            meant = groups.meant(services, (name,))
            named += meant.names
            if meant.new:
                found.append(Error(pointer=pointer(*base, "groups", place_), detail="there is no group of this name"))
        except InvalidPerson as error:
            found.append(Error(pointer=pointer(*base, "groups", place_), detail=error.message))
    return named, found


def _terms(
    services: Services, given: tuple[AccessTerm, ...], named: Mapping[str, str], before: Mapping[str, Term],
    base: tuple[str, ...], found: list[Error],
) -> dict[str, Term]:  # fmt: skip
    """The terms by `clients.access` keys. `named`: the keys by what a body calls them; `found`: what is wrong."""
    terms: dict[str, Term] = {}
    for place_, one in enumerate(given):
        field = "group" if one.group is not None else "person"
        key = named.get(fold(one.group) if one.group is not None else str(one.person))
        if (one.group is None) == (one.person is None):
            found.append(Error(pointer=pointer(*base, place_), detail="names one group, or one person"))
            continue
        if key is None:
            detail = f"is none of those that {field}s names"
            found.append(Error(pointer=pointer(*base, place_, field), detail=detail))
            continue
        if key in terms:
            found.append(Error(pointer=pointer(*base, place_, field), detail="has a term already"))
        terms[key] = term = Term(*(None if at is None else at.timestamp() for at in (one.since, one.until)))
        if not _is_same(term, before.get(key)):  # one that stands, and is over by now, may be put back as it was read
            try:
                access.check_term(term, services.clock())
            except access.BadTerm as error:
                found.append(Error(pointer=pointer(*base, place_, "until"), detail=str(error)))
        else:
            terms[key] = before[key]
    return terms


def _is_same(term: Term, before: Term | None) -> bool:
    """Whether it is the one that was told: in whole seconds."""
    if before is None:
        return False
    return all(
        a == b or (a is not None and b is not None and int(a) == int(b))
        for a, b in ((term.since, before.since), (term.until, before.until))
    )
