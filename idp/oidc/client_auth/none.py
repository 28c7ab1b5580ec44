"""none: an app that keeps no secret says who it is, and nothing else (RFC 6749 §2.1, §3.2.1)."""

from __future__ import annotations

from clients.client import Client
from idp.oidc.client_auth.presented import Presented
from idp.protocols import Services
from idp.wire import Request


def present(request: Request) -> Presented | None:
    """The client_id alone."""
    client_id = request.form.get("client_id")
    return Presented("none", client_id) if client_id is not None else None


def prove(services: Services, request: Request, client: Client, presented: Presented) -> None:
    """There is nothing to prove; that the client is registered for it was looked at."""
