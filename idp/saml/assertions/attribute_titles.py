"""What people are shown of the attributes that a service provider gets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final
from urllib.parse import unquote

from clients.attributes import Definition
from clients.attributes.definition import PERSON
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
#: In place of a value that somebody's organisation does not let them see.
UNSEEN: Final = N_("Your company does not show you this value.")


def title(attribute: Attribute) -> str:
    """What people call it."""
    return TITLES.get(attribute.source) or attribute.friendly_name or attribute.key


@lru_cache(maxsize=256)
def title_of_scope(scope: str) -> str:
    """What people call the attribute of a consent that was given."""
    key = unquote(scope.removeprefix(CONSENT))
    known = KNOWN.get(key)
    return title(known) if known is not None else TITLES.get(key, key)


def described(
    released: Iterable[Released], scopes: Iterable[str], defined: Mapping[str, Definition], locale: str
) -> list[dict[str, str]]:
    """`name`, `title`, `description` of each of these consents: the attribute and what would be told of it.

    `defined`: the organisation's own. Of one that people do not see, the page has no value either (U1).
    """
    shown = {one.attribute.scope: one for one in reversed(list(released))}
    found = []
    for scope in scopes:
        if scope in shown:
            own = _own(shown[scope].attribute, defined)
            made_of = (defined[name] for name in shown[scope].attribute.made_of if name in defined)
            is_seen = all(PERSON in one.sees for one in (own, *made_of) if one is not None)
            found.append(
                {
                    "name": scope,
                    "title": title(shown[scope].attribute) if own is None else own.called(locale),
                    "description": shown_values(shown[scope]) if is_seen else UNSEEN,
                }
            )
    return found


def _own(attribute: Attribute, defined: Mapping[str, Definition]) -> Definition | None:
    """The definition that an attribute's value comes from."""
    name = attribute.source.partition("#")[0]
    return defined.get(name) or defined.get(name.removeprefix("scoped_"))


def shown_values(released: Released) -> str:
    """The values as one line."""
    return ", ".join(value or "(empty)" for value in released.values) or "(empty)"
