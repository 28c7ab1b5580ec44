"""Streams of security events of an application: how each stands, what waits, stopped, let go on, removed (Y4)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from clients.client import Client
from clients.documents.address import in_path
from idp import flash
from idp.admin import signals
from idp.admin.permissions import Permission
from idp.console.apps import showing
from idp.console.apps.finding import client_of
from idp.console.pages import ConsolePage, Visit
from idp.protocols import Services
from idp.signals import event_types
from idp.signals.keeping import UnknownStream
from idp.texts import N_
from idp.wire import Request, Response

STATUS_WORDS: Final = {"enabled": N_("On"), "paused": N_("Paused"), "disabled": N_("Given up")}
BY_WORDS: Final = {
    "receiver": N_("The application has said so."), "admin": N_("An admin has said so."),
    "us": N_("It took nothing for long."),
}  # fmt: skip
EVENT_WORDS: Final = {
    event_types.SESSION_REVOKED: N_("A session has ended"),
    event_types.CREDENTIAL_CHANGE: N_("A password or sign-in method is another one"),
    event_types.ACCOUNT_DISABLED: N_("An account was turned off"),
    event_types.ACCOUNT_ENABLED: N_("An account was turned on"),
    event_types.ACCOUNT_PURGED: N_("An account was removed"),
    event_types.IDENTIFIER_CHANGED: N_("Somebody has another e-mail address"),
    event_types.RECOVERY_CHANGED: N_("A way back into an account is another one"),
}


def show(services: Services, request: Request, visit: Visit) -> Response:
    """GET and POST /admin/apps/<id>/signals."""
    client = client_of(services, request, visit)
    if request.method != "POST":
        return _show(services, request, visit, client)
    done = _DO.get(request.form.get("do") or "")
    stream_id = request.form.get("stream") or ""
    known = {one.stream.id for one in signals.of_app(services, visit.actor, client.id)}
    if done is None or stream_id not in known:
        return _show(services, request, visit, client, status=404)
    try:
        done(services, visit, stream_id)
    except UnknownStream:
        return _show(services, request, visit, client, status=404)
    return flash.redirect(services, f"/admin/apps/{in_path(client.id)}/signals", "signals_done")


def _show(services: Services, request: Request, visit: Visit, client: Client, *, status: int = 200) -> Response:
    return showing.page(
        services, request, visit, client, "console/apps/signals.html", status=status,
        streams=signals.of_app(services, visit.actor, client.id), words=STATUS_WORDS, by=BY_WORDS, events=EVENT_WORDS,
        can_have=client.kind == "oidc" and "client_credentials" in client.oidc.grant_types
        and "ssf.manage" in client.oidc.scopes, command=f"doorward client set {client.id} "
        "grant_types+=client_credentials scope+=ssf.read scope+=ssf.manage",
    )  # fmt: skip


Do = Callable[[Services, Visit, str], object]
_DO: Final[dict[str, Do]] = {
    "pause": lambda services, visit, stream: signals.pause(services, visit.actor, stream),
    "resume": lambda services, visit, stream: signals.resume(services, visit.actor, stream),
    "test": lambda services, visit, stream: signals.test(services, visit.actor, stream),
    "remove": lambda services, visit, stream: signals.remove(services, visit.actor, stream),
}

PAGES = (ConsolePage("/admin/apps/<id>/signals", show, Permission.APPS_READ, Permission.APPS_CHANGE),)
