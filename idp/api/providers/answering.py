"""What each row of the providers does."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any, Final

from idp.admin import federations, managed, providers
from idp.admin.histories import providers as provider_history
from idp.admin.histories.changes import Change, NoSuchChange
from idp.api import editions, problems
from idp.api.applications.changing import merged
from idp.api.models import Error, moment, moment_or_none
from idp.api.operations import Answer, Call
from idp.api.problems import Problem, not_found, pointer
from idp.api.providers import models as m
from idp.errors import Refused
from idp.federation import keeping, templates
from idp.federation.checking import InvalidProvider
from idp.federation.ports import Found
from idp.protocols import Services

#: What stands beside the settings in a body.
_OWN: Final = frozenset(("name", "kind", "template", "secret"))


def listed(services: Services, call: Call) -> m.Providers:
    """GET /providers."""
    every, removed = providers.list_of(services, call.actor), providers.removed(services, call.actor)
    return m.Providers(
        items=tuple(_shown(services, one) for one in every), removed=tuple(_shown(services, one) for one in removed)
    )


def list_templates(services: Services, call: Call) -> m.ProviderTemplates:
    """GET /provider-templates."""
    found = (
        m.ProviderTemplate(
            key=one.key, title=one.title, asks=dict(one.asks), there=one.there, settings=dict(one.said)
        )
        for one in templates.ROWS
    )  # fmt: skip
    return m.ProviderTemplates(items=tuple(found))


def get(services: Services, call: Call) -> Answer:
    """GET /providers/<id>."""
    return _answered(services, _get(services, call))


def add(services: Services, call: Call) -> Answer:
    """POST /providers."""
    body: m.NewProvider = call.body
    said = _described(body)
    with placed():
        made = providers.add(services, call.actor, said, body.secret, enabled=body.enabled)
    answer = _answered(services, made)
    return Answer(value=answer.value, etag=answer.etag, location=f"/providers/{made.provider.id}")


def patch(services: Services, call: Call) -> Answer:
    """PATCH /providers/<id>."""
    one, body = _get(services, call), call.body
    assert isinstance(body, m.ProviderPatch)
    # For * too: all of it is written back, so what somebody else has changed since it was read would be lost.
    seen = editions.check(call, keeping.edition(one.kept)) or keeping.edition(one.kept)
    said = merged(one.provider.said(), _settings(body.settings or {}))
    if "name" in body.model_fields_set:
        said["name"] = body.name
    with placed():
        secret = body.secret if "secret" in body.model_fields_set else None
        wanted = providers.Wanted(said, secret, seen=seen)
        return _answered(services, providers.change(services, call.actor, one.provider.id, wanted))


def turn_on(services: Services, call: Call) -> Answer:
    """POST /providers/<id>/enable."""
    return _turned(services, call, on=True)


def turn_off(services: Services, call: Call) -> Answer:
    """POST /providers/<id>/disable."""
    return _turned(services, call, on=False)


def _turned(services: Services, call: Call, *, on: bool) -> Answer:
    one = _get(services, call)
    with placed():
        return _answered(services, providers.turn(services, call.actor, one.provider.id, on=on))


def renew_secret(services: Services, call: Call) -> Answer:
    """PUT /providers/<id>/secret."""
    one = _get(services, call)
    editions.check(call, keeping.edition(one.kept))
    with placed():
        return _answered(
            services, providers.renew_secret(services, call.actor, one.provider.id, call.body.secret)
        )  # fmt: skip


def test(services: Services, call: Call) -> m.ProviderTest:
    """POST /providers/<id>/test."""
    one = _get(services, call)
    try:
        found = providers.test(services, call.actor, one.provider.id)
    except Refused as error:
        found = (Found(one.provider.name, False, error.explanation.fix),)
    shown = tuple(m.ProviderFinding(what=seen.what, ok=seen.ok, fix=seen.fix) for seen in found)
    return m.ProviderTest(ok=all(seen.ok for seen in found), found=shown)


def organisations(services: Services, call: Call) -> m.Organisations:
    """GET /providers/<id>/organisations."""
    try:
        seen = federations.organisations(services, call.actor, call.path["id"], call.query.q)
    except keeping.UnknownProvider:
        raise not_found("federation") from None
    stands = seen.standing
    return m.Organisations(
        listed_at=seen.listed_at, many=stands.many if stands else 0, is_more=seen.is_more,
        looked_at=moment_or_none(stands.at if stands else None), reason=stands.reason if stands else "",
        until=moment_or_none(stands.until if stands else None),
        items=tuple(
            m.Organisation(
                entity_id=one.entity_id, name=one.name(), scopes=one.scopes, registered_by=one.authority
            ) for one in seen.found
        ),
    )  # fmt: skip


def remove(services: Services, call: Call) -> None:
    """DELETE /providers/<id>."""
    one = _get(services, call)
    seen = editions.check(call, keeping.edition(one.kept))
    with placed():
        providers.remove(services, call.actor, one.provider.id, seen or "")


def restore(services: Services, call: Call) -> Answer:
    """POST /providers/<id>/restore."""
    with placed(body=False):
        return _answered(services, providers.restore(services, call.actor, call.path["id"]))


def changes(services: Services, call: Call) -> m.ProviderChanges:
    """GET /providers/<id>/history."""
    wanted = call.path["id"]
    if all(one.provider.id != wanted for one in providers.removed(services, call.actor)):
        wanted = _get(services, call).provider.id
    found = provider_history.of(services, call.actor, wanted, many=50)
    return m.ProviderChanges(items=tuple(map(_change, found)))


def undo(services: Services, call: Call) -> m.Providers:
    """POST /providers/history/<change>/undo."""
    try:
        with placed(body=False):
            provider_history.undo(services, call.actor, call.path["change"])
    except NoSuchChange:
        raise Problem("not-found", "There is no such change that could be undone.") from None
    return listed(services, call)


@contextlib.contextmanager
def placed(*, body: bool = True) -> Iterator[None]:
    """What the verbs say no with, by its place in the body. `body`: whether the row takes one. Errors: `Problem`."""
    try:
        yield
    except InvalidProvider as error:
        errors = [Error(pointer=_place(one.field) if body else None, detail=one.message) for one in error.problems]
        raise Problem("invalid" if body else "conflict", str(error), errors=errors) from None
    except keeping.NameTaken:
        raise Problem(
            "conflict", "Another provider has this name: people could not tell their buttons apart."
        ) from None
    except keeping.TooMany:
        raise Problem("conflict", f"There are {keeping.MAX_PROVIDERS} providers, as many as there may be.") from None
    except keeping.ChangedMeanwhile:
        raise Problem("changed", "It is another edition by now. Read it again.") from None
    except keeping.UnknownProvider:
        raise not_found("provider") from None


# -- below -----------------------------------------------------------------------------------------------------------


def _place(field: str) -> str:
    return pointer(field) if field in _OWN else pointer("settings", field)


def _settings(given: Mapping[str, Any]) -> dict[str, Any]:
    """Errors: `Problem` where one of them stands beside the settings."""
    wrong = [Error(pointer=pointer("settings", key), detail="is no setting") for key in given if key in _OWN]
    if wrong:
        raise Problem("invalid", "; ".join(f"{one.pointer}: {one.detail}" for one in wrong), errors=wrong)
    return dict(given)


def _described(body: m.NewProvider) -> dict[str, Any]:
    """What a body says of a new one. Errors: `Problem`."""
    said = _settings(body.settings) | {
        key: getattr(body, key) for key in ("name", "kind") if key in body.model_fields_set
    }
    if body.template is None:
        if body.blanks:
            raise problems.wrong("blanks", "there are none without a template")
        return {"name": "", **said}
    if body.template not in templates.TEMPLATES:
        raise problems.wrong("template", "there is no such template", expected=", ".join(templates.TEMPLATES))
    unknown = sorted(set(body.blanks) - set(templates.TEMPLATES[body.template].asks))
    if unknown:
        raise problems.wrong(pointer("blanks", unknown[0]), "the template asks for no such thing")
    try:
        return templates.filled(body.template, body.blanks, said)
    except templates.MissingBlank as error:
        raise problems.wrong(pointer("blanks", error.name), "is missing", expected=error.what) from None


def _get(services: Services, call: Call) -> providers.Standing:
    try:
        return providers.get(services, call.actor, call.path["id"])
    except keeping.UnknownProvider:
        raise not_found("provider") from None


def _answered(services: Services, one: providers.Standing) -> Answer:
    return Answer(value=_shown(services, one), etag=keeping.edition(one.kept))


def _shown(services: Services, one: providers.Standing) -> m.Provider:
    provider, health = one.provider, one.health
    settings = {key: value for key, value in provider.said().items() if key not in _OWN}
    return m.Provider(
        id=provider.id, name=provider.name, kind=provider.kind, template=provider.template, enabled=provider.enabled,
        settings=settings, redirect_uri=one.redirect_uri, logout_uri=one.logout_uri,
        signed_out_uri=one.signed_out_uri, has_secret=bool(one.kept.sealed), people=one.people,
        health=m.ProviderHealth(
            answers=not health.is_down, failing_since=moment_or_none(health.since or None), reason=health.reason
        ),
        managed_by=managed.manager_of(services, providers.KIND, provider.id) or None,
        changed_at=moment(one.kept.changed_at), removed_at=moment_or_none(one.kept.deleted_at),
    )  # fmt: skip


def _change(one: Change) -> m.ProviderChange:
    return m.ProviderChange(
        id=one.id, at=moment(one.at), action=one.action, who=one.who, address=one.address,
        differences=tuple(m.ProviderDifference(field=d.field, old=d.old, new=d.new) for d in one.differences),
        secret_replaced=one.secret, can_undo=one.can_undo,
    )  # fmt: skip
