"""A person as SCIM has them (RFC 7643 §4.1): what the client said, with what is so here in its place."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

from idp import phone_numbers
from idp.accounts.person import fold
from idp.accounts.provisioning.kept import UNPROVEN, InGroup, Said
from idp.scim.schemas import ENTERPRISE, USER
from idp.scim.shaping import moment, version

#: Where the standard has a place and we have a claim: applications and rules read the claim.
_CLAIMS: Final = {
    ("name", "givenName"): "given_name", ("name", "familyName"): "family_name", ("name", "middleName"): "middle_name",
    ("nickName",): "nickname", ("title",): "title", ("userType",): "user_type",
    (ENTERPRISE, "department"): "department", (ENTERPRISE, "division"): "division",
    (ENTERPRISE, "organization"): "organization", (ENTERPRISE, "costCenter"): "cost_center",
}  # fmt: skip
_NUMBER: Final = (ENTERPRISE, "employeeNumber")
#: What a client has taken `active` away from: whether the person was let in.
UNSAID: Final = "doorward:active"
_OURS: Final = ("schemas", "id", "meta", "groups", "active", "userName", "password", UNSAID, UNPROVEN)


def resource(said: Said, groups: Iterable[InGroup], base: str, source: str) -> dict[str, Any]:
    """The whole resource. `source`: of the client that asks, which alone is told its own name for them."""
    person = said.person
    found: dict[str, Any] = {key: _copy(value) for key, value in said.document.items() if key not in _OURS}
    found.pop("externalId", None)
    if said.external_id is not None and said.source == source:
        found["externalId"] = said.external_id
    for path, claim in _CLAIMS.items():
        _set(found, path, person.claims.get(claim))
    _set(found, _NUMBER, person.employee_number)
    _address(found, person.email)
    found |= {"id": person.id, "userName": person.username}
    if not is_unsaid(said):
        found["active"] = person.enabled
    if name_of(found) != person.name:
        found["displayName"] = person.name
    if found.get(ENTERPRISE) == {}:
        del found[ENTERPRISE]
    in_groups = [_membership(one, base) for one in groups]
    if in_groups:
        found["groups"] = in_groups
    found["schemas"] = [USER, ENTERPRISE] if ENTERPRISE in found else [USER]
    found["meta"] = {
        "resourceType": "User", "created": moment(person.created_at), "lastModified": moment(person.changed_at),
        "location": f"{base}/Users/{person.id}", "version": version_of(said),
    }  # fmt: skip
    return found


def told(whole: dict[str, Any], hidden: Collection[str]) -> dict[str, Any]:
    """The resource without what attributes whose definition releases them to nobody, or to others, give (U1)."""
    for path, claim in _CLAIMS.items() if hidden else ():
        if claim in hidden:
            _set(whole, path, None)
    if ENTERPRISE not in whole:
        whole["schemas"] = [one for one in whole["schemas"] if one != ENTERPRISE]
    return whole


def is_unsaid(said: Said) -> bool:
    """Whether a client took `active` away, and it is as it was then: it is not told of it."""
    return said.document.get(UNSAID) == said.person.enabled


def version_of(said: Said) -> str:
    """The entity tag of a person."""
    return version(said.person.id, said.person.changed_at, said.person.enabled, said.external_id, dict(said.document))


def name_of(document: Mapping[str, Any]) -> str:
    """What somebody is called, of all that says it."""
    name = document.get("name") or {}
    both = " ".join(filter(None, (name.get("givenName"), name.get("familyName"))))
    said = (document.get("displayName"), name.get("formatted"), both, document.get("userName"))
    return next((str(one).strip() for one in said if one and str(one).strip()), "")


def address_of(document: Mapping[str, Any]) -> str | None:
    """The address that counts here: the primary one, else that of work, else the first."""
    at = _main(document.get("emails") or [])
    return None if at is None else document["emails"][at].get("value") or None


def number_of(document: Mapping[str, Any]) -> str | None:
    """The employee number."""
    value = (document.get(ENTERPRISE) or {}).get("employeeNumber")
    return None if value is None else str(value)


def claims_of(document: Mapping[str, Any]) -> dict[str, str | None]:
    """The claims that a document sets; None takes one out."""
    found: dict[str, str | None] = {claim: _get(document, path) for path, claim in _CLAIMS.items()}
    phones = document.get("phoneNumbers") or []
    ordered = sorted(phones, key=lambda one: (not one.get("primary"), str(one.get("type")).lower() != "mobile"))
    if number := next(filter(None, (_number(one.get("value")) for one in ordered)), None):
        found["phone_number"] = number  # one that is left out may be the person's own: nobody loses it by that
    return found


def _number(value: Any) -> str | None:
    try:
        return phone_numbers.read(str(value or ""))
    except ValueError:
        return None


def _membership(group: InGroup, base: str) -> dict[str, str]:
    way = "direct" if group.is_direct else "indirect"
    return {"value": group.id, "$ref": f"{base}/Groups/{group.id}", "display": group.name, "type": way}


def _get(document: Mapping[str, Any], path: tuple[str, ...]) -> str | None:
    value: Any = document
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return str(value) if value not in (None, "") else None


def _set(found: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    holder = found
    for key in path[:-1]:
        if value is None and key not in holder:
            return
        holder = holder.setdefault(key, {})
    if value is None:
        holder.pop(path[-1], None)
        if len(path) > 1 and not holder:
            found.pop(path[0])
    else:
        holder[path[-1]] = value if isinstance(value, str) else str(value)


def _address(found: dict[str, Any], email: str | None) -> None:
    """The address that counts, changed here, is told changed."""
    emails = list(found.get("emails") or [])
    at = _main(emails)
    if email is None and at is not None:
        emails.pop(at)
    elif email is not None and at is None:
        emails.append({"value": email, "type": "work", "primary": True})
    elif email is not None and at is not None and fold(str(emails[at].get("value"))) != fold(email):
        emails[at] = {**emails[at], "value": email}
    if emails:
        found["emails"] = emails
    else:
        found.pop("emails", None)


def _main(emails: list[Any]) -> int | None:
    if not emails:
        return None
    ranks = [(not one.get("primary"), str(one.get("type")).lower() != "work", at) for at, one in enumerate(emails)]
    return min(ranks)[2]


def _copy(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _copy(one) for key, one in value.items()}
    return [_copy(one) for one in value] if isinstance(value, list) else value
