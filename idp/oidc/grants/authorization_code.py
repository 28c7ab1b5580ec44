"""authorization_code (RFC 6749 §4.1): a code, redeemed once. What RFC 6749 asks of it runs in Authlib, here alone."""

from __future__ import annotations

import hmac
from dataclasses import replace
from typing import Any

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import ClientMixin, OAuth2Payload, OAuth2Request, grants

from clients import redirects
from clients.client import Client
from idp.errors import OAuthError
from idp.ids import digest, split, tag_of
from idp.oidc import authorization_details, ledger, pkce
from idp.oidc.ledger import CODE, CODES, Grant, Issued, Terms
from idp.oidc.token_request import TokenRequest, is_for_us_alone
from idp.protocols import Services
from idp.tracing import spans
from idp.wire import Params, lazy

#: What an admin reads under the id of a code that was used twice.
_ONCE = (
    "A code works once: let the application redeem it once and keep the tokens. Mostly its callback page was loaded "
    "again, or the request was sent again after a timeout; if it was neither, somebody else had the code."
)
#: What Authlib's refusals are in the catalogue, by their code.
_KINDS = {"invalid_request": "code_missing", "unauthorized_client": "grant_type_not_allowed"}


def issue(services: Services, asked: TokenRequest) -> Issued:
    """Find the code, compare, and redeem it once."""
    if not asked.form.get("code"):  # RFC 6749 §4.1.3
        raise OAuthError(
            "invalid_request",
            "code is missing.",
            field="code",
            expected="the code of this sign-in",
            fix="Let the application send the parameter “code” that its redirect URI was given.",
            kind="code_missing",
        )
    rules = _TokenRules(_AuthlibRequest(asked), services, asked)
    try:
        rules.validate_token_request()
    except OAuth2Error as error:
        raise OAuthError(
            error.error, error.get_error_description(), kind=_KINDS.get(error.error, "code_unknown")
        ) from error
    grant: Grant = rules.request.authorization_code.grant
    pkce.check_verifier(grant.challenge, asked.form.get("code_verifier"))
    check_key(grant, asked)
    terms = narrowed(services, grant, asked)
    try:
        issued = ledger.mint(services, asked, grant, terms)
    except ledger.CodeReused as error:
        raise _used_already() from error
    return replace(issued, nonce=grant.nonce)


def _used_already() -> OAuthError:
    return OAuthError(
        "invalid_grant", "The code was used already; what it gave is revoked.",
        field="code", expected="a code that is new", got="one that was used", fix=_ONCE, kind="code_used",
    )  # fmt: skip


def narrowed(services: Services, grant: Grant, asked: TokenRequest) -> Terms:
    """What the first access token is good for: what was granted, or the part of it that is asked for."""
    resource = _resource(grant, asked)
    details = authorization_details.narrowed(services, asked, grant.details, resource)
    return Terms(grant.scope, resource, asked.cnf, details=details)


def _resource(grant: Grant, request: TokenRequest) -> list[str]:
    """The resources of one access token: those asked for, within those granted (RFC 8707 §2.2); none: it is for us."""
    granted, asked = grant.resource, request.resource
    if is_for_us_alone(request, granted, may_be_ours=not granted or "openid" in grant.scope.split()):
        return []
    if not set(asked) <= set(granted):
        raise OAuthError(
            "invalid_target", "A resource was asked for that the authorization request did not name.",
            field="resource", expected=", ".join(granted), got=", ".join(asked), kind="resource",
        )  # fmt: skip
    return asked or granted


def check_key(grant: Grant, asked: TokenRequest) -> None:
    """RFC 9449 §10: a code that was asked for with a key is redeemed with a proof by that very key."""
    if grant.dpop_jkt and asked.cnf.get("jkt") != grant.dpop_jkt:
        raise OAuthError(
            "invalid_grant", "The code is bound to a key (dpop_jkt): send a DPoP proof by that very key.",
            field="DPoP", expected=f"a proof by the key {grant.dpop_jkt}", got=asked.cnf.get("jkt") or "no proof",
            fix="Let the application use one key from the authorization request to the token request.",
            kind="dpop_binding",
        )  # fmt: skip


def check_redirect_uri(grant: Grant, sent: str | None) -> None:
    """RFC 6749 §4.1.3: identical to the one of the authorization request. Authlib compares too, and names neither."""
    if grant.redirect_uri and sent != grant.redirect_uri:
        raise OAuthError(
            "invalid_grant",
            "redirect_uri is missing." if sent is None else
            "redirect_uri is another one than in the authorization request; compared byte for byte.",
            detail=f"redirect_uri {sent!r}; the authorization request had {grant.redirect_uri!r}",
            field="redirect_uri", expected=grant.redirect_uri, got=sent or "(nothing)",
            fix=f"Let the application send redirect_uri={grant.redirect_uri} to the token endpoint as well: it has two "
            "settings for it, or sees another address of itself behind a proxy.", kind="token_redirect_uri",
        )  # fmt: skip


def find(services: Services, asked: TokenRequest, code: str) -> Grant:
    """The grant of a code that this very client was given; a code that was used ends what it gave.

    One read of State. Errors: `OAuthError` (invalid_grant).
    """
    presented = split(code, CODE)
    if presented is None:
        raise _invalid_code(f"This is no code of ours{_what_else(code)}.")
    stored = services.state.get(f"code:{presented[0]}")
    if stored is None:
        if ledger.revoke_reused_code(services, asked.wire, presented[0], digest(presented[1]), asked.client):
            raise _used_already()
        raise _invalid_code("The code is unknown or has expired.")
    grant = Grant(**stored)
    # RFC 6749 §4.1.3: only the client that it was issued to.
    if grant.client_id != asked.client.id or not hmac.compare_digest(grant.code_hash, digest(presented[1])):
        raise _invalid_code("The code is unknown or has expired.")
    spans.belongs_to(tag_of(grant.id))
    return grant


def _what_else(code: str) -> str:
    """What its sender can see at it, too: a token, or something of its form that is damaged."""
    other = next((what for prefix, what in ledger.PREFIXES.items() if code.startswith(prefix) and what != CODES), "")
    if other:
        return f": it is {other}"
    return ", or it is damaged: cut off, quoted or encoded once too often" if CODE in code else ""


def _invalid_code(description: str) -> OAuthError:
    return OAuthError(
        "invalid_grant", description, kind="code_unknown", field="code",
        expected="the code of this sign-in", got="another one",
        fix="A code works once, for a minute, and for the client that it was given to: redeem it at once, as it came.",
    )  # fmt: skip


# -- ours in the words of Authlib ------------------------------------------------------------------------------------


class _TokenRules(grants.AuthorizationCodeGrant):  # type: ignore[misc]
    def __init__(self, request: _AuthlibRequest, services: Services, asked: TokenRequest) -> None:
        super().__init__(request, None)
        self.services, self.asked = services, asked

    def authenticate_token_endpoint_client(self) -> _AuthlibClient:
        return self.request.client  # type: ignore[no-any-return]  # proven before any grant is asked

    def query_authorization_code(self, code: str, client: Any) -> _AuthlibCode:
        grant = find(self.services, self.asked, code)
        check_redirect_uri(grant, self.asked.form.get("redirect_uri"))
        return _AuthlibCode(grant)


class _AuthlibCode:
    def __init__(self, grant: Grant) -> None:
        self.grant = grant

    def get_redirect_uri(self) -> str:
        return self.grant.redirect_uri


class _AuthlibPayload(OAuth2Payload):  # type: ignore[misc]
    def __init__(self, params: Params) -> None:
        self._params = params

    @property
    def data(self) -> dict[str, str]:
        return self._params.first

    @lazy
    def datalist(self) -> dict[str, list[str]]:
        lists: dict[str, list[str]] = {}
        for name, value in self._params.pairs:
            lists.setdefault(name, []).append(value)
        return lists


class _AuthlibClient(ClientMixin):  # type: ignore[misc]
    def __init__(self, client: Client) -> None:
        self.client = client

    def get_client_id(self) -> str:
        return self.client.id

    def get_default_redirect_uri(self) -> None:
        return None  # always named: what is not asked for cannot be mixed up

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return redirects.is_registered(redirect_uri, self.client.oidc)

    def check_response_type(self, response_type: str) -> bool:
        return response_type in self.client.oidc.response_types

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type in self.client.oidc.grant_types


class _AuthlibRequest(OAuth2Request):  # type: ignore[misc]
    def __init__(self, asked: TokenRequest) -> None:
        # Not Authlib's own: that one parses the URI, to refuse plain http; whether ours may be is for the settings.
        self.method = "POST"
        self.payload = _AuthlibPayload(asked.form)
        self.client, self.authorization_code = _AuthlibClient(asked.client), None

    @property
    def args(self) -> dict[str, str]:
        return self.payload.data

    @property
    def form(self) -> dict[str, str]:
        return self.payload.data
