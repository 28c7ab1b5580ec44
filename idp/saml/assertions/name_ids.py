"""The NameID by which a person is known to a service provider (Core §2.2, §8.3)."""

from __future__ import annotations

import os
from base64 import b32encode
from collections.abc import Mapping
from typing import Any, Final

from clients.service_provider import ServiceProvider
from idp.errors import SamlError
from idp.saml.messages import names
from idp.saml.messages.authn_request import NameIDPolicy

#: Formats whose value is something known of the person, and under which name it is known.
_FROM_PERSON: Final[Mapping[str, str]] = {
    names.NAMEID_EMAIL: "email",
    names.NAMEID_UNSPECIFIED: "username",
    names.NAMEID_X509: "x509_subject_name",
    names.NAMEID_WINDOWS: "windows_account_name",
    names.NAMEID_KERBEROS: "kerberos_principal",
}
SUPPORTED: Final = frozenset({names.NAMEID_PERSISTENT, names.NAMEID_TRANSIENT, *_FROM_PERSON})
#: Formats that only those people have who were given the attribute.
BY_ATTRIBUTE: Final[Mapping[str, str]] = {
    one: _FROM_PERSON[one] for one in (names.NAMEID_X509, names.NAMEID_WINDOWS, names.NAMEID_KERBEROS)
}
#: No format: the assertion names nobody, and only its attributes say who it is (IIP-IDP11). For an admin to choose.
NONE: Final = "none"
#: In metadata: those that every person has.
ADVERTISED: Final = (
    names.NAMEID_PERSISTENT, names.NAMEID_TRANSIENT, names.NAMEID_EMAIL, names.NAMEID_UNSPECIFIED,
)  # fmt: skip


def choose_formats(provider: ServiceProvider, policy: NameIDPolicy | None) -> tuple[str, ...]:
    """The formats that would do, the preferred one first: which one it is, depends on who signs in.

    The request's, else the admin's, else the metadata's in their order, else `unspecified`. The admin's takes the place
    of a request's that is not issued here, or that a person has not. Errors: `SamlError` (InvalidNameIDPolicy).
    """
    check_qualifier(provider, policy)
    wanted, own = None if policy is None else policy.format, provider.name_id_format
    if wanted not in (None, names.NAMEID_UNSPECIFIED, names.NAMEID_ENCRYPTED):
        if own is None or wanted in (names.NAMEID_PERSISTENT, names.NAMEID_TRANSIENT):
            return (_supported(str(wanted)),)
        own = own if own == NONE else _supported(own)
        return tuple(dict.fromkeys((str(wanted), own))) if wanted in SUPPORTED else (own,)
    if own is not None:
        return (own if own == NONE else _supported(own),)
    return tuple(one for one in provider.name_id_formats if one in SUPPORTED) or (names.NAMEID_UNSPECIFIED,)


def choose_format(
    formats: tuple[str, ...], known: Mapping[str, Any], *, has_persistent: bool = False, may_create: bool = True
) -> str:
    """The first of these that the person can have; where it is none of them, the first, and `of_person` says why."""

    def can_have(one: str) -> bool:
        if one == names.NAMEID_PERSISTENT:
            return has_persistent or may_create
        return one not in _FROM_PERSON or bool(_value(one, known))

    return next((one for one in formats if can_have(one)), formats[0])


def check_qualifier(provider: ServiceProvider, policy: NameIDPolicy | None) -> None:
    """Core §3.4.1.1: SPNameQualifier names the sender itself; there are no affiliations here. Errors: `SamlError`."""
    qualifier = None if policy is None else policy.sp_name_qualifier
    if qualifier not in (None, provider.entity_id):
        raise invalid("SPNameQualifier must be the entityID of the service provider itself.", kind="name_id_qualifier")


def _supported(format_uri: str) -> str:
    if format_uri not in SUPPORTED:
        raise invalid(
            f"NameIDs of the format {format_uri[:200]} are not issued here.",
            fix="Let the application ask for another one, or overrule it for this application: doorward client set ID "
            "name_id_format=email (or persistent, transient, unspecified).",
            kind="name_id_format",
        )
    return format_uri


def of_person(format_uri: str, known: Mapping[str, Any]) -> str:
    """The value in a format that is neither persistent nor transient. Errors: `SamlError` where the person has none."""
    name, value = _FROM_PERSON[format_uri], _value(format_uri, known)
    if not value:
        raise invalid(
            "This person has no identifier of the format that is asked for.", detail=f"the person has no {name}",
            fix=f"Give the person the attribute {name}, or let the application have another one: doorward client set "
            "ID name_id_format=email (or persistent, transient, unspecified).", kind="name_id_of_person",
        )  # fmt: skip
    return value


def _value(format_uri: str, known: Mapping[str, Any]) -> str:
    value = known.get(_FROM_PERSON[format_uri])
    return value if isinstance(value, str) else ""


def new_persistent() -> str:
    """160 random bits in lower-case base32: two of them never differ in case alone (IIP-IDP21)."""
    return b32encode(os.urandom(20)).decode("ascii").lower()


def new_transient() -> str:
    """160 random bits, for one session at one service provider."""
    return "_" + os.urandom(20).hex()


def invalid(message: str, *, kind: str, **more: str) -> SamlError:
    """Core §3.2.2.2: the NameIDPolicy cannot be met. `more`: as of `SamlError`."""
    return SamlError(names.REQUESTER, names.INVALID_NAMEID_POLICY, message, **more, kind=kind)
