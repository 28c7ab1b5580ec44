"""The provider that a path names, and the frame of its pages."""

from __future__ import annotations

from typing import Any, Final

from idp.admin import managed, providers
from idp.admin.providers import Standing
from idp.console import frame
from idp.console.pages import Visit
from idp.console.providers import forms
from idp.errors import Explanation, Refused
from idp.federation.keeping import MAX_PROVIDERS, UnknownProvider
from idp.federation.kinds import KINDS
from idp.protocols import Services
from idp.texts import N_
from idp.wire import Page, Request

PATH: Final = "/admin/providers"
TAKEN: Final = N_("Another provider has this name: people could not tell their buttons apart.")
FULL: Final = N_("There are %(count)s providers, as many as there may be.", count=MAX_PROVIDERS)
MEANWHILE: Final = N_("Somebody else changed this provider while you had the form open. Nothing of yours is saved yet.")


def get(services: Services, request: Request, visit: Visit) -> Standing:
    """Errors: `Refused` (404)."""
    try:
        return providers.get(services, visit.actor, request.segment)
    except UnknownProvider:
        raise gone() from None


def gone() -> Refused:
    """There is no such provider."""
    return Refused(
        "no_such_provider", N_("There is no provider with this id."), title=N_("Page not found"),
        advice=N_("Perhaps it was removed. The list has all that there are."),
        explanation=Explanation("person", "`doorward provider list` has all that there are"), status=404,
    )  # fmt: skip


def page(
    services: Services, request: Request, visit: Visit, one: Standing, template: str, *, status: int = 200,
    **values: Any,
) -> Page:  # fmt: skip
    """A page of one provider."""
    manager = managed.manager_of(services, providers.KIND, one.provider.id)
    return frame.page(
        services, request, visit, f"console/providers/{template}", status=status, one=one, provider=one.provider,
        kind=KINDS[one.provider.kind], manager=manager, leads=forms.leads(one.provider.kind),
        is_locked=bool(manager) and services.settings.admin.managed == "refuse", **values,
    )  # fmt: skip
