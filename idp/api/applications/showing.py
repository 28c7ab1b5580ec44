"""An application as an answer: whole, with its edition; its secrets, its rule, its history, a preview."""

from __future__ import annotations

from clients.client import Client
from idp.admin import access, managed, preview
from idp.admin.histories import applications as app_history
from idp.admin.histories import changes
from idp.admin.permissions import Permission
from idp.api import paging
from idp.api.applications import finding
from idp.api.applications.models import (
    AccessRule,
    Application,
    Change,
    Changes,
    Difference,
    Preview,
    PreviewLine,
    Secret,
    Secrets,
    WhosePreview,
)
from idp.api.models import Paged, moment, moment_or_none
from idp.api.operations import Answer, Call
from idp.api.problems import Problem
from idp.protocols import Services

_APART = ("client_name", "sp_metadata", "metadata_source")


def get(services: Services, call: Call) -> Answer:
    """GET /applications/<id>."""
    return answered(services, finding.get(services, call))


def answered(services: Services, client: Client) -> Answer:
    """An application with its edition."""
    value, edition = shown(services, client)
    return Answer(value=value, etag=edition)


def shown(services: Services, client: Client) -> tuple[Application, str]:
    """An application, and the edition that it is."""
    edition, said = services.registry.as_registered(client.id)
    client = fresh(services, client)  # read after its edition: what is newer than its tag is refused, and not lost
    value = Application(
        id=client.id, protocol="saml" if client.saml is not None else "oidc", name=client.name, profile=client.profile,
        enabled=client.enabled, access=finding.access_of(client.access),
        metadata={key: value for key, value in said.items() if key not in _APART},
        effective={key: value for key, value in client.metadata.items() if key not in _APART},
        service_provider=None if client.saml is None else dict(client.saml.facts),
        managed_by=managed.manager_of(services, "application", client.id) or None,
        created_at=moment(client.created_at), changed_at=moment(client.changed_at),
    )  # fmt: skip
    return value, edition


def fresh(services: Services, client: Client) -> Client:
    """The application as it stands: what one process keeps of them may be some seconds old."""
    services.registry.refresh()
    return services.registry.get(client.id)


def rule(services: Services, call: Call) -> Answer:
    """GET /applications/<id>/access."""
    return rule_of(services, finding.get(services, call))


def rule_of(services: Services, client: Client) -> Answer:
    """Who may open an application."""
    edition = services.registry.edition(client.id)
    client = fresh(services, client)
    about = access.described(services, client)
    plain = finding.access_of(client.access)
    value = AccessRule(
        everyone=plain.everyone, groups=plain.groups, persons=plain.persons, terms=plain.terms, people=about["people"],
        missing_groups=tuple(one["name"] for one in about["groups"] if not one["exists"]),
    )  # fmt: skip
    return Answer(value=value, etag=edition)


def secrets(services: Services, call: Call) -> Secrets:
    """GET /applications/<id>/secrets."""
    client, now = finding.get(services, call), services.clock()
    return Secrets(items=tuple(
        Secret(id=one.id, created_at=moment(one.created_at), expires_at=moment_or_none(one.expires_at),
               last_used_at=moment_or_none(one.last_used_at))
        for one in reversed(services.registry.list_secrets(client.id)) if one.is_valid(now)
    ))  # fmt: skip


def history(services: Services, call: Call) -> Changes:
    """GET /applications/<id>/history."""
    client, query = finding.get(services, call), call.query
    assert isinstance(query, Paged)
    found = app_history.of(services, client.id, before=paging.place(services, call) or "", many=query.limit + 1)
    some = found[: query.limit]
    more = paging.cursor(services, call, some[-1].id) if len(found) > query.limit else None
    return Changes(items=tuple(map(_change, some)), next=more)


def _change(one: changes.Change) -> Change:
    return Change(
        id=one.id, at=moment(one.at), action=one.action, who=one.who, address=one.address, can_undo=one.can_undo,
        differences=tuple(Difference(field=d.field, old=d.old, new=d.new) for d in one.differences),
    )  # fmt: skip


def previewed(services: Services, call: Call) -> Preview:
    """GET /applications/<id>/preview."""
    client, query = finding.get(services, call), call.query
    assert isinstance(query, WhosePreview)
    call.actor.check(Permission.PEOPLE_FIND)
    person = services.directory.find_named(query.person)
    if person is None:
        raise Problem("not-found", "Nobody signs in with this, and nobody has this id.")
    found = preview.of_person(services, call.actor, client, person)
    return Preview(
        allowed=found.decision.allowed, reason=found.decision.reason, subject=_lines(found.subject),
        id_token=_lines(found.id_token), userinfo=_lines(found.userinfo), attributes=_lines(found.attributes),
        missing=found.missing,
    )  # fmt: skip


def _lines(found: tuple[preview.Line, ...]) -> tuple[PreviewLine, ...]:
    return tuple(PreviewLine(name=one.name, value=one.value, source=one.source) for one in found)
