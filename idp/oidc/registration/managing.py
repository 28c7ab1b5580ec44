"""A client that reads, changes and removes its own registration (RFC 7592 §2)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from clients.client import Client
from clients.errors import ChangedMeanwhile, InvalidMetadata, Problem, UnknownClient
from clients.registry import Registry, takes_secret
from clients.self_registered import kept, standard, vouching
from clients.self_registered.kept import SelfRegistered
from idp import audit
from idp.accounts import roles
from idp.db import Transaction, joined
from idp.errors import OAuthError
from idp.login import consent
from idp.oidc.registration import names, problems, reading
from idp.oidc.registration.registering import as_left, ensure_keys, information, pace, pace_changes
from idp.protocols import Services
from idp.wire import Json, Raw, Request, Response

#: RFC 7592 §2.2: these are ours to say, and a client that sends them back has mixed up two documents.
_OURS: Final = (
    "registration_access_token",
    "registration_client_uri",
    "client_secret_expires_at",
    "client_id_issued_at",
)
#: What a change says of whose the application is.
_PROOFS: Final = ("jwks_uri", "sector_identifier_uri", "redirect_uris", "grant_types", "token_endpoint_auth_method",
                  "subject_type")  # fmt: skip


def manage(services: Services, request: Request) -> Response:
    """GET, PUT and DELETE /oauth/register/<client_id>."""
    pace(services, request)
    one, client = _proven(services, request)
    request.learn(client_id=client.id)
    if request.method == "PUT":
        return _update(services, request, one, client)
    if request.method == "DELETE":
        return _delete(services, request, client)
    return Json(body=information(services, client, reading.token(request), None))


def _proven(services: Services, request: Request) -> tuple[SelfRegistered, Client]:
    """The client at this address, by its own token. Errors: `OAuthError`, the same for all that is wrong (§2.1)."""
    shown = reading.token(request)
    one = kept.find_proven(services.db, request.segment, shown) if shown else None
    client = None if one is None else services.registry.find(one.client_id)
    if one is None or client is None:
        if not shown:
            raise reading.refused(
                "Send the registration access token: Authorization: Bearer ...", kind="registration_token_missing"
            )  # fmt: skip
        raise reading.refused(
            "The registration access token is not this application's, was replaced, or the application is gone.",
            kind="registration_access_token",
            fix="Let the application keep the registration_access_token of the last answer. Where it is lost, register "
            "the application anew, or let an admin change it.",
        )  # fmt: skip
    return one, client


def _update(services: Services, request: Request, one: SelfRegistered, client: Client) -> Response:
    """RFC 7592 §2.2: what is sent is all that there is; what is left out is taken away."""
    pace_changes(services, client)
    sent = reading.sent(request)
    _check_its_own(services, client)
    try:
        _check_sent(services, client, sent)
        changed, secret, access = _changed(services, request, one, client, sent)
    except InvalidMetadata as error:
        raise problems.told(error, sent) from None
    except (ChangedMeanwhile, UnknownClient):
        raise _meanwhile() from None
    ensure_keys(services, changed)
    return Json(body=information(services, changed, access, secret or _same(sent)))


def _changed(
    services: Services, request: Request, one: SelfRegistered, client: Client, sent: Mapping[str, Any]
) -> tuple[Client, str | None, str]:
    """The client as it is now, its secret where it gets one, and the token in the place of the one that was shown.

    All of it or nothing. Errors: `ChangedMeanwhile`, where another request was quicker.
    """
    edition, now = services.registry.as_registered(client.id)
    if sent.get("software_statement") is not None:
        raise problems.statement(sent)
    wanted = standard.read(sent, one.policy, strict=not one.token_id)
    own = {key: value for key, value in now.items() if standard.is_known(key)}
    # What an admin has changed since is the admin's word: a client does not take it back.
    admins = {key for key in {*own, *one.said} - {"profile"} if own.get(key) != one.said.get(key)}
    changes = {key: wanted.said.get(key) for key in {*own, *wanted.said} - admins}
    if not one.token_id:
        names.check(services, {k: v for k, v in changes.items() if v != now.get(k)}, but=client.id)
    is_own = client.profile == one.said["profile"]
    profile, record = wanted.profile if is_own else client.profile, _record(services, request, client)
    # It may ask another server, so before the transaction; an address that is new has nobody's word.
    is_new = any(changes.get(key, now.get(key)) != now.get(key) for key in _PROOFS)
    is_stranger = is_new and not one.policy.vouched
    services.registry.preview(
        client.id, {**changes, **({"self_registered": True} if is_stranger else {})}, profile=profile
    )
    with services.db.transaction() as tx:
        registry = Registry(joined(tx), services.clock, allow_loopback=services.registry.allow_loopback)
        changed = registry.update(
            client.id, changes, profile=profile, edition=edition, record=partial(_noted, record),
            settle=partial(vouching.taken_back, policy=one.policy, now=services.clock()),
        )  # fmt: skip
        begins = takes_secret(changed) and not takes_secret(client)
        secret = registry.add_secret(client.id, 0, record=record) if begins else None
        left = as_left(wanted.profile if is_own else one.said["profile"], registry.as_registered(client.id)[1])
        left = {key: value for key, value in left.items() if key not in admins}
        access = kept.rotate(tx, one, {**left, **{key: one.said[key] for key in admins if key in one.said}})
        if access is None:
            raise ChangedMeanwhile({})
    services.registry.refresh()
    return changed, secret, access


def _noted(record: audit.Recorder, tx: Transaction, action: str, detail: dict[str, Any]) -> None:
    """Where an admin's word has ended with the change, so have those of the people who trusted in it."""
    if {"self_registered", "consent", "enabled"} & detail["changed"].keys():
        consent.forget_application(tx, detail["client_id"])
        detail = {**detail, "why": "it changed itself, and an admin had looked at what it was"}
    record(tx, action, detail)


def _delete(services: Services, request: Request, client: Client) -> Response:
    """RFC 7592 §2.3: it is gone, with its tokens; an admin may bring it back for 30 days."""
    _check_its_own(services, client)
    try:
        services.registry.remove(client.id, record=_record(services, request, client))
    except UnknownClient:
        raise _meanwhile() from None
    return Raw(status=204, headers=(("Cache-Control", "no-store"),))


def _check_its_own(services: Services, client: Client) -> None:
    """Errors: `OAuthError`, where an admin's hand is on it."""
    if not client.enabled or roles.grants_of_program(services.db, client.id, services.clock()):
        why = "It is turned off" if not client.enabled else "It has a role here"
        raise reading.refused(
            f"{why}, so an admin changes it.", kind="registration_not_yours", code="access_denied", status=403
        )  # fmt: skip


def _check_sent(services: Services, client: Client, sent: Mapping[str, Any]) -> None:
    wrong = [Problem(key, "is not sent back: leave it out (RFC 7592 §2.2)") for key in _OURS if key in sent]
    if sent.get("client_id") != client.id:
        wrong.append(Problem("client_id", "is the client_id of this application, in every update (RFC 7592 §2.2)"))
    secret = sent.get("client_secret")
    if secret is not None and not (isinstance(secret, str) and client.find_secret(secret, services.clock())):
        wrong.append(
            Problem("client_secret", "is not the one of this application; it cannot be chosen (RFC 7592 §2.2)")
        )
    if wrong:
        raise InvalidMetadata(*wrong)


def _same(sent: Mapping[str, Any]) -> str | None:
    """The secret that it has shown, which we have not."""
    return sent.get("client_secret")


def _record(services: Services, request: Request, client: Client) -> audit.Recorder:
    return audit.recorder(
        services.clock, f"client:{client.id}", address=request.remote_address, request_id=request.id
    )  # fmt: skip


def _meanwhile() -> OAuthError:
    return reading.refused(
        "It was changed at this very moment; read it again.", kind="registration_access_token", status=409
    )  # fmt: skip
