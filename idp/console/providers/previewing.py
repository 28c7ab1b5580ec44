"""GET and POST /admin/providers/<id>/preview: what an owner's own sign-in there would bring here (I7).

Nobody is signed in by it, nothing is linked, and what it brought is seen by that owner alone and forgotten.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from idp.accounts.factors import kinds
from idp.admin.permissions import Permission
from idp.admin.providers import Standing
from idp.console.pages import ConsolePage, Visit
from idp.console.providers import finding, forms
from idp.console.providers.finding import PATH
from idp.federation import leaving, previewing
from idp.federation.previewing import Preview
from idp.first_party.door import PROTOCOL
from idp.login.flow import Flow
from idp.protocols import Services
from idp.showing import form_targets
from idp.texts import N_
from idp.wire import Redirect, Request, Response

_MANY: Final = 100  # claims that are shown
_LONG: Final = 400  # characters of one
#: What a sign-in there counts for, in words.
PROOFS: Final = {
    kinds.UPSTREAM: N_("One factor"), kinds.UPSTREAM_PASSWORD: N_("A password"),
    kinds.UPSTREAM_SECOND: N_("Two factors"),
    kinds.UPSTREAM_PHISHING_RESISTANT: N_("Two factors, of which one resists phishing"),
}  # fmt: skip


def handle(services: Services, request: Request, visit: Visit) -> Response:
    """What the last one brought; a new one; or an end to it."""
    one = finding.get(services, request, visit)
    if not forms.leads(one.provider.kind):
        raise finding.gone()
    here, person_id = f"{PATH}/{one.provider.id}/preview", visit.session.person_id
    if request.method == "POST" and request.form.get("do") == "forget":
        previewing.forget(services, one.provider, person_id)
        return Redirect(location=services.url(here))
    if request.method == "POST":
        flow = Flow(PROTOCOL, "", request={"path": here}, started_at=services.clock(), began=request.id)
        attempt = previewing.attempt_of(leaving.new(services, one.provider.id, flow), person_id)
        return leaving.begin(services, request, one.provider.id, attempt)
    found = previewing.find(services, one.provider, person_id)
    shown = None if found is None else _shown(services, one, found)
    page = finding.page(services, request, visit, one, "preview.html", seen=found, proofs=PROOFS, **(shown or {}))
    return replace(page, form_action=form_targets(one.provider.issuer) if one.provider.issuer else ())


def _shown(services: Services, one: Standing, found: Preview) -> dict[str, Any]:
    person = services.directory.find(found.person_id) if found.person_id else None
    table = {**one.provider.attributes} if found.person_id else {"name": "name", **one.provider.attributes}
    return {
        "linked": person,
        "table": [(ours, theirs, found.mapped.values.get(ours, "")) for ours, theirs in table.items()],
        "claims": list(_claims(found)), "groups": found.mapped.groups,
        "said_groups": _text(found.identity.claims.get(one.provider.groups_claim)) if one.provider.groups_claim else "",
    }  # fmt: skip


def _claims(found: Preview) -> Iterator[tuple[str, str]]:
    for name in sorted(map(str, found.identity.claims))[:_MANY]:
        yield name, _text(found.identity.claims.get(name))
    yield from ((name, "") for name in sorted(found.identity.missing))


def _text(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _LONG else f"{text[:_LONG]}…"


PAGES = (
    ConsolePage(f"{PATH}/<id>/preview", handle, Permission.PROVIDERS_CHANGE, Permission.PROVIDERS_CHANGE),
)  # fmt: skip
