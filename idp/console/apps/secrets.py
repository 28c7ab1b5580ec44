"""The secrets of an application: a new one beside the old ones, an end to one (R6)."""

from __future__ import annotations

from typing import Final

from clients.client import Client
from clients.documents.address import in_path
from clients.errors import InvalidMetadata
from clients.registry import Registered, takes_secret
from idp import flash
from idp.admin import applications
from idp.admin.permissions import Permission
from idp.console.apps import adding, showing
from idp.console.apps.finding import client_of
from idp.console.pages import ConsolePage, Visit
from idp.ids import digest, new_id
from idp.protocols import Services
from idp.texts import N_
from idp.wire import Redirect, Request, Response

_TTL: Final = 86_400.0  # seconds that a form which was sent once is known
#: How long the old ones work beside a new one, in seconds.
KEEP: Final[tuple[tuple[str, str], ...]] = (
    ("604800", N_("7 days, to change it there in peace")),
    ("86400", N_("One day")),
    ("3600", N_("One hour")),
    ("2592000", N_("30 days")),
    ("0", N_("They end at once: somebody else may know them")),
)
_CHOOSE = N_("Choose how long the old secrets go on.")


def handle(services: Services, request: Request, visit: Visit) -> Response:
    """GET and POST /admin/apps/<id>/secrets."""
    client = client_of(services, request, visit)
    if request.method == "POST":
        try:
            end = request.form.get("end")
            return _end(services, visit, client, end) if end else _add(services, request, visit, client)
        except InvalidMetadata as error:
            return _page(services, request, visit, client, error.problems[0].message, 400)
    return _page(services, request, visit, client)


def _add(services: Services, request: Request, visit: Visit, client: Client) -> Response:
    keep = request.form.get("keep") or ""
    if keep not in dict(KEEP):
        return _page(services, request, visit, client, _CHOOSE, 400)
    key = f"console:secret:{visit.session.person_id}:{digest(request.form.get('once') or new_id(services.clock()))}"
    if not services.state.add(key, 1, _TTL):  # a reload of the answer: the secret was shown, and is not made anew
        return Redirect(location=services.url(f"/admin/apps/{in_path(client.id)}/secrets"))
    secret = applications.add_secret(services, visit.actor, client, float(keep))
    made = Registered(services.registry.get(client.id), secret)
    shown = {name: value for name, value in adding.shown(services, made).items() if name != "app"}
    return showing.page(services, request, visit, made.client, "console/apps/secret_made.html", **shown)


def _end(services: Services, visit: Visit, client: Client, secret_id: str) -> Response:
    applications.end_secret(services, visit.actor, client, secret_id)
    return flash.redirect(services, f"/admin/apps/{in_path(client.id)}/secrets", "secret_ended")


def _page(
    services: Services, request: Request, visit: Visit, client: Client, problem: str = "", status: int = 200
) -> Response:
    return showing.page(
        services, request, visit, client, "console/apps/secrets.html", status=status, problem=problem,
        secrets=showing.secrets_of(services, client), takes_secret=takes_secret(client), keep=KEEP,
        once=new_id(services.clock()),
    )  # fmt: skip


PAGES = (
    ConsolePage("/admin/apps/<id>/secrets", handle, Permission.APPS_READ, Permission.APPS_SECRETS),
)  # fmt: skip
