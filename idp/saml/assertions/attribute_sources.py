"""Of which attributes of a person SAML attributes can be made: a typo would release nothing, in silence, for ever."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Any

from clients.errors import InvalidMetadata, Problem
from clients.metadata import Wrong
from idp.protocols import Services
from idp.saml.assertions.attribute_catalogue import PRESETS
from idp.saml.assertions.attribute_titles import TITLES

_MORE = (
    "preferred_username", "id", "middle_name", "nickname", "profile", "picture", "website", "gender", "birthdate",
    "zoneinfo", "address", "x509_subject_name", "windows_account_name", "kerberos_principal",
)  # fmt: skip


def check_sources(services: Services, settings: Mapping[str, Any]) -> None:
    """Errors: `InvalidMetadata` where `attributes` names an attribute that no person has, with those that exist."""
    unknown = [(name, source) for name, source in _named(settings.get("attributes")) if source not in _usual()]
    if not unknown:
        return
    known = sorted(_usual() | services.directory.claim_names() | services.registry.attributes().keys())
    problems = [(name, source) for name, source in unknown if source not in known]
    if problems:
        raise InvalidMetadata(*(Problem("attributes", _sentence(name, source, known)) for name, source in problems))


def with_sources_checked(services: Services, settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings; where `check_sources` complains, `Wrong` in the place of `attributes`, to be told with the rest."""
    try:
        check_sources(services, settings)
    except InvalidMetadata as error:
        return {**settings, "attributes": Wrong(error.problems)}
    return dict(settings)


def _named(table: Any) -> Iterator[tuple[str, str]]:
    for name, rule in table.items() if isinstance(table, Mapping) else ():
        source = rule.get("source") if isinstance(rule, Mapping) else rule
        if isinstance(source, str) and name != "*":
            yield str(name), source


def _usual() -> frozenset[str]:
    of_presets = {one.source for preset in PRESETS.values() for one in preset}
    return frozenset({*TITLES, *_MORE, *of_presets})


def _sentence(name: str, source: str, known: list[str]) -> str:
    near = difflib.get_close_matches(source.lower(), known, n=1, cutoff=0.6)
    hint = f" (did you mean {near[0]}?)" if near else ""
    return (
        f"{name[:60]}: nobody has an attribute {source[:60]}{hint}. There are {', '.join(known)}. One of your own "
        "exists as soon as somebody has it (--claim)"
    )
