"""What the standards have and this product has not yet: one row each. A feature that works deletes its row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from clients.errors import Problem


@dataclass(frozen=True, slots=True)
class Row:
    """These values of a field are refused; no values named: the field itself, unless false or empty."""

    field: str
    values: tuple[str, ...] = ()
    why: str = ""


def _row(field: str, *values: str, why: str = "") -> Row:
    return Row(field, values, why)


UNSUPPORTED: tuple[Row, ...] = (
    _row("grant_types", "password", why="use authorization_code with PKCE"),
    _row("grant_types", "urn:ietf:params:oauth:grant-type:saml2-bearer"),
    _row(
        "token_endpoint_auth_method",
        "client_secret_jwt",
        why="secrets are kept hashed, so nothing signed with one can be checked; use private_key_jwt",
    ),
    _row("request_object_signing_alg", "none", why="what is not signed says no more than the URL around it"),
    _row("backchannel_user_code_parameter"),
    _row("software_statement"),
)


def values_of(field: str) -> tuple[str, ...]:
    """The values of a field that are known, and refused with a reason."""
    return tuple(value for row in UNSUPPORTED if row.field == field for value in row.values)


def find_unsupported(values: Mapping[str, Any], rows: tuple[Row, ...] = UNSUPPORTED) -> Iterator[Problem]:
    """What of these values is refused because it does not work yet."""
    for row in rows:
        value = values.get(row.field)
        if not value:
            continue
        given = value if isinstance(value, list) else [value]
        refused = [str(item) for item in given if item in row.values] if row.values else [""]
        for item in refused:
            why = f": {row.why}" if row.why else ""
            yield Problem(row.field, f"{item} is not supported yet{why}".strip())
