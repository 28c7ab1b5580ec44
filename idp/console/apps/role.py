"""What a program may do by the API: its role, given and taken back by owners (C2, C4)."""

from __future__ import annotations

import json
from typing import Any, Final

from clients import certificate_names
from clients.certificate_names import NAMES
from clients.client import Client
from clients.documents.address import in_path
from clients.errors import InvalidMetadata
from clients.registry import takes_secret
from idp import flash
from idp.accounts.person import ROLES, InvalidPerson
from idp.admin import programs
from idp.admin.permissions import Permission
from idp.admin.programs import Given
from idp.console.apps import showing
from idp.console.apps.finding import client_of
from idp.console.pages import ConsolePage, Visit
from idp.console.people import rights
from idp.protocols import Services
from idp.texts import N_
from idp.wire import Request, Response

_DN: Final = "tls_client_auth_subject_dn"
_FIELDS: Final = ("role", "scope", "until", "keys")
_KEYS: Final = N_(
    "Whoever holds its keys would have the role: paste its public keys (JWKS), or the address that publishes them."
)

_CERTIFICATE: Final = N_(
    "Whoever holds its certificate would have the role: say another name, which only its new certificate has."
)


def handle(services: Services, request: Request, visit: Visit) -> Response:
    """GET and POST /admin/apps/<id>/role."""
    client = client_of(services, request, visit)
    if request.method != "POST":
        return _page(services, request, visit, client)
    typed = {name: (request.form.first.get(name) or "").strip() for name in _FIELDS}
    problems: dict[str, str] = {}
    try:
        if take := request.form.get("take"):
            programs.change_roles(services, visit.actor, client, take=(take,))
            return flash.redirect(services, f"/admin/apps/{in_path(client.id)}/role", "role_taken")
        grant, keys = rights.grant_of(services, typed, problems), _keys(client, typed["keys"], problems)
        if grant is not None and not problems:
            given = programs.change_roles(services, visit.actor, client, give=(grant,), keys=keys)
            return _given(services, request, visit, client, given)
    except InvalidPerson as error:
        problems["role"] = error.message
    except InvalidMetadata as error:
        first = error.problems[0]
        problems["keys" if first.field in ("jwks", "jwks_uri", *NAMES) else "role"] = (
            first.message if typed["keys"] else {"jwks": _KEYS, _DN: _CERTIFICATE}.get(first.field, first.message)
        )
    return _page(services, request, visit, client, typed, problems)


def _keys(client: Client, text: str, problems: dict[str, str]) -> dict[str, Any] | None:
    """What was said of its keys; None for nothing."""
    if not text or takes_secret(client):
        return None
    if _has_authority(client):
        return certificate_names.said(text)
    if text.startswith("https://"):
        return {"jwks_uri": text}
    try:
        return {"jwks": json.loads(text)}
    except (ValueError, RecursionError):
        problems["keys"] = N_('Expected JSON such as {"keys": [...]}, or an address that begins with https://')
        return None


def _has_authority(client: Client) -> bool:
    return client.kind == "oidc" and "tls_client_auth" in client.oidc.auth_methods


def _given(services: Services, request: Request, visit: Visit, client: Client, given: Given) -> Response:
    if given.secret is None:
        return flash.redirect(services, f"/admin/apps/{in_path(client.id)}/role", "role_given")
    return showing.page(
        services, request, visit, services.registry.get(client.id), "console/apps/role_made.html", secret=given.secret
    )


def _page(
    services: Services, request: Request, visit: Visit, client: Client, typed: dict[str, str] | None = None,
    problems: dict[str, str] | None = None,
) -> Response:  # fmt: skip
    held = programs.grants_of(services, client.id)
    return showing.page(
        services, request, visit, client, "console/apps/role.html", status=422 if problems else 200,
        grants=[rights.shown_grant(services, one) for one in held], titles=rights.TITLES, all_roles=ROLES,
        typed=typed or dict.fromkeys(_FIELDS, ""), problems=problems or {}, needs_keys=not takes_secret(client),
        is_program=programs.is_program(client), by_name=_has_authority(client),
    )  # fmt: skip


PAGES = (ConsolePage("/admin/apps/<id>/role", handle, Permission.ROLES_GRANT, Permission.ROLES_GRANT),)
