"""GET and POST /admin/providers/<id>: one provider, how it stands, tried by a button, turned off and on, its secret."""

from __future__ import annotations

from collections.abc import Iterable

from idp import flash
from idp.admin import provider_keys, providers
from idp.admin.permissions import Permission
from idp.admin.providers import Standing
from idp.console.pages import ConsolePage, Visit
from idp.console.providers import finding
from idp.console.providers.finding import PATH
from idp.errors import Refused
from idp.federation import templates
from idp.federation.checking import InvalidProvider, needs_secret
from idp.federation.keeping import ChangedMeanwhile
from idp.federation.ports import Found
from idp.protocols import Services
from idp.wire import Request, Response


def handle(services: Services, request: Request, visit: Visit) -> Response:
    """The page, or one press on it."""
    one = finding.get(services, request, visit)
    if request.method != "POST":
        return _page(services, request, visit, one)
    do, here = request.form.get("do") or "", f"{PATH}/{one.provider.id}"
    if do == "test":
        return _page(services, request, visit, one, found=_tried(services, visit, one))
    try:
        if do in ("on", "off"):
            providers.turn(services, visit.actor, one.provider.id, on=do == "on")
            return flash.redirect(services, here, f"provider_{do}")
        if do == "secret":
            secret = (request.form.get("secret") or "").replace("\r\n", "\n").strip()
            providers.renew_secret(services, visit.actor, one.provider.id, secret)
            return flash.redirect(services, here, "provider_secret")
        if do == "pin":
            provider_keys.pin(services, visit.actor, one.provider.id, (request.form.get("key") or "")[:100])
            return flash.redirect(services, here, "provider_saved")
    except InvalidProvider as error:
        return _page(services, request, visit, one, problem=error.problems[0].message)
    except (provider_keys.UnknownKey, ChangedMeanwhile):
        return _page(services, request, visit, one)  # it shows what stands there now
    return _page(services, request, visit, one)


def _tried(services: Services, visit: Visit, one: Standing) -> Iterable[Found]:
    try:
        return providers.test(services, visit.actor, one.provider.id)
    except Refused as error:
        return (Found(one.provider.name, False, error.explanation.fix),)


def _page(
    services: Services, request: Request, visit: Visit, one: Standing, *, found: Iterable[Found] = (),
    problem: str = "",
) -> Response:  # fmt: skip
    template = templates.TEMPLATES.get(one.provider.template)
    return finding.page(
        services, request, visit, one, "show.html", status=422 if problem else 200, found=tuple(found),
        problem=problem, known=template, needs_secret=needs_secret(services.issuer, one.provider),
        keys=provider_keys.of(services, visit.actor, one.provider.id),
    )  # fmt: skip


PAGES = (ConsolePage(f"{PATH}/<id>", handle, Permission.PROVIDERS_READ, Permission.PROVIDERS_CHANGE),)
