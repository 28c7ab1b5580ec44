"""A protected resource that wants a stronger or a younger sign-in than a token has behind it (RFC 9470)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from idp.errors import OAuthError
from idp.login.authn import reached
from idp.oidc.bearer import Access
from idp.protocols import Services
from idp.wire import Params

#: What may stand between the quotes of a challenge (RFC 6750 §3).
_QUOTABLE = re.compile(r"[\x20\x21\x23-\x5b\x5d-\x7e]{1,500}")


@dataclass(frozen=True, slots=True)
class Wanted:
    """`acr_values`: one of them is to be reached; `max_age`: seconds since the sign-in, None: however old it is."""

    acr_values: tuple[str, ...] = ()
    max_age: int | None = None


def read(params: Params) -> Wanted:
    """What a request asks the resource to demand, by the names of RFC 9470 §3. Errors: `OAuthError`."""
    values, age = params.get("acr_values") or "", params.get("max_age")
    if values and not _QUOTABLE.fullmatch(values):
        raise _unreadable("acr_values", "acr values, parted by spaces", "acr_values")
    if age is not None and not (age.isascii() and age.isdigit() and len(age) <= 9):
        raise _unreadable("max_age", "seconds", "max_age")
    return Wanted(tuple(values.split()), None if age is None else int(age))


def _unreadable(field: str, expected: str, kind: str) -> OAuthError:
    return OAuthError(
        "invalid_request", f"{field} is not readable: {expected}.", field=field, expected=expected, got="another form",
        kind=kind,
    )  # fmt: skip


def check(services: Services, access: Access, wanted: Wanted, scheme: str) -> None:
    """RFC 9470 §3: the token stays good, for all that asks for less. Errors: `OAuthError`."""
    methods = tuple(access.row.methods.split()) if access.person_id is not None else ()
    if wanted.acr_values and not set(wanted.acr_values) & set(reached(methods)):
        raise _insufficient(wanted, scheme, "A different authentication level is required.", "acr_values")
    signed_in = access.row.auth_time if access.person_id is not None else 0.0
    if wanted.max_age is not None and services.clock() - signed_in > wanted.max_age:
        raise _insufficient(wanted, scheme, "More recent authentication is required.", "max_age")


def _insufficient(wanted: Wanted, scheme: str, description: str, field: str) -> OAuthError:
    challenge = f'{"DPoP" if scheme == "dpop" else "Bearer"} realm="doorward"'
    challenge += f', error="insufficient_user_authentication", error_description="{description}"'
    if wanted.acr_values:
        challenge += f', acr_values="{" ".join(wanted.acr_values)}"'
    if wanted.max_age is not None:
        challenge += f', max_age="{wanted.max_age}"'
    asked = " ".join(wanted.acr_values) if field == "acr_values" else str(wanted.max_age)
    return OAuthError(
        "insufficient_user_authentication", description, status=401, headers=(("WWW-Authenticate", challenge),),
        field=field, expected=asked, got="less" if field == "acr_values" else "an older sign-in",
        fix=f"Let the application send the person once more, with {field} as the challenge has it (RFC 9470 §4).",
        kind="insufficient_user_authentication",
    )  # fmt: skip
