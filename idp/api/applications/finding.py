"""The application that a path names, if it is the caller's to know of; and lists of them."""

from __future__ import annotations

from clients.access import Access as Rule
from clients.access import Term
from clients.client import Client
from clients.search import Found
from idp.admin import applications
from idp.admin.permissions import Permission
from idp.api import paging
from idp.api.applications.models import Access, AccessTerm, Listed, ListedPage, Search
from idp.api.models import moment, moment_or_none
from idp.api.operations import Call
from idp.api.problems import not_found
from idp.protocols import Services


def get(services: Services, call: Call, permission: Permission = Permission.APPS_READ) -> Client:
    """The application of the path. What the caller may not read is not there for them (S59).

    Errors: `Problem` (404), `NotAllowed` where they may read it and no more.
    """
    client_id = call.path["id"]
    if not call.actor.may_app(Permission.APPS_READ, client_id):
        raise not_found("application")
    services.registry.refresh()
    client = services.registry.find(client_id)
    if client is None:
        raise not_found("application")
    call.actor.check_app(permission, client_id)
    return client


def search(services: Services, call: Call) -> ListedPage:
    """GET /applications."""
    query: Search = call.query
    after = paging.place(services, call) or ""
    found = applications.search(
        services, call.actor, query.query, which=query.which, after=after, many=query.limit + 1
    )  # fmt: skip
    shown = found[: query.limit]
    more = paging.cursor(services, call, shown[-1].cursor) if len(found) > query.limit else None
    return ListedPage(items=tuple(map(listed, shown)), next=more)


def listed(found: Found) -> Listed:
    """One line of a list."""
    return Listed(
        id=found.id, protocol="saml" if found.kind == "saml" else "oidc", name=found.name, profile=found.profile,
        enabled=found.enabled, access=access_of(found.access), changed_at=moment(found.changed_at),
        removed_at=moment_or_none(found.deleted_at),
    )  # fmt: skip


def access_of(rule: Rule) -> Access:
    """A rule as the API has it."""
    return Access(
        everyone=rule.everyone, groups=tuple(sorted(rule.groups)), persons=tuple(sorted(rule.persons)),
        terms=tuple(_term(key, term) for key, term in rule.terms),
    )  # fmt: skip


def _term(key: str, term: Term) -> AccessTerm:
    kind, _, name = key.partition(":")
    return AccessTerm(**{kind: name}, since=moment_or_none(term.since), until=moment_or_none(term.until))
