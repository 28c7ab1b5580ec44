"""What people are shown of the attributes that a service provider gets."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final
from urllib.parse import unquote

from idp import attributes
from idp.saml.assertions.attribute_catalogue import CONSENT, KNOWN, Attribute
from idp.saml.assertions.attributes import Released
from idp.texts import N_

TITLES: Final[Mapping[str, str]] = {
    **attributes.TITLES,
    "scoped_username": N_("Username with organisation"),
    "affiliation": N_("Role in the organisation"),
    "scoped_affiliation": N_("Role in the organisation"),
    "scope": N_("Organisation"),
    "subject_id": N_("Account identifier"),
    "pairwise_id": N_("Identifier for this application only"),
}


def title(attribute: Attribute) -> str:
    """What people call it."""
    return TITLES.get(attribute.source) or attribute.friendly_name or attribute.key


@lru_cache(maxsize=256)
def title_of_scope(scope: str) -> str:
    """What people call the attribute of a consent that was given."""
    key = unquote(scope.removeprefix(CONSENT))
    known = KNOWN.get(key)
    return title(known) if known is not None else TITLES.get(key, key)


def shown_values(released: Released) -> str:
    """The values as one line."""
    return ", ".join(value or "(empty)" for value in released.values) or "(empty)"
