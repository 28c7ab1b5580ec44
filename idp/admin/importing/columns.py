"""Which column of a file means what: matched by name, or chosen by hand."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from idp.accounts import name_parts
from idp.accounts.person import Draft
from idp.attributes import ATTRIBUTES, CALLED, CLAIM, TITLES
from idp.texts import N_

IGNORED, OWN = "", "own"  # a column that is left out; one that is kept under its own name
_FIELDS: Final = ("username", "email", "name", "given_name", "family_name", "employee_number", "groups")
_CLAIMS: Final = tuple(one.name for one in ATTRIBUTES if one.kept == CLAIM and one.is_text and one.title)
#: What a column may mean, with its title.
TARGETS: Final[Mapping[str, str]] = {
    IGNORED: N_("Leave out"),
    **{name: TITLES[name] for name in dict.fromkeys((*_FIELDS, *_CLAIMS))},
    OWN: N_("Keep under its own name"),
}
#: Columns as the files of other languages and programs call them, beside `attributes.CALLED`.
_ALSO: Final[Mapping[str, str]] = {
    "benutzername": "username", "anmeldename": "username", "identifiant": "username", "usuario": "username",
    "samaccountname": "username", "userprincipalname": "username", "用户名": "username",
    "e_mail_adresse": "email", "courriel": "email", "correo": "email", "email_address": "email", "邮箱": "email",
    "vorname": "given_name", "prénom": "given_name", "nombre": "given_name", "givenname": "given_name",
    "nachname": "family_name", "familienname": "family_name", "nom": "family_name", "apellidos": "family_name",
    "surname": "family_name", "sn": "family_name", "姓名": "name", "displayname": "name",
    "gruppe": "groups", "gruppen": "groups", "groupes": "groups", "grupos": "groups", "组": "groups",
    "personalnummer": "employee_number", "matricule": "employee_number", "employee_id": "employee_number",
    "employeenumber": "employee_number", "telefon": "phone_number", "téléphone": "phone_number",
}  # fmt: skip


def guess(header: Sequence[str], defined: Collection[str] = ()) -> list[str]:
    """What each column means by its name; what is not known is left out until somebody says. None means one twice.

    `defined`: the organisation's own attributes, which are kept under their names.
    """
    found: list[str] = []
    for name in header:
        plain = name.strip().casefold().replace("-", "_").replace(" ", "_")
        target = CALLED.get(plain, _ALSO.get(plain, plain))
        if name in defined and target not in TARGETS:
            found.append(OWN)
            continue
        found.append(target if target in TARGETS and target != OWN and target not in found else IGNORED)
    return found


def is_enough(columns: Sequence[str]) -> bool:
    """Whether people can be told apart by them."""
    return "username" in columns or "email" in columns


def said_of(header: Sequence[str], columns: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
    """What a row says, by target; own columns as `own:name`. Empty cells say nothing."""
    found = {}
    for name, target, cell in zip(header, columns, cells, strict=False):
        if target and cell.strip():
            found[f"{OWN}:{name}" if target == OWN else target] = cell.strip()
    return found


def names_of(text: str) -> tuple[str, ...]:
    """Groups of one cell: separated by `|`, `;` or commas."""
    parts = text.replace(";", "|").replace(",", "|").split("|")
    return tuple(dict.fromkeys(part.strip() for part in parts if part.strip()))


def claims_of(said: Mapping[str, str]) -> dict[str, Any]:
    """The further claims of a row."""
    own = {name.partition(":")[2]: value for name, value in said.items() if name.startswith(f"{OWN}:")}
    return {**own, **{name: said[name] for name in _CLAIMS if name in said}}


def name_of(said: Mapping[str, str]) -> str:
    """The full name, also of its parts."""
    parts = (said[part] for part in ("given_name", "family_name") if part in said)
    return said.get("name") or " ".join(parts)


def draft_of(said: Mapping[str, str]) -> Draft:
    """Somebody new, as a row describes them; without groups and roles."""
    name = name_of(said)
    return Draft(
        username=said.get("username") or said.get("email", ""), email=said.get("email"), name=name,
        employee_number=said.get("employee_number"), claims=name_parts.completed(name, claims_of(said)),
    )  # fmt: skip
