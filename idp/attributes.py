"""What can be known of a person, one row each: its name in OpenID Connect, its title, and where it may be seen and set.

Import files, the command line, the profile page, claims and the consent of SAML read the rows; what has no row is a
claim of the organisation's own, known by its name. How SAML calls one on the wire is `saml.assertions`' business.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from idp.texts import N_

CLAIM: Final = "claim"
COLUMN: Final = "column"
MADE: Final = "made"


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute of a person (OpenID Connect Core 1.0 §5.1, and ours).

    `kept`: as a claim among the person's further ones, in a column of its own, or made when it is asked for. `scope`:
    what gives it to an application (§5.4), "" where only the application's own table does. `option` sets it on the
    command line, `about` says what that is. `called`: columns of import files that mean it.
    """

    name: str
    title: str = ""
    kept: Literal["claim", "column", "made"] = "claim"
    is_text: bool = True
    scope: str = "profile"
    editable: bool = False  # an installation may let people change it themselves: never who they are
    option: str = ""
    about: str = ""
    called: tuple[str, ...] = ()


ATTRIBUTES: Final[tuple[Attribute, ...]] = (
    Attribute("name", N_("Name"), COLUMN, editable=True, called=("full_name", "display_name")),
    Attribute(
        "given_name", N_("First name"), editable=True, option="--given-name", about="the first name",
        called=("first_name",),
    ),
    Attribute(
        "family_name", N_("Last name"), editable=True, option="--family-name", about="the last name",
        called=("last_name",),
    ),
    Attribute("middle_name", N_("Middle name"), editable=True),
    Attribute("nickname", N_("Nickname"), editable=True),
    Attribute("preferred_username", kept=MADE),
    Attribute("gender", N_("Gender"), editable=True),
    Attribute("birthdate", N_("Date of birth"), editable=True),
    Attribute("website", N_("Web page"), editable=True),
    Attribute("profile", N_("Page about you"), editable=True),
    Attribute("picture"),
    Attribute("email", N_("E-mail address"), COLUMN, scope="email", called=("mail", "e_mail", "email_address")),
    Attribute("email_verified", kept=COLUMN, is_text=False, scope="email"),
    Attribute("address", is_text=False, scope="address"),
    Attribute(
        "phone_number", N_("Phone number"), scope="phone", editable=True, option="--phone",
        about="the phone number, such as +491701234567", called=("phone",),
    ),
    Attribute("phone_number_verified", is_text=False, scope="phone"),
    Attribute(
        "locale", N_("Language"), editable=True, option="--locale", about="their language, such as de"
    ),
    Attribute(
        "zoneinfo", N_("Time zone"), editable=True, option="--zone", about="their time zone, such as Europe/Berlin"
    ),
    Attribute("updated_at", kept=MADE, is_text=False),
    Attribute("groups", N_("Groups"), COLUMN, is_text=False, scope="groups", called=("group",)),
    Attribute("roles", N_("Roles"), COLUMN, is_text=False, scope="roles", called=("role",)),
    Attribute("username", N_("Username"), COLUMN, scope="", called=("login", "user", "user_name")),
    Attribute("employee_number", N_("Employee number"), COLUMN, scope="", called=("number",)),
)  # fmt: skip
TITLES: Final = {one.name: one.title for one in ATTRIBUTES if one.title}
#: By what other programs call its column.
CALLED: Final = {name: one.name for one in ATTRIBUTES for name in one.called}


def in_columns() -> tuple[str, ...]:
    """Those that a person has a column for."""
    return tuple(one.name for one in ATTRIBUTES if one.kept == COLUMN)
