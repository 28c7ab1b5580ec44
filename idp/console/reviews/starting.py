"""Start a review: what it is about, who decides, until when; then what it means in numbers; then it begins."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from idp import flash
from idp.accounts import groups
from idp.accounts.person import Person
from idp.accounts.reviews import APP, GROUP, REPORT
from idp.admin import reviews
from idp.admin.permissions import Permission
from idp.admin.planned_ends import BadMoment, moment
from idp.admin.reviews import BadReview, Candidates, Wish
from idp.console import frame
from idp.console.pages import ConsolePage, Visit
from idp.console.reviews import words
from idp.language import locale_for, zone_for
from idp.protocols import Services
from idp.texts import N_, translate
from idp.wire import Request, Response

P = Permission
HERE: Final = "/admin/reviews/new"
_DAYS: Final = 14
_END_OF_DAY: Final = "18:00"
_NONE_SUCH: Final = N_("There is nothing of this name or id that you look after.")
_SEVERAL: Final = N_("Several are called so. Write the id, which stands on the application’s page.")


@dataclass
class _Form:
    """What was typed, what it means, and what is wrong with it by the field's name."""

    typed: dict[str, Any]
    kind: str = ""
    about: str = ""
    name: str = ""
    reviewers: list[Person] = field(default_factory=list)
    due_at: float = 0.0
    problems: dict[str, str] = field(default_factory=dict)
    in_its_way: str = ""


def show(services: Services, request: Request, visit: Visit) -> Response:
    """GET and POST /admin/reviews/new; `app`, `group`: what it is about."""
    form = _read(services, request)
    _find(services, visit, form)
    if request.method != "POST" or form.problems or not form.about:
        return _page(services, request, visit, form)
    _find_reviewers(services, form)
    _find_moment(form)
    whom = reviews.candidates(services, visit.actor, form.kind, form.about)
    if not form.problems and whom is not None:
        wish = Wish(
            kind=form.kind, about=form.about, reviewers=tuple(form.reviewers), due_at=form.due_at,
            unconfirmed=form.typed["unconfirmed"], months=form.typed["months"],
        )  # fmt: skip
        try:
            if request.form.get("do") == "start":
                review = reviews.start(services, visit.actor, wish)
                return flash.redirect(services, f"/admin/reviews/{review.id}", "review_started")
            reviews.check(services, wish, whom)
        except BadReview as error:
            form.problems[error.field], form.in_its_way = error.text, error.review
    if form.problems or request.form.get("do") != "look":
        return _page(services, request, visit, form)
    return _sure(services, request, visit, form, whom)


def _read(services: Services, request: Request) -> _Form:
    source = request.form if request.method == "POST" else request.query
    soon = datetime.fromtimestamp(services.clock(), ZoneInfo(zone_for(request))) + timedelta(days=_DAYS)
    months = source.get("months") or "0"
    typed: dict[str, Any] = {
        "app": (source.get("app") or "").strip()[:300], "group": (source.get("group") or "").strip()[:128],
        "day": (source.get("day") or f"{soon:%Y-%m-%d}")[:10], "time": (source.get("time") or _END_OF_DAY)[:5],
        "zone": (source.get("zone") or zone_for(request))[:40], "unconfirmed": source.get("unconfirmed") or REPORT,
        "months": int(months) if months.isdecimal() and len(months) < 3 else 0,
        "reviewer": [value for name, value in request.form.pairs if name == "reviewer"],
        "others": (source.get("others") or "")[:2000],
    }  # fmt: skip
    return _Form(typed)


def _find(services: Services, visit: Visit, form: _Form) -> None:
    """What it is about, where the visitor may review it; of another's part it says what it says of nothing."""
    app, group = form.typed["app"], form.typed["group"]
    if app:
        _find_app(services, visit, form, app)
    elif group:
        found = groups.find_by_id(services.db, group) or groups.find(services.db, group)
        if found is not None and reviews.may(services, visit.actor, P.REVIEWS_START, GROUP, found.id):
            form.kind, form.about, form.name = GROUP, found.id, found.name
        else:
            form.problems["group"] = _NONE_SUCH


def _find_app(services: Services, visit: Visit, form: _Form, app: str) -> None:
    client = services.registry.find(app)
    names = () if client is not None else services.registry.search(app, limit=50)
    ids = [client.id] if client is not None else [one.id for one in names if one.name.casefold() == app.casefold()]
    ids = [one for one in ids if reviews.may(services, visit.actor, P.REVIEWS_START, APP, one)]
    if len(ids) != 1:
        form.problems["app"] = _SEVERAL if ids else _NONE_SUCH
        return
    found = services.registry.find(ids[0])
    form.kind, form.about, form.name = APP, ids[0], found.name if found is not None else ""


def _find_reviewers(services: Services, form: _Form) -> None:
    names = [*form.typed["reviewer"], *form.typed["others"].split()]
    for name in names:
        person = services.directory.find_named(name)
        if person is None:
            form.problems["others"] = N_("Nobody has the name %(name)s.", name=name[:80])
            return
        form.reviewers.append(person)


def _find_moment(form: _Form) -> None:
    try:
        form.due_at = moment(form.typed["day"], form.typed["time"], form.typed["zone"])
    except BadMoment as error:
        form.problems["due"] = error.text


def _page(services: Services, request: Request, visit: Visit, form: _Form) -> Response:
    offered = reviews.able(services, form.kind, form.about, P.REVIEWS_DECIDE) if form.about else ()
    shown, locale = {one.id for one in offered}, locale_for(services, request)
    chosen = form.typed["reviewer"] or [one.id for one in offered if len(offered) == 1]
    return frame.page(
        services, request, visit, "console/reviews/new.html", status=422 if form.problems else 200, form=form,
        typed=form.typed, problems=form.problems, offered=offered, chosen=[one for one in chosen if one in shown],
        every=[(value, translate(locale, text)) for value, text in words.EVERY.items()],
        unconfirmed=words.UNCONFIRMED,
        problems_at=[("day" if name == "due" else name, text) for name, text in form.problems.items()],
        groups_too=visit.actor.scope_among("groups", P.REVIEWS_START) is None,
    )  # fmt: skip


def _sure(
    services: Services, request: Request, visit: Visit, form: _Form, whom: Candidates | None
) -> Response:  # fmt: skip
    assert whom is not None
    return frame.page(
        services, request, visit, "console/reviews/sure.html", form=form, typed=form.typed, total=len(whom.whom),
        ways=whom.ways, due_at=form.due_at, unconfirmed=words.UNCONFIRMED[form.typed["unconfirmed"]],
        every=words.EVERY[form.typed["months"]],
    )  # fmt: skip


PAGES = (ConsolePage(HERE, show, P.REVIEWS_START, P.REVIEWS_START),)
