"""Whose request it is, of the applications that are watched: by what it says, or by what it nearly says."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final
from urllib.parse import urlsplit

from clients.client import Client
from idp.answers.differences import alike
from idp.audit import Event
from idp.oidc import client_auth
from idp.protocols import Services
from idp.wire import AutoPost, Params, Redirect, Request, Response

#: Requests that say nothing of who sends them.
NAMELESS: Final = {"discovery": "oidc", "jwks": "oidc", "saml_metadata": "saml"}


def whose(
    services: Services, kind: str, request: Request, sent: Params, response: Response | None, error: Event | None,
    issuer: str, watched: Collection[str],
) -> Iterator[tuple[Client, bool]]:  # fmt: skip
    """The watched applications that it may be of; True where it is but guessed."""
    clients = [client for client in map(services.registry.find, watched) if client is not None]
    if kind in NAMELESS:
        yield from ((client, True) for client in clients if client.kind == NAMELESS[kind])
        return
    said = {request.visitor.client_id, request.visitor.for_client, error.client_id if error is not None else ""}
    said.add(sent.get("client_id") or "")
    if kind in ("par", "token", "introspect", "revoke"):
        said.add(client_auth.named(request)[0])
    found = [client for client in clients if client.id in said or _is_destination(client, response)]
    found = found or [client for client in clients if client.saml is not None and client.saml.entity_id == issuer]
    if found:
        yield found[0], False
        return
    yield from ((client, False) for client in clients if _is_near(client, request, sent, issuer))


def _is_destination(client: Client, response: Response | None) -> bool:
    if isinstance(response, AutoPost):
        acs = client.saml.acs_locations if client.saml is not None else client.oidc.redirect_uris
        return response.action in acs
    if isinstance(response, Redirect):
        return any(response.location.startswith(uri) for uri in client.oidc.redirect_uris)
    return False


def _is_near(client: Client, request: Request, sent: Params, issuer: str) -> bool:
    """Whether somebody mistyped what stands for this application: its own address, or a name that is nearly right."""
    if client.saml is not None:
        return bool(issuer) and alike(issuer, client.saml.entity_id)
    uri, origin = sent.get("redirect_uri") or "", request.header("Origin")
    if uri and any(_host(uri) == _host(one) for one in client.oidc.redirect_uris):
        return True
    if request.method == "OPTIONS":
        return bool(origin) and any(_host(origin) == _host(one) for one in client.oidc.redirect_uris)
    named = sent.get("client_id") or client_auth.named(request)[0]
    return bool(named) and alike(named, client.id)


def _host(uri: str) -> str:
    try:
        return urlsplit(uri).hostname or uri
    except ValueError:
        return uri
