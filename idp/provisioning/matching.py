"""Whether an object is there already: looked up by what names it, and compared here, for not every filter filters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from idp.accounts.person import fold
from idp.provisioning import judging
from idp.provisioning.calling import Line, equals

#: By kind: where they are, and by what their people call them.
PLACES = {"user": ("Users", "userName"), "group": ("Groups", "displayName")}


def find(line: Line, kind: str, local_id: str, name: str) -> tuple[Mapping[str, Any], bool] | None:
    """What is there under our id, else under the name, and whether it bears our id. Errors: of `judging`.

    Who has our id as `externalId` was made by us: a request of which the answer was lost.
    """
    place, naming = PLACES[kind]
    if not line.target.abilities.filter:
        return None
    for attribute, value in (("externalId", local_id), (naming, name)):
        for one in _listed(line, place, attribute, value):
            if one.get("externalId") == local_id:
                return one, True
            theirs = one.get(naming)
            if attribute == naming and isinstance(theirs, str) and fold(theirs) == fold(name):
                return one, False
    return None


def _listed(line: Line, place: str, attribute: str, value: str) -> Iterator[Mapping[str, Any]]:
    without = "&excludedAttributes=members" if place == "Groups" else ""
    answered = line.call("GET", f"{place}?{equals(attribute, value)}&startIndex=1&count=10{without}")
    if answered.status in (400, 404, 501):
        # GitHub's and others' filters know some attributes only (invalidFilter); Okta's rule: 404 is an empty list.
        return
    judging.check(answered)
    found = (answered.body or {}).get("Resources")
    for one in found if isinstance(found, list) else ():
        if isinstance(one, dict) and has_id(one):
            yield one


def has_id(resource: Mapping[str, Any]) -> bool:
    """RFC 7643 §3.1: `id` is a string, never empty and not "bulkId"."""
    found = resource.get("id")
    return isinstance(found, str) and 0 < len(found) <= 1000 and found.isprintable()
