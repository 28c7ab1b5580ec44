"""End a review before its date, or stop it: in numbers first; and note that what it left has been seen to."""

from __future__ import annotations

from idp import flash
from idp.accounts.reviews import NOT_DONE, OPEN, OUTCOMES, PLANNED, REPORTED, STAYS
from idp.admin import reviews
from idp.admin.permissions import Permission
from idp.admin.reviews import rights
from idp.console import frame
from idp.console.pages import ConsolePage, Visit
from idp.console.reviews import words
from idp.console.reviews.finding import review_of
from idp.protocols import Services
from idp.wire import Request, Response

P = Permission


def show(services: Services, request: Request, visit: Visit) -> Response:
    """GET and POST /admin/reviews/<id>/end; `do`: end, stop, settle."""
    review = review_of(services, request, visit)
    rights.check(services, visit.actor, P.REVIEWS_START, review.kind, review.about)
    here = f"/admin/reviews/{review.id}"
    if request.method == "POST":
        do = request.form.get("do")
        if do == "settle":
            done = reviews.settle(services, visit.actor, review, request.form.get("note") or "")
            return flash.redirect(services, here, "review_settled" if done or review.settled_at else "review_not_ended")
        done = (reviews.end_now if do == "end" else reviews.stop)(services, visit.actor, review)
        said = ("review_ending" if do == "end" else "review_stopped") if done else "review_over"
        return flash.redirect(services, here, said)
    if review.state not in (OPEN, PLANNED):
        return flash.redirect(services, here, "review_over")
    told = reviews.foreseen(services, visit.actor, review)
    lines = [(code, words.OUTCOMES[code], told.counts[code]) for code in OUTCOMES if told.counts.get(code)]
    hindered = [one for one in sorted(told.why.items()) if one[0][1] and one[0][0] in (STAYS, NOT_DONE)]
    whys = [(words.why(code, why), many) for (code, why), many in hindered]
    return frame.page(
        services, request, visit, "console/reviews/end.html", review=review, lines=lines, whys=whys,
        bad={STAYS, NOT_DONE, REPORTED},
    )  # fmt: skip


PAGES = (ConsolePage("/admin/reviews/<id>/end", show, P.REVIEWS_START, P.REVIEWS_START),)
