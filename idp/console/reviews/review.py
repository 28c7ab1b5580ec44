"""One review: who decides does it here, a page of people at a time; when it has ended, this is the evidence."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlencode

from idp import flash
from idp.accounts import reviews as kept
from idp.accounts.reviews import ENDED, OPEN, OUTCOMES, Looked, Review
from idp.admin import reviews
from idp.admin.permissions import Permission
from idp.admin.reviews import NotOpen, deciding, rights
from idp.audit.exporting.tables import moment, row
from idp.console import frame
from idp.console.pages import ConsolePage, Visit
from idp.console.reviews import words
from idp.console.reviews.finding import name_of, review_of
from idp.language import locale_for
from idp.protocols import Services
from idp.texts import N_, translate
from idp.wire import Raw, Redirect, Request, Response

P = Permission
PAGE: Final = 100
_OPEN_FIRST: Final = "open"
_REFUSED: Final = {
    "self": N_("Nobody decides about themselves. Somebody else has to: %(names)s"),
    "rank": N_("They may do more here than you. Somebody who may do as much has to decide: %(names)s"),
}  # fmt: skip


def show(services: Services, request: Request, visit: Visit) -> Response:
    """GET and POST /admin/reviews/<id>; `q`, `show`, `after`: which of the people."""
    review = review_of(services, request, visit)
    if request.method != "POST":
        return _page(services, request, visit, review)
    verdict, people = _pressed(request)
    if verdict is None or not people:
        return _page(services, request, visit, review, problem=N_("Nobody was marked, so nothing was decided."))
    try:
        said = reviews.decide(services, visit.actor, review, people[: 2 * PAGE], verdict)
    except NotOpen:
        return flash.redirect(services, f"/admin/reviews/{review.id}", "review_over")
    if said.refused:
        return _page(services, request, visit, review, refused=said.refused)
    query = urlencode({name: value for name in ("q", "show", "after") if (value := request.form.get(name) or "")})
    return Redirect(location=services.url(f"/admin/reviews/{review.id}") + (f"?{query}" if query else ""))


def _pressed(request: Request) -> tuple[str | None, list[str]]:
    """What was pressed: of one person, such as `keep:u…`, or of those that are marked."""
    pressed = request.form.get("do") or ""
    verdict, _, one = pressed.partition(":")
    verdicts = {"keep": "keep", "withdraw": "withdraw", "open": ""}
    people = [one] if one else [value for name, value in request.form.pairs if name == "person"]
    return verdicts.get(verdict), people


def _page(
    services: Services, request: Request, visit: Visit, review: Review, *, problem: str = "",
    refused: dict[str, list[str]] | None = None,
) -> Response:  # fmt: skip
    source = request.form if request.method == "POST" else request.query
    query, after = (source.get("q") or "")[:200], source.get("after") or ""
    asked = source.get("show") or (_OPEN_FIRST if review.state == OPEN else "all")
    found = kept.page(
        services.db, review.id, verdict={"open": "", "keep": "keep", "withdraw": "withdraw"}.get(asked),
        outcome=asked if asked in OUTCOMES else None, text=query, after=after, many=PAGE + 1,
    )  # fmt: skip
    decides = review.state == OPEN and services.clock() < review.due_at
    decides = decides and rights.may_decide(services, visit.actor, review)
    keep = {name: value for name, value in (("q", query), ("show", asked)) if value}
    at_work = review.state == kept.ENDING
    return frame.page(
        services, request, visit, "console/reviews/review.html", status=422 if problem or refused else 200,
        headers=(("Refresh", "3"),) if at_work else (),
        review=review, progress=kept.progress(services.db, review), decides=decides,
        rows=[_row(services, visit, one, decides) for one in found[:PAGE]], query=query, asked=asked, after=after,
        problem=problem, refused=[N_(_REFUSED[why], names=", ".join(names)) for why, names in (refused or {}).items()],
        first=f"?{urlencode(keep)}" if after else "", many=PAGE,
        next=f"?{urlencode({**keep, 'after': found[PAGE - 1].key})}" if len(found) > PAGE else "",
        starter=name_of(services, review.started_by), reviewers=_names(services, review),
        may_end=rights.may(services, visit.actor, P.REVIEWS_START, review.kind, review.about),
        unconfirmed=words.UNCONFIRMED[review.unconfirmed], every=words.EVERY[review.months],
        states=words.STATES, outcomes=[(code, words.OUTCOMES[code], review.counts[code]) for code in OUTCOMES
                                       if review.counts.get(code)],
        shows=_shows(review), todo=words.left_to_do(review.counts) if review.to_see_to else [],
        settled_by=name_of(services, review.settled_by), stopped_for=words.STOPPED_FOR.get(review.note, ""),
    )  # fmt: skip


def _shows(review: Review) -> list[tuple[str, str]]:
    if review.state == ENDED:
        return [("all", N_("Everybody")), *((code, words.OUTCOMES[code]) for code in OUTCOMES)]
    return [
        ("open", words.VERDICTS[""]), ("keep", words.VERDICTS["keep"]), ("withdraw", words.VERDICTS["withdraw"]),
        ("all", N_("Everybody")),
    ]  # fmt: skip


def _names(services: Services, review: Review) -> list[str]:
    people = map(services.directory.find, review.reviewers)
    return [one.name for one in people if one is not None]


def _row(services: Services, visit: Visit, one: Looked, decides: bool) -> dict[str, Any]:
    person = services.directory.find(one.person_id) if decides else None
    return {
        "one": one, "way": words.way(one), "verdict": words.VERDICTS[one.verdict],
        "by": name_of(services, one.decided_by), "outcome": words.OUTCOMES.get(one.outcome, ""),
        "why": words.why(one.outcome, one.why), "not": deciding.why_not(services, visit.actor, person),
        "off": person is not None and not person.enabled,
    }  # fmt: skip


def give(services: Services, request: Request, visit: Visit) -> Response:
    """GET /admin/reviews/<id>/rows: everybody with what was decided and what became of it, as a file."""
    review, locale = review_of(services, request, visit), locale_for(services, request)

    def say(text: str) -> str:
        return translate(locale, text) if text else ""

    lines = [row(("review", "about", "state", "person_id", "username", "name", "access", "decision", "decided_by",
                  "decided_at", "outcome", "why"))]  # fmt: skip
    lines += [
        row((review.id, review.name, review.state, one.person_id, one.username, one.name, say(words.way(one)),
             one.verdict, name_of(services, one.decided_by), moment(one.decided_at) if one.decided_at else "",
             one.outcome, say(words.why(one.outcome, one.why))))
        for one in kept.everybody(services.db, review.id)
    ]  # fmt: skip
    return Raw(
        body=b"\xef\xbb\xbf" + "".join(lines).encode("utf-8", "replace"), content_type="text/csv; charset=utf-8",
        headers=(("Content-Disposition", 'attachment; filename="access-review.csv"'), ("Cache-Control", "no-store")),
    )  # fmt: skip


PAGES = (
    ConsolePage("/admin/reviews/<id>", show, P.REVIEWS_READ, P.REVIEWS_DECIDE),
    ConsolePage("/admin/reviews/<id>/rows", give, P.REVIEWS_READ),
)
