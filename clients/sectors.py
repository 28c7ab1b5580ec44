"""Sectors (Core §8.1): the host that applications share which may know a person by one name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from clients import uris
from clients.errors import Problem


def sector_of(values: Mapping[str, Any]) -> str:
    """The sector of an application whose subjects are pairwise; '' for one whose are public."""
    if values.get("subject_type") != "pairwise":
        return ""
    if uri := values.get("sector_identifier_uri"):
        return uris.read(str(uri)).host
    return next(iter(sorted(_hosts(values))), "(none)")


def problems(values: Mapping[str, Any]) -> Iterator[Problem]:
    """What keeps an application from having one sector."""
    if values.get("subject_type") != "pairwise" or values.get("sector_identifier_uri"):
        return
    hosts = _hosts(values)
    if len(hosts) > 1:
        # Core §8.1: with several hosts there must be a document that names all of them.
        yield Problem(
            "sector_identifier_uri",
            f"is needed for pairwise subjects: the redirect URIs have several hosts ({', '.join(sorted(hosts))}); "
            "give an https address whose JSON list has all of them",
        )
    elif not hosts and values.get("redirect_uris"):
        yield Problem(
            "sector_identifier_uri", "is needed for pairwise subjects: none of the redirect URIs has a host of its own"
        )


def _hosts(values: Mapping[str, Any]) -> set[str]:
    found = set()
    for uri in values.get("redirect_uris") or ():
        try:
            parts = uris.read(uri)
        except ValueError:  # another rule says so
            continue
        if parts.scheme in uris.DEFAULT_PORTS:
            found.add(parts.host)
    return found
