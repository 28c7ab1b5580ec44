"""Native single sign-on (OpenID Connect Native SSO 1.0 §4): an app shows the ID token of another app on the same
device, with the device secret that both can reach, and is signed in without a page.

Only apps of one `native_sso_group` are for one another, which an admin says; and the person must be let in there as at
any other sign-in: access, the rules of signing in, and what they agreed to.
"""

from __future__ import annotations

import hmac
from dataclasses import replace
from typing import Any

from clients.client import Client
from clients.offered import DEVICE_SSO
from idp.audit import Event, record
from idp.errors import OAuthError
from idp.ids import new_id
from idp.oidc import authorization_details, hints, ledger, scopes, tokens
from idp.oidc.grants import entering
from idp.oidc.ledger import Device, Grant, Issued, Terms, devices, is_taken_back
from idp.oidc.token_request import TokenRequest
from idp.oidc.tokens import ACCESS_TOKEN_TYPE, ID_TOKEN_TYPE
from idp.protocols import Services
from keys.verifying import InvalidToken

DEVICE_SECRET_TYPE = "urn:openid:params:token-type:device-secret"  # §4.1


def issue(services: Services, asked: TokenRequest) -> Issued:
    """Tokens of a sign-in of this app's own, in the session that the first app began. Errors: `OAuthError`, `Stale`."""
    _check_request(services, asked)
    authorization_details.check_none(asked.form)
    claims = _id_token(services, asked)
    first = _first(services, asked, str(claims["aud"]))
    device = _device(services, asked, claims)
    row, reason = ledger.standing(services, first, claims["sub"], claims["sid"], float(claims["iat"]))
    if reason:
        raise _ended(reason)
    if is_taken_back(device.row, asked.client, device.row.began_at):
        raise _ended("the person took the consent back")
    entering.check_person(services, asked.client, _proof(row, device))
    grant = _grant(services, asked, device)
    tokens.check_resource(asked.client, asked.resource)
    issued = ledger.mint(services, asked, grant, Terms(grant.scope, grant.resource, asked.cnf), device)
    with services.db.transaction(durable=False) as tx:
        record(tx, Event(
            "token:native_sso", actor=asked.client.id, person_id=grant.person_id, client_id=asked.client.id,
            session_id=grant.session_id, address=asked.wire.remote_address, request_id=asked.wire.id,
            detail={"of": first.id, "device": device.id, "scope": grant.scope, "resource": grant.resource},
        ), services.clock())  # fmt: skip
    return replace(issued, is_exchanged=True)


def _check_request(services: Services, asked: TokenRequest) -> None:
    """§4.1: what there must be beside the two tokens."""
    form = asked.form
    if form.get("subject_token_type") != ID_TOKEN_TYPE or not form.get("subject_token"):
        raise _request("subject_token must be an ID token.", "subject_token_type", ID_TOKEN_TYPE)
    if form.get("requested_token_type") not in (None, ACCESS_TOKEN_TYPE):
        raise _request("Only access tokens are given.", "requested_token_type", ACCESS_TOKEN_TYPE)
    audiences = [value for name, value in form.pairs if name == "audience" and value]
    if audiences != [services.issuer]:
        raise OAuthError(
            "invalid_target", "audience must be our issuer, once.", field="audience", expected=services.issuer,
            got=", ".join(audiences)[:200] or "(nothing)", kind="native_sso_request",
            fix="Let the app send audience with the issuer of the discovery document.",
        )  # fmt: skip


def _id_token(services: Services, asked: TokenRequest) -> dict[str, Any]:
    """The claims of the first app's ID token. It may have expired: the session decides (§4.3)."""
    try:
        claims = hints.read_signed_in(services, asked.form.get("subject_token") or "")
    except InvalidToken as error:
        raise _unusable(f"The subject_token is no ID token of ours: {error.reason}.", "subject_token") from None
    if not isinstance(claims.get("ds_hash"), str):
        raise _unusable("The subject_token is of no device: its sign-in did not ask for device_sso.", "subject_token")
    return claims


def _first(services: Services, asked: TokenRequest, client_id: str) -> Client:
    """The app that the ID token was issued to, if both are of one group (§4.3)."""
    first, group = services.registry.find(client_id), asked.client.oidc.native_sso_group
    if first is None or not group or first.oidc.native_sso_group != group:
        raise OAuthError(
            "unauthorized_client", "These two apps do not share sign-ins.", field="native_sso_group",
            expected=group or "a group of both", kind="native_sso_group",
            got="another group, or none",
            fix=f"An admin puts both into one group: doorward client set {asked.client.id} native_sso_group=NAME",
        )  # fmt: skip
    return first


def _device(services: Services, asked: TokenRequest, claims: dict[str, Any]) -> Device:
    """The device of the secret, if it is that of the ID token and of its session (§4.3)."""
    found = devices.find(services, asked.wire, asked.form.get("actor_token") or "", asked.client.id)
    if not isinstance(found, Device):
        raise _unusable("The device secret is unknown, replaced or ended.", "actor_token", found)
    if not hmac.compare_digest(devices.ds_hash(services, found.id), claims["ds_hash"]):
        raise _unusable("The ID token and the device secret do not belong together.", "ds_hash")
    if (found.row.person_id, found.row.session_id) != (claims["sub"], claims["sid"]):
        raise _unusable("The ID token is of another sign-in than the device secret.", "sid")
    if not devices.stands(found, services.clock()):
        raise _ended("the session has ended")
    return found


def _proof(row: Any, device: Device) -> entering.Proof:
    return entering.Proof(row.person_id, row.groups, row.roles, device.row.auth_time, tuple(device.row.methods.split()))


def _grant(services: Services, asked: TokenRequest, device: Device) -> Grant:
    row, now = device.row, services.clock()
    scope = _scope(asked, row)
    return Grant(
        id=new_id(now), code_hash="", client_id=asked.client.id, person_id=row.person_id, session_id=row.session_id,
        redirect_uri="", scope=scope, nonce="", challenge="", claims={}, resource=asked.resource,
        auth_time=row.auth_time, methods=row.methods, offline="offline_access" in scope.split(), issued_at=now,
    )  # fmt: skip


def _scope(asked: TokenRequest, row: Any) -> str:
    """What is asked for and the app may have; without a word, its identity scopes that need no page.

    §4.3: where a page would have to ask the person, the request fails.
    """
    client, is_asked_about = asked.client, asked.client.consent == "explicit"
    agreed = frozenset((row.consent_scopes or "").split())
    usual = [one for one in scopes.SUPPORTED if one in client.oidc.scopes and one not in _BY_NAME]
    given = usual if asked.scope is None else scopes.allowed(client, asked.scope).split()
    scopes.check(asked.scope, " ".join(given), client)
    given = [one for one in given if one != scopes.ADMIN]
    if is_asked_about and asked.scope is None:
        given = [one for one in given if one in agreed]
    missing = [one for one in given if one not in agreed] if is_asked_about else []
    if missing or not given:
        raise OAuthError(
            "invalid_scope", "The person has not agreed to this at this app yet: sign in by the browser once.",
            field="scope", expected=" ".join(sorted(agreed)) or "(nothing was agreed to)", got=" ".join(missing)[:300],
            fix=f"For an app of your own that asks nobody: doorward client set {client.id} consent=implicit",
            kind="native_sso_consent",
        )  # fmt: skip
    may_stay = "refresh_token" in client.oidc.grant_types and (is_asked_about or client.oidc.offline_access_registered)
    return " ".join(one for one in given if one != "offline_access" or may_stay)


#: What is only given to who asks for it by name.
_BY_NAME = frozenset(("offline_access", DEVICE_SSO))


def _request(description: str, field: str, expected: str) -> OAuthError:
    return OAuthError(
        "invalid_request", description, field=field, expected=expected, got="another one, or nothing",
        fix="Let the app send what OpenID Connect Native SSO 1.0 §4.1 asks for.", kind="native_sso_request",
    )  # fmt: skip


def _unusable(description: str, field: str, got: str = "another one") -> OAuthError:
    return OAuthError(
        "invalid_grant", description, detail=got, field=field, got=got, kind="native_sso_token",
        expected="the ID token and the device secret that are the latest in the store of the device",
        fix="Let the app sign the person in by the browser, and write what each answer brings over what it had.",
    )  # fmt: skip


def _ended(reason: str) -> OAuthError:
    return OAuthError(
        "invalid_grant", "The sign-in of this device does not stand any more.", detail=reason, field="subject_token",
        expected="a sign-in that stands", got=reason, kind="native_sso_token",
        fix="Let the app sign the person in by the browser.",
    )  # fmt: skip
