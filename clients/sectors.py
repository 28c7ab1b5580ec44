"""Sectors (Core §8.1): the host that applications share which may know a person by one name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from clients import offered, uris
from clients.errors import Problem

#: What gives a person's name at a redirect URI alone, whose host so proves whose it is; or no person's name.
_BY_REDIRECT: Final = frozenset(("authorization_code", offered.IMPLICIT))
_ALONG: Final = _BY_REDIRECT | {"refresh_token", "client_credentials"}
FIELD: Final = "sector_identifier_uri"


def sector_of(client_id: str, values: Mapping[str, Any]) -> str:
    """The sector of an application whose subjects are pairwise; '' for one whose are public."""
    if values.get("subject_type") != "pairwise":
        return ""
    if uri := values.get(FIELD):
        return uris.read(str(uri)).host
    # A redirect URI that nobody is ever sent to proves nothing: such an application has a sector of its own.
    hosts = sorted(_hosts(values)) if _BY_REDIRECT & _grants(values) else []
    return hosts[0] if hosts else f"client:{client_id}"


def proofs(values: Mapping[str, Any]) -> list[str]:
    """What the document of a sector must name: Registration 1.0 §5, and CIBA §4 where no redirect URI is used."""
    redirects = [str(one) for one in values.get("redirect_uris") or ()]
    if not _needs_keys(values):
        return redirects
    return [*redirects, str(values.get("jwks_uri") or "")]


def _grants(values: Mapping[str, Any]) -> set[str]:
    return {str(one) for one in values.get("grant_types") or ()}


def _needs_keys(values: Mapping[str, Any]) -> bool:
    """Whether its keys, and not its redirect URIs, say whose it is; an admin's word does as well."""
    grants = _grants(values)
    return bool(grants - _ALONG and (values.get("self_registered") or not grants & _BY_REDIRECT))


def _keys_missing(values: Mapping[str, Any]) -> Iterator[Problem]:
    has_hosts = values.get("self_registered") and _BY_REDIRECT & _grants(values) and _hosts(values)
    if not values.get(FIELD) and has_hosts:
        yield Problem(
            FIELD,
            "is needed for pairwise subjects: some of the grant types need no redirect URI, so their host proves "
            "nothing; its JSON list names the redirect URIs and jwks_uri (CIBA §4)",
        )
        return
    method = offered.AUTH_METHODS.get(str(values.get("token_endpoint_auth_method")))
    by_key = method is not None and method.jwks
    if values.get(FIELD) and not (values.get("jwks_uri") and (by_key or not values.get("self_registered"))):
        yield Problem(
            FIELD,
            "takes a jwks_uri that its list names, and a client that proves itself by these keys: some of the grant "
            "types need no redirect URI (CIBA §4)",
        )


def problems(values: Mapping[str, Any]) -> Iterator[Problem]:
    """What keeps an application from having one sector."""
    if values.get("subject_type") != "pairwise":
        return
    if _needs_keys(values):
        yield from _keys_missing(values)
    if values.get(FIELD) or not _BY_REDIRECT & _grants(values):
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
