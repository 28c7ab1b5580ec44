"""Whether an object is there already: looked up by what names it, and compared here, for not every filter filters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from idp.accounts.person import fold
from idp.provisioning import judging
from idp.provisioning.calling import Line, equals

#: By kind: where they are, and by what their people call them.
PLACES = {"user": ("Users", "userName"), "group": ("Groups", "displayName")}


UNSEARCHABLE: Final = "it may have been made there, and this application cannot be asked for it: look there by hand"


def find(
    line: Line, kind: str, local_id: str, name: str, *, surely: bool = False
) -> tuple[Mapping[str, Any], bool] | None:
    """What is there under our id, else under the name, and whether it bears our id. Errors: of `judging`.

    Who has our id as `externalId` was made by us: a request of which the answer was lost. `name`: '' where there is
    none any more; `surely`: where it answers no filter at all this is `Refused`, not nothing.
    """
    place, naming = PLACES[kind]
    asked = [("externalId", local_id), (naming, name)] if line.target.abilities.filter else []
    looked = False
    for attribute, value in asked:
        found = _listed(line, place, attribute, value) if value else None
        looked = looked or found is not None
        for one in found or ():
            if one.get("externalId") == local_id:
                return one, True
            theirs = one.get(naming)
            if attribute == naming and isinstance(theirs, str) and fold(theirs) == fold(name):
                return one, False
    if surely and not looked:
        raise judging.Refused(UNSEARCHABLE)
    return None


def _listed(line: Line, place: str, attribute: str, value: str) -> list[Mapping[str, Any]] | None:
    """None: it does not filter by this."""
    without = "&excludedAttributes=members" if place == "Groups" else ""
    answered = line.call("GET", f"{place}?{equals(attribute, value)}&startIndex=1&count=10{without}")
    if answered.status in (400, 501):  # GitHub's and others' filters know some attributes only (invalidFilter)
        return None
    if answered.status == 404:  # Okta's rule: an empty list
        return []
    judging.check(answered)
    found = (answered.body or {}).get("Resources")
    return [one for one in (found if isinstance(found, list) else ()) if isinstance(one, dict) and has_id(one)]


def has_id(resource: Mapping[str, Any]) -> bool:
    """RFC 7643 §3.1: `id` is a string, never empty and not "bulkId"."""
    found = resource.get("id")
    return isinstance(found, str) and 0 < len(found) <= 1000 and found.isprintable()
