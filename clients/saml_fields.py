"""What can be set for a SAML service provider, and what must hold between the values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from typing import Any

from clients.entities import SP_METADATA
from clients.errors import InvalidMetadata, Problem
from clients.metadata import check_values
from clients.service_provider import DECISIONS, build
from clients.values import ADDRESS, EMAIL, Kind, list_of, text

SAML_FIELDS: Mapping[str, Kind] = {
    "client_name": text(),
    # what the metadata says, and which source keeps it up to date
    "sp_metadata": SP_METADATA,
    # what the admin decides; a refresh of the metadata leaves it alone
    **DECISIONS,
    # what people see of it
    "contacts": list_of(EMAIL),
    "logo_uri": ADDRESS,
    "client_uri": ADDRESS,
    "policy_uri": ADDRESS,
    "tos_uri": ADDRESS,
    "launch_url": ADDRESS,
    "description": text(),
}
#: What `--set` takes: the rest is read from metadata.
SETTINGS: Mapping[str, Kind] = {
    key: kind for key, kind in SAML_FIELDS.items() if key not in ("client_name", "sp_metadata", "metadata_source")
}


def validate(said: Mapping[str, Any], *, allow_loopback: bool = False) -> dict[str, Any]:
    """What was said, tidied, when all of it may be registered. Errors: `InvalidMetadata` with every problem found."""
    valid, problems = check_values(dict(said), SAML_FIELDS, allow_loopback=allow_loopback)
    wrong = {problem.field for problem in problems}
    if "client_name" not in valid and "client_name" not in wrong:
        problems.append(Problem("client_name", "expected a text of 1 to 200 characters"))
    if "sp_metadata" not in valid and "sp_metadata" not in wrong:
        problems.append(Problem("sp_metadata", "is needed: the service provider's metadata, or its entityID and ACS"))
    if "sp_metadata" in valid:
        problems += [p for p in _rules(valid, wrong) if p.field not in wrong]
    if problems:
        raise InvalidMetadata(*problems)
    return valid


def check_settings(settings: Mapping[str, Any]) -> tuple[dict[str, Any], list[Problem]]:
    """The admin's settings alone, without metadata: what is valid, and what is wrong."""
    return check_values(dict(settings), SETTINGS, allow_loopback=False)


def _rules(said: Mapping[str, Any], wrong: Set[str]) -> Iterator[Problem]:
    provider = build(said)
    sha1 = [key for key in ("signature_algorithm", "digest_algorithm") if said.get(key, "").endswith("sha1")]
    for key in () if provider.allow_sha1 or "allow_sha1" in wrong else sha1:
        yield Problem(key, "SHA-1 can be forged; set allow_sha1=true as well if the application takes nothing else")
    if provider.encrypt == "required" and not provider.encryption_keys:
        yield Problem("encrypt", "required needs an encryption key, and the metadata has none")
    unsigned = "require_signed_requests" in wrong  # as far as is known
    if provider.requires_signed_requests and not provider.signing_certificates and not unsigned:
        key = "sp_metadata" if provider.require_signed_requests is None else "require_signed_requests"
        hint = "; set require_signed_requests=false to take unsigned ones" if key == "sp_metadata" else ""
        yield Problem(key, f"requests are to be signed, and the metadata has no key to check them with{hint}")


def find_warnings(said: Mapping[str, Any]) -> list[str]:
    """What is allowed and still worth a second look, a sentence each."""
    provider = build(said)
    found = []
    if provider.allow_sha1:
        found.append("allow_sha1 is on: signatures with SHA-1 can be forged; switch it off when the application can")
    if provider.allow_cbc:
        found.append("allow_cbc is on: what is encrypted with CBC can be changed on the way; prefer GCM")
    if provider.encrypt == "auto" and not provider.encryption_keys:
        found.append("assertions are signed and not encrypted: the metadata has no encryption key")
    if not provider.slo:
        found.append("it has no logout endpoint: signing out elsewhere does not sign people out of it")
    elif not provider.signing_certificates:
        found.append("it has no signing key: logout requests from it cannot be trusted and are refused")
    found += [
        f"{a.location} is for development only: it leads to the person's own machine"
        for a in provider.acs
        if a.location.startswith("http:")
    ]
    return found
