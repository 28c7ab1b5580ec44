"""An application's page: what to paste on its side, who may open it, its secrets, its failures, its history."""

from __future__ import annotations

from typing import Any

from clients import offered
from clients.client import Client
from clients.snapshots import Entry
from idp.admin import (
    access,
    activity,
    applications,
    descriptions,
    managed,
    programs,
    registration_tokens,
    symptoms,
)
from idp.admin.histories import applications as app_history
from idp.admin.permissions import Permission
from idp.audit import Event
from idp.console import frame
from idp.console.apps import changes, pasting
from idp.console.apps.finding import client_of, removed_of
from idp.console.pages import ConsolePage, Visit
from idp.protocols import Services
from idp.wire import Page, Request, Response

SOON = 14 * 86_400  # seconds before the end of a secret at which it is said


def show(services: Services, request: Request, visit: Visit) -> Response:
    """GET /admin/apps/<id>."""
    gone = removed_of(services, request, visit)
    if gone is not None:
        return frame.page(services, request, visit, "console/apps/removed.html", app=gone)
    client = client_of(services, request, visit)
    described = descriptions.described(services, client)
    came = registration_tokens.find_registered(services, visit.actor, client.id)
    owner = services.directory.find(came.policy.owner) if came is not None and came.policy.owner else None
    return page(
        services, request, visit, client, "console/apps/show.html",
        fields=pasting.fields(services, client), endpoints=pasting.endpoints(services, client),
        snippet=described.get("snippet", ""),
        notes=(*applications.unreachable(services, client), *described.get("troubles", ())),
        came=came, owner=owner.name or owner.username if owner is not None else "",
        rule=access.described(services, client), managed_by=managed.manager_of(services, "application", client.id),
        by_file_alone=services.settings.admin.managed == "refuse",
        secrets=secrets_of(services, client), symptoms=symptoms.of_application(services, visit.actor, client),
        failures=_failures(services, client),
        sign_outs=applications.sign_outs(services, visit.actor, client),
        history=changes.told(app_history.of(services, client.id, many=5)),
    )  # fmt: skip


def page(
    services: Services, request: Request, visit: Visit, client: Client | Entry, template: str, *, status: int = 200,
    **values: Any,
) -> Page:  # fmt: skip
    """A page of one application, under its name and tabs."""
    may = {
        name: visit.actor.may_app(permission, client.id)
        for name, permission in (
            ("change", Permission.APPS_CHANGE), ("secrets", Permission.APPS_SECRETS),
            ("remove", Permission.APPS_REMOVE),
        )
    }  # fmt: skip
    may["role"] = visit.actor.may(Permission.ROLES_GRANT) and isinstance(client, Client) and programs.is_program(client)
    legacy = [] if isinstance(client, Entry) else offered.front_types(client.oidc.response_types)
    return frame.page(
        services, request, visit, template, status=status, app=client, may_app=may, legacy=", ".join(legacy), **values
    )  # fmt: skip


def secrets_of(services: Services, client: Client) -> list[dict[str, Any]]:
    """Those that work, the newest first. `ends_soon`: within two weeks."""
    now = services.clock()
    return [
        {"id": one.id, "made_at": one.created_at, "used_at": one.last_used_at, "ends_at": one.expires_at,
         "ends_soon": one.expires_at is not None and one.expires_at - now < SOON}
        for one in reversed(services.registry.list_secrets(client.id)) if one.is_valid(now)
    ]  # fmt: skip


def _failures(services: Services, client: Client) -> list[dict[str, Any]]:
    names = activity.Names(services)
    return [_failure(event, names) for event in reversed(applications.failures(services, client))]


def _failure(event: Event, names: activity.Names) -> dict[str, Any]:
    story = activity.story(event, names)
    what = story["what"] or story["shown"] or story["code"]
    return {"at": event.at, "id": event.error_id, "what": what, "fix": story["fix"], "person": story["person"]}


PAGES = (ConsolePage("/admin/apps/<id>", show, Permission.APPS_READ),)
