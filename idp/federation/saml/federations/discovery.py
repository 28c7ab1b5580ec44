"""GET /upstream/discovery/…: people choose their organisation, or come back from a discovery service that asked them.

A page without JavaScript: each organisation is a link, and the search a form. Logos are shown from nowhere: whoever
hosts them would learn who looks.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final
from urllib.parse import quote, unquote, urlencode

from idp.browser import cookie_name
from idp.errors import Explanation, Refused
from idp.federation import attempts, crowding, failures, keeping, leaving
from idp.federation.keeping import Kept
from idp.federation.provider import FEDERATION
from idp.federation.saml import kind as saml
from idp.federation.saml import ours
from idp.federation.saml.federations import chosen, members
from idp.federation.saml.federations.describing import Member
from idp.language import locale_for
from idp.protocols import Services
from idp.texts import N_
from idp.wire import Cookie, Page, Request, Response

COOKIE: Final = "organisations"  # those chosen before, the last first, where the device is not shared
REMEMBERED: Final = 3
_LONGEST: Final = 300  # characters of an entityID that is remembered
_DAY: Final = 86400


def receive(services: Services, request: Request) -> Response:
    """The page, or the way to whom was chosen (IdP Discovery §2.4.3). Errors: `Refused`."""
    kept = keeping.find(services.db, request.segment)
    state = request.query.get("state") or ""
    attempt = attempts.waiting(services, request, state)
    is_preview = attempt.purpose == attempts.PREVIEW
    if kept is None or kept.provider.kind != FEDERATION or not (kept.provider.enabled or is_preview):
        raise failures.off(request.segment[:40])
    if attempt.provider_id != kept.provider.id:
        raise failures.gone()
    entity_id = request.query.get("entityID") or ""
    if not entity_id:
        return _page(services, request, kept, state)
    one = members.find(services, kept.provider, entity_id)
    if one is None:
        raise _unknown(services, kept, state, entity_id)
    chosen.note(services, state, one)
    question = leaving.question(services, kept, attempt)
    with crowding.turn(services, kept.provider):
        response = saml.KIND.begin(services, replace(question, provider=members.speaking(kept.provider, one)))
    cookie = _remembering(services, request, one, shared=attempt.shared)
    return replace(response, cookies=(*response.cookies, *cookie))


def _page(services: Services, request: Request, kept: Kept, state: str) -> Page:
    typed = (request.query.get("q") or "").strip()[:200]
    found = members.search(services, kept.provider, typed)
    locale = locale_for(services, request)
    languages = (locale, locale.partition("-")[0])
    before = [] if typed else _remembered(services, request, kept)
    here = ours.discovery(services, kept.provider.id)
    rows = [_row(one, languages, here, state) for one in found[: members.SHOWN]]
    return Page(template="login/discovery.html", values={
        "name": kept.provider.name, "here": here, "state": state, "typed": typed, "rows": rows,
        "before": [_row(one, languages, here, state) for one in before], "more": len(found) > members.SHOWN,
    })  # fmt: skip


def _row(one: Member, languages: tuple[str, ...], here: str, state: str) -> dict[str, Any]:
    link = here + "?" + urlencode({"state": state, "entityID": one.entity_id})
    return {"name": one.name(languages), "link": link, "domain": one.scopes[0] if one.scopes else ""}


def _unknown(services: Services, kept: Kept, state: str, entity_id: str) -> Refused:
    again = f"{ours.discovery(services, kept.provider.id)}?{urlencode({'state': state})}"
    return Refused(
        "upstream_organisation", N_("Nobody signs in here from the organisation that was chosen."),
        title=N_("This organisation is not known here"), advice=N_("Choose another one, or sign in another way."),
        way_on=again, detail=entity_id[:300],
        explanation=Explanation(
            "upstream", "See whether the federation's metadata has it, whether it has ended, and whether `members` of "
            "the provider here lets people come from it.", "entityID", "an identity provider that people may come from",
            entity_id[:300],
        ),
    )  # fmt: skip


def _remembered(services: Services, request: Request, kept: Kept) -> list[Member]:
    found = (members.find(services, kept.provider, one) for one in _in_cookie(services, request))
    return [one for one in found if one is not None and not one.hidden]


def _in_cookie(services: Services, request: Request) -> list[str]:
    said = request.cookies.get(cookie_name(services, COOKIE), "")
    return [unquote(one) for one in said.split("!")[:REMEMBERED] if one and len(one) <= 3 * _LONGEST]


def _remembering(services: Services, request: Request, one: Member, *, shared: bool) -> tuple[Cookie, ...]:
    days = services.settings.session.remember_account_days
    if shared or not days or len(one.entity_id) > _LONGEST:
        return ()
    names = [*dict.fromkeys((one.entity_id, *_in_cookie(services, request)))][:REMEMBERED]
    value = "!".join(quote(name, safe="") for name in names)
    return (Cookie(cookie_name(services, COOKIE), value, days * _DAY),)
