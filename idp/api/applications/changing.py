"""Register, change, turn off, remove: each by the verb that the console calls, for the edition that was read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clients.client import Client
from clients.documents.address import in_path
from clients.registry import Draft
from idp.admin import applications
from idp.admin.histories import applications as app_history
from idp.admin.histories.changes import NoSuchChange
from idp.admin.permissions import Permission
from idp.api import editions
from idp.api.applications import finding, showing, wrong
from idp.api.applications.models import (
    Access,
    ApplicationPatch,
    Changed,
    MadeSecret,
    NewApplication,
    NewSecret,
    Registered,
)
from idp.api.operations import Answer, Call
from idp.api.problems import Problem, not_found
from idp.protocols import Services


def register(services: Services, call: Call) -> Answer:
    """POST /applications."""
    body: NewApplication = call.body
    draft = Draft(
        name=body.name, profile=body.profile, metadata=body.metadata, access=wrong.rule(services, body.access)
    )  # fmt: skip
    with wrong.placed():
        made = applications.register(services, call.actor, draft)
    return registered(services, made.client, made.client_secret, made.warnings)


def registered(services: Services, client: Client, secret: str | None, warnings: tuple[str, ...]) -> Answer:
    """What registration answers; the secret stands in this answer and nowhere else."""
    value, edition = showing.shown(services, client)
    made = Registered(application=value, client_secret=secret, warnings=warnings)
    return Answer(value=made, etag=edition, location=f"/applications/{in_path(client.id)}")


def patch(services: Services, call: Call) -> Answer:
    """PATCH /applications/<id>."""
    client, body = finding.get(services, call, Permission.APPS_CHANGE), call.body
    assert isinstance(body, ApplicationPatch)
    edition, said = services.registry.as_registered(client.id)
    editions.check(call, edition)
    sent = body.model_fields_set
    protocol = "saml" if client.saml is not None else "oidc"
    wanted = {key: merged(said.get(key), value) for key, value in (body.metadata or {}).items()}
    change = applications.Change(
        metadata=wanted, name=body.name if "name" in sent else None,
        profile=body.profile if "profile" in sent else None, edition=edition,
    )  # fmt: skip
    with wrong.placed(protocol, is_patch=True):
        client, warnings = applications.update(services, call.actor, client, change)
    value, edition = showing.shown(services, client)
    return Answer(value=Changed(application=value, warnings=warnings), etag=edition)


def merged(target: Any, patch: Any) -> Any:
    """RFC 7396 §2."""
    if not isinstance(patch, Mapping):
        return patch
    found = dict(target) if isinstance(target, Mapping) else {}
    for key, value in patch.items():
        if value is None:
            found.pop(key, None)
        else:
            found[key] = merged(found.get(key), value)
    return found


def open_to(services: Services, call: Call) -> Answer:
    """PUT /applications/<id>/access."""
    client, body = finding.get(services, call, Permission.APPS_CHANGE), call.body
    assert isinstance(body, Access)
    edition = services.registry.edition(client.id)
    editions.check(call, edition)
    rule = wrong.rule(services, body, at="", standing=services.registry.get(client.id).access)
    change = applications.Change(metadata={}, access=rule, edition=edition)
    client, _ = applications.update(services, call.actor, client, change)
    return showing.rule_of(services, client)


def turn_off(services: Services, call: Call) -> Answer:
    """POST /applications/<id>/disable."""
    client = finding.get(services, call, Permission.APPS_CHANGE)
    return showing.answered(services, applications.turn_off(services, call.actor, client))


def turn_on(services: Services, call: Call) -> Answer:
    """POST /applications/<id>/enable."""
    client = finding.get(services, call, Permission.APPS_CHANGE)
    with wrong.placed():
        return showing.answered(services, applications.turn_on(services, call.actor, client))


def remove(services: Services, call: Call) -> None:
    """DELETE /applications/<id>."""
    client = finding.get(services, call, Permission.APPS_REMOVE)
    editions.check(call, services.registry.edition(client.id))
    applications.remove(services, call.actor, client)


def restore(services: Services, call: Call) -> Answer:
    """POST /applications/<id>/restore."""
    client_id = call.path["id"]
    if services.registry.find_removed(client_id) is None or not call.actor.may_app(Permission.APPS_REMOVE, client_id):
        raise not_found("removed application")
    return showing.answered(services, applications.restore(services, call.actor, client_id))


def add_secret(services: Services, call: Call) -> Answer:
    """POST /applications/<id>/secrets."""
    client, body = finding.get(services, call, Permission.APPS_SECRETS), call.body
    assert isinstance(body, NewSecret)
    with wrong.placed():
        secret = applications.add_secret(services, call.actor, client, float(body.keep_old_for))
    found = services.registry.get(client.id).find_secret(secret, services.clock())
    assert found is not None
    made = MadeSecret(id=found.id, client_secret=secret)
    return Answer(value=made, location=f"/applications/{in_path(client.id)}/secrets")


def end_secret(services: Services, call: Call) -> None:
    """DELETE /applications/<id>/secrets/<secret>."""
    client, now = finding.get(services, call, Permission.APPS_SECRETS), services.clock()
    wanted = call.path["secret"]
    if not any(one.id == wanted and one.is_valid(now) for one in services.registry.list_secrets(client.id)):
        raise not_found("secret")
    with wrong.placed():
        applications.end_secret(services, call.actor, client, wanted)


def undo(services: Services, call: Call) -> Answer:
    """POST /applications/<id>/history/<change>/undo."""
    client = finding.get(services, call, Permission.APPS_CHANGE)
    try:
        with wrong.placed("saml" if client.saml is not None else "oidc"):
            client = app_history.undo(services, call.actor, client.id, call.path["change"])
    except NoSuchChange:
        raise Problem("not-found", "The application has no such change that could be undone.") from None
    return showing.answered(services, client)
