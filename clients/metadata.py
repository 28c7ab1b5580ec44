"""Client metadata: the table of every known key. RFC 7591 §2, Registration 1.0 §2, and Doorward's own."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from clients import certificate_names, relying_party
from clients.errors import InvalidMetadata, Problem
from clients.relying_party import SIGNING
from clients.values import ADDRESS, BOOLEAN, EMAIL, Kind, list_of, one_of, text

#: Every field: the rows of `RelyingParty`, and those that are read seldom, as `client.metadata`.
FIELDS: dict[str, Kind] = {
    **relying_party.FIELDS,
    # RFC 7591 §2
    "client_name": text(),
    "contacts": list_of(EMAIL),
    "logo_uri": ADDRESS,
    "client_uri": ADDRESS,
    "policy_uri": ADDRESS,
    "tos_uri": ADDRESS,
    "software_id": text(),
    "software_version": text(),
    "software_statement": text(10_000),
    # Registration 1.0 §2
    "application_type": one_of("web", "native").or_else("web"),
    "sector_identifier_uri": ADDRESS,
    "require_auth_time": BOOLEAN.or_else(False),
    # the logout specifications
    "backchannel_logout_session_required": BOOLEAN.or_else(False),
    "logout_token_claims": list_of(text(80)),
    "frontchannel_logout_uri": ADDRESS,
    "frontchannel_logout_session_required": BOOLEAN,
    # RFC 9101, 9126, 9449, 8705, 9396, 9701, JARM, CIBA
    **certificate_names.NAMES,
    "backchannel_token_delivery_mode": one_of("poll", "ping", "push"),
    "backchannel_client_notification_endpoint": ADDRESS,
    "backchannel_authentication_request_signing_alg": one_of(*SIGNING),
    "backchannel_user_code_parameter": BOOLEAN,
    # Doorward's own
    "launch_url": ADDRESS,
    "description": text(),
    "consent": one_of("implicit", "explicit").or_else("implicit"),
    "allow_dotless_scheme": BOOLEAN,
    "self_registered": BOOLEAN,  # and nobody here vouches for it: an admin who does takes it back
}
#: RFC 7591 §2.2: these may stand again with a language: `client_name#de`.
LOCALIZED = frozenset(("client_name", "client_uri", "logo_uri", "policy_uri", "tos_uri", "description"))
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,4}")


def find_kind(key: str, fields: Mapping[str, Kind] = FIELDS) -> Kind | None:
    """The sort of value that a key takes, localized keys included; None for an unknown key."""
    name, mark, language = key.partition("#")
    if mark and not (name in LOCALIZED and _LANGUAGE.fullmatch(language)):
        return None
    return fields.get(name)


def get_kind(key: str, fields: Mapping[str, Kind] = FIELDS) -> Kind:
    """The sort of value that a key takes. Errors: `InvalidMetadata`, which names the nearest known key."""
    kind = find_kind(key, fields)
    if kind is None:
        raise InvalidMetadata(Problem(key[:60], _unknown(key, fields)))
    return kind


def _unknown(key: str, fields: Mapping[str, Kind]) -> str:
    name, mark, _ = key.partition("#")
    if mark and name in LOCALIZED and name in fields:
        return f"expected a language after the '#', such as {name}#de"
    if mark and name in fields:
        return f"has no variants by language; use {name}"
    near = difflib.get_close_matches(name.lower().replace("-", "_")[:60], fields, n=1, cutoff=0.6)
    return "unknown key" + (f"; did you mean {near[0]}?" if near else "; see the list of client metadata")


def parse_setting(key: str, given: str, fields: Mapping[str, Kind] = FIELDS) -> Any:
    """The value of `key=value` from a command line: lists by comma or space, true/false, seconds (10m, 1h), JSON.

    Errors: `InvalidMetadata`. The value itself is checked on registration, together with all others.
    """
    try:
        return get_kind(key, fields).parse(given)
    except (ValueError, TypeError) as error:
        raise error if isinstance(error, InvalidMetadata) else InvalidMetadata(Problem(key, str(error))) from None


@dataclass(frozen=True, slots=True)
class Wrong:
    """Stands in the place of a value that cannot be taken, so that all that is wrong is told in one go."""

    problems: tuple[Problem, ...]


def read_setting(key: str, given: str, fields: Mapping[str, Kind] = FIELDS) -> Any:
    """The value of `key=value`, or `Wrong` in its place."""
    try:
        return parse_setting(key, given, fields)
    except InvalidMetadata as error:
        return Wrong(error.problems)


def check_values(
    said: dict[str, Any], fields: Mapping[str, Kind] = FIELDS, *, allow_loopback: bool
) -> tuple[dict[str, Any], list[Problem]]:
    """Every value by itself: what is valid, tidied, and what is wrong with the rest. None takes a key out."""
    valid: dict[str, Any] = {}
    problems: list[Problem] = []
    for key, value in said.items():
        if value is None:
            continue
        if isinstance(value, Wrong):
            problems += value.problems
            continue
        try:
            valid[key] = get_kind(key, fields).check(value, allow_loopback)
        except InvalidMetadata as error:
            problems += error.problems
        except ValueError as error:
            problems.append(Problem(key, str(error)))
    return valid, problems
