"""The token endpoint (RFC 6749 §3.2).

In order: read the request once; authenticate the client; may it use this grant; the grant's own hook, which decides and
writes; the answer.
"""

from __future__ import annotations

from clients.client import Client
from clients.offered import GRANT_TYPES
from idp.errors import OAuthError
from idp.oidc import client_auth, dpop, encryption, protected_resources, tokens
from idp.oidc.certificates import binding
from idp.oidc.grants import GRANTS
from idp.oidc.token_request import TokenRequest
from idp.protocols import Services
from idp.traffic import Traffic
from idp.wire import Json, Request, Response


def token(services: Services, request: Request) -> Response:
    """POST /oauth/token."""
    asked = None
    try:
        client_auth.check_form(request)
        asked = read(services, request)
        encryption.check(services, asked.client, "id_token")  # before a code is used up for it
        issued = GRANTS[asked.grant_type](services, asked)
        family = issued.holder.family_id if issued.holder is not None else ""
        used = (request.remote_address, "offline_access" in issued.terms.scope)  # `Used`
        services.part(Traffic).proven(asked.grant_type, asked.client.id, family, used, issued.issued_at)
        headers = dpop.nonce_headers(services) if "jkt" in asked.cnf else ()
        return Json(body=tokens.response(services, asked.client, issued), headers=headers)
    except OAuthError as error:
        if asked is not None and asked.cnf.get("jkt") and asked.client.oidc.is_public:
            dpop.give_back(services, request)
        error.client_id = error.client_id or request.visitor.client_id or client_auth.claimed(services, request)
        raise


def read(services: Services, request: Request) -> TokenRequest:
    """The request, of a client that has proven itself and may use this grant. Errors: `OAuthError`."""
    form = request.form
    grant_type = form.get("grant_type")
    if grant_type is None:
        raise OAuthError(
            "invalid_request",
            "grant_type is missing.",
            field="grant_type",
            expected=" or ".join(GRANTS),
            kind="grant_type",
        )
    if grant_type not in GRANTS:
        *others, last = GRANTS
        raise OAuthError(
            "unsupported_grant_type",
            f"There is no grant_type={grant_type[:60]} here; use {', '.join(others)} or {last}.",
            field="grant_type", expected=" or ".join(GRANTS), got=grant_type,
            kind="grant_type",
        )  # fmt: skip
    client = client_auth.authenticate(services, request)
    if grant_type not in client.oidc.grant_types or (client.oidc.is_public and not GRANT_TYPES[grant_type].public):
        raise OAuthError(
            "unauthorized_client", f"This application is not registered for grant_type={grant_type}.",
            field="grant_type", expected=" or ".join(sorted(client.oidc.grant_types)), got=grant_type,
            kind="grant_type_not_allowed",
        )  # fmt: skip
    # RFC 6749 §3.2: sent without a value is not sent.
    named = [value for name, value in form.pairs if name == "resource" and value]
    resource = protected_resources.as_asked(services, named)
    return TokenRequest(
        client, grant_type, form.get("scope"), resource, form, request, _bound(services, request, client),
        for_us=len(resource) < len(named),
    )  # fmt: skip


def _bound(services: Services, request: Request, client: Client) -> dict[str, str]:
    """What the tokens are to be bound to (RFC 7800 §3.1). Errors: `OAuthError`."""
    jkt = dpop.read(services, request, client)
    if client.oidc.dpop_bound_access_tokens and not jkt:  # RFC 9449 §5.2
        raise dpop.missing(services, client)
    return {**({"jkt": jkt} if jkt else {}), **binding.bound(services, request, client)}
