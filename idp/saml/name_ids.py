"""The NameID by which a person is known to a service provider (Core §2.2, §8.3)."""

from __future__ import annotations

import os
from base64 import b32encode
from collections.abc import Mapping
from typing import Any, Final

from clients.service_provider import ServiceProvider
from idp.errors import SamlError

from . import names
from .messages import NameIDPolicy

#: Formats whose value is something known of the person, and under which name it is known.
_FROM_PERSON: Final[Mapping[str, str]] = {
    names.NAMEID_EMAIL: "email",
    names.NAMEID_UNSPECIFIED: "username",
    names.NAMEID_X509: "x509_subject_name",
    names.NAMEID_WINDOWS: "windows_account_name",
    names.NAMEID_KERBEROS: "kerberos_principal",
}
SUPPORTED: Final = frozenset({names.NAMEID_PERSISTENT, names.NAMEID_TRANSIENT, *_FROM_PERSON})
#: No format: the assertion names nobody, and only its attributes say who it is (IIP-IDP11). For an admin to choose.
NONE: Final = "none"
#: In metadata: those that every person has.
ADVERTISED: Final = (
    names.NAMEID_PERSISTENT, names.NAMEID_TRANSIENT, names.NAMEID_EMAIL, names.NAMEID_UNSPECIFIED,
)  # fmt: skip


def choose_format(provider: ServiceProvider, policy: NameIDPolicy | None) -> str:
    """The request's, else the admin's, else the metadata's first that there is, else `unspecified`.

    Errors: `SamlError` (InvalidNameIDPolicy).
    """
    check_qualifier(provider, policy)
    wanted = None if policy is None else policy.format
    if wanted not in (None, names.NAMEID_UNSPECIFIED, names.NAMEID_ENCRYPTED):
        return _supported(str(wanted))
    if provider.name_id_format == NONE:
        return NONE
    if provider.name_id_format is not None:
        return _supported(provider.name_id_format)
    declared = [one for one in provider.name_id_formats if one in SUPPORTED]
    return declared[0] if declared else names.NAMEID_UNSPECIFIED


def check_qualifier(provider: ServiceProvider, policy: NameIDPolicy | None) -> None:
    """Core §3.4.1.1: SPNameQualifier names the sender itself; there are no affiliations here. Errors: `SamlError`."""
    qualifier = None if policy is None else policy.sp_name_qualifier
    if qualifier not in (None, provider.entity_id):
        raise invalid("SPNameQualifier must be the entityID of the service provider itself.")


def _supported(format_uri: str) -> str:
    if format_uri not in SUPPORTED:
        raise invalid(f"NameIDs of the format {format_uri[:200]} are not issued here.")
    return format_uri


def of_person(format_uri: str, known: Mapping[str, Any]) -> str:
    """The value in a format that is neither persistent nor transient. Errors: `SamlError` where the person has none."""
    name = _FROM_PERSON[format_uri]
    value = known.get(name)
    if not isinstance(value, str) or not value:
        raise invalid(
            "This person has no identifier of the format that is asked for.", detail=f"the person has no {name}",
            fix=f"Give the person the attribute {name}, or let the service provider use another name_id_format.",
        )  # fmt: skip
    return value


def new_persistent() -> str:
    """160 random bits in lower-case base32: two of them never differ in case alone (IIP-IDP21)."""
    return b32encode(os.urandom(20)).decode("ascii").lower()


def new_transient() -> str:
    """160 random bits, for one session at one service provider."""
    return "_" + os.urandom(20).hex()


def invalid(message: str, *, detail: str = "", fix: str = "") -> SamlError:
    """Core §3.2.2.2: the NameIDPolicy cannot be met."""
    return SamlError(names.REQUESTER, names.INVALID_NAMEID_POLICY, message, detail=detail, fix=fix)
