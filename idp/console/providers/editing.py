"""GET and POST /admin/providers/<id>/edit: its fields in groups; nothing typed is lost, nor another's change (B5)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from idp import flash
from idp.admin import providers
from idp.admin.permissions import Permission
from idp.admin.providers import Standing
from idp.console.pages import ConsolePage, Visit
from idp.console.providers import finding, forms
from idp.console.providers.finding import MEANWHILE, PATH, TAKEN
from idp.federation.checking import InvalidProvider
from idp.federation.keeping import ChangedMeanwhile, NameTaken, edition
from idp.federation.ports import Wrong
from idp.protocols import Services
from idp.wire import Request, Response


def handle(services: Services, request: Request, visit: Visit) -> Response:
    """The form, or what was typed."""
    one = finding.get(services, request, visit)
    kind = one.provider.kind
    stands = forms.texts_of(kind, one.provider.said())
    if request.method != "POST":
        return _page(services, request, visit, one, stands, edition(one.kept))
    texts, seen = forms.typed(kind, request.form, stands), (request.form.get("edition") or "")[:40]
    try:
        said = {**forms.said(texts), "kind": kind, "template": one.provider.template}
        secret = (request.form.get("secret") or "").replace("\r\n", "\n").strip() or None
        providers.change(services, visit.actor, one.provider.id, providers.Wanted(said, secret, seen=seen))
    except InvalidProvider as error:
        return _page(services, request, visit, one, texts, seen, error.problems)
    except NameTaken:
        return _page(services, request, visit, one, texts, seen, (Wrong("name", TAKEN),))
    except ChangedMeanwhile:
        now = finding.get(services, request, visit)
        return _page(services, request, visit, now, texts, edition(now.kept), beside=_beside(now, texts))
    return flash.redirect(services, f"{PATH}/{one.provider.id}", "provider_saved")


def _beside(now: Standing, texts: Mapping[str, str]) -> list[dict[str, Any]]:
    """What stands there by now, beside what was typed."""
    stands = forms.texts_of(now.provider.kind, now.provider.said())
    return [
        {"label": forms.label_of(name), "now": stands[name], "yours": text}
        for name, text in texts.items() if text.strip() != stands[name].strip()
    ]  # fmt: skip


def _page(
    services: Services, request: Request, visit: Visit, one: Standing, texts: Mapping[str, str], seen: str,
    problems: Iterable[Wrong] = (), beside: Any = (),
) -> Response:  # fmt: skip
    wrong = tuple(problems)
    status = 409 if beside else 422 if wrong else 200
    return finding.page(
        services, request, visit, one, "edit.html", status=status, edition=seen, beside=beside, meanwhile=MEANWHILE,
        parts=forms.parts(one.provider.kind, texts, wrong), wrong={each.field: each.message for each in wrong},
        problems=[(each.field, f"{each.field}: {each.message}") for each in wrong],
    )  # fmt: skip


PAGES = (
    ConsolePage(f"{PATH}/<id>/edit", handle, Permission.PROVIDERS_CHANGE, Permission.PROVIDERS_CHANGE),
)  # fmt: skip
