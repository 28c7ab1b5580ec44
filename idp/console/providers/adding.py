"""/admin/providers/new: pick what it is, see what to type there, type what was got there (I12)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from idp import flash
from idp.admin import providers
from idp.admin.permissions import Permission
from idp.console import frame
from idp.console.pages import ConsolePage, Visit
from idp.console.providers import finding, forms
from idp.console.providers.finding import FULL, PATH, TAKEN
from idp.federation import fields, keeping, templates
from idp.federation.checking import InvalidProvider
from idp.federation.keeping import NameTaken, TooMany
from idp.federation.kinds import KINDS
from idp.federation.ports import Wrong
from idp.federation.provider import DEFAULTS, FEDERATION, SWITCHES
from idp.federation.templates import Template
from idp.protocols import Services
from idp.wire import Request, Response

#: What is asked for at first; everything else can be said later.
FIRST: Final = ("name", "issuer", "client_id", "domains", "create")


def choose(services: Services, request: Request, visit: Visit) -> Response:
    """GET /admin/providers/new."""
    return frame.page(services, request, visit, "console/providers/choose.html", templates=templates.ROWS, kinds=KINDS)


def fill(services: Services, request: Request, visit: Visit) -> Response:
    """GET and POST /admin/providers/new/<template>: of a template, or of a kind that none describes."""
    template = templates.TEMPLATES.get(request.segment) or _plain(request.segment)
    if template is None:
        raise finding.gone()
    if request.method != "POST":
        said = {"name": template.title if template.key else "", **template.said}
        typed = forms.texts_of(_kind(template), said)
        return _page(services, request, visit, template, typed, providers.reserve(services, visit.actor))
    return _add(services, request, visit, template)


def _plain(kind: str) -> Template | None:
    """A kind of provider without a template."""
    return Template("", KINDS[kind].title, {"kind": kind}) if kind in KINDS else None


def _kind(template: Template) -> str:
    return str(template.said.get("kind", DEFAULTS["kind"]))


def _asked(template: Template) -> tuple[fields.Field, ...]:
    """The fields of the first form: those that every one needs, and what is not in the template's blanks."""
    rows = [
        row
        for row in fields.of(_kind(template))
        if row.name in _first(template) or (not template.key and row.part == "main")
    ]
    return tuple(
        row for row in rows if (row.name not in template.asks or row.document) and row.name not in template.said
    )


def _first(template: Template) -> tuple[str, ...]:
    """What is asked for at first; of a federation its key, too, without which nobody is believed."""
    return (*FIRST, "metadata_keys") if _kind(template) == FEDERATION else FIRST


def _add(services: Services, request: Request, visit: Visit, template: Template) -> Response:
    typed = {
        **{row.name: (request.form.get(row.name) or "").replace("\r\n", "\n") for row in _asked(template)},
        **{name: (request.form.get(name) or "").strip() for name in template.asks},
    }
    sealed = request.form.get("reserved") or ""
    secret = (request.form.get("secret") or "").replace("\r\n", "\n").strip()
    reserved = providers.reserved(services, visit.actor, sealed)
    if reserved and keeping.find(services.db, reserved) is not None:  # sent twice
        return flash.redirect(services, f"{PATH}/{reserved}", "provider_added")
    try:
        made = providers.add(
            services, visit.actor, _said(template, typed), secret, enabled=bool(request.form.get("on")),
            reserved=reserved,
        )  # fmt: skip
    except InvalidProvider as error:
        return _page(services, request, visit, template, typed, sealed, error.problems)
    except NameTaken:
        return _page(services, request, visit, template, typed, sealed, (Wrong("name", TAKEN),))
    except TooMany:
        return _page(services, request, visit, template, typed, sealed, (Wrong("", FULL),))
    return flash.redirect(services, f"{PATH}/{made.provider.id}", "provider_added")


def _said(template: Template, typed: Mapping[str, str]) -> dict[str, Any]:
    """What a new one says. Errors: `InvalidProvider`."""
    asked = {row.name for row in _asked(template)}
    said = forms.said({name: text for name, text in typed.items() if name in asked and (text or name in SWITCHES)})
    if not template.key:
        return {"name": "", **template.said, **said}
    blanks = {name: typed[name] for name in template.asks}
    problems = [Wrong(name, f"expected {template.asks[name]}") for name, text in blanks.items() if not text]
    if problems:
        raise InvalidProvider(*problems)
    return templates.filled(template.key, blanks, said)


def _page(
    services: Services, request: Request, visit: Visit, template: Template, typed: Mapping[str, str], sealed: str,
    problems: Iterable[Wrong] = (),
) -> Response:  # fmt: skip
    reserved = providers.reserved(services, visit.actor, sealed)
    if not reserved:  # the form is somebody else's, or from before the keys were changed
        sealed = providers.reserve(services, visit.actor)
        reserved = providers.reserved(services, visit.actor, sealed)
    wrong = tuple(problems)
    asked = [row.name for row in _asked(template)]
    some = [one for part in forms.parts(_kind(template), typed, wrong) for one in part["fields"]]
    return frame.page(
        services, request, visit, "console/providers/new.html", status=422 if wrong else 200, known=template,
        kind=KINDS[_kind(template)], segment=request.segment, reserved=sealed, typed=typed,
        one=providers.planned(services, visit.actor, reserved, _kind(template)),
        fields=[one for one in some if one["key"] in asked],
        asks={name: what for name, what in template.asks.items() if name not in asked},
        problems=[(one.field, f"{one.field}: {one.message}") for one in wrong],
        wrong={one.field: one.message for one in wrong}, on=request.method != "POST" or bool(request.form.get("on")),
        leads=forms.leads(_kind(template)), needs_secret=bool(KINDS[_kind(template)].secret),
    )  # fmt: skip


PAGES = (
    ConsolePage(f"{PATH}/new", choose, Permission.PROVIDERS_CHANGE),
    ConsolePage(f"{PATH}/new/<template>", fill, Permission.PROVIDERS_CHANGE, Permission.PROVIDERS_CHANGE),
)
