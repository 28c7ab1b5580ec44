"""What each row of the access reviews does."""

from __future__ import annotations

from typing import Any

from idp.accounts import reviews as kept
from idp.accounts.person import Person
from idp.accounts.reviews import Looked, Review
from idp.admin import reviews
from idp.api import paging
from idp.api.models import moment, moment_or_none
from idp.api.operations import Answer, Call
from idp.api.problems import Problem, not_found, wrong
from idp.api.reviews import models as m
from idp.protocols import Services

#: The field of a body that the verb means.
_FIELDS = {"due": "due_at"}


def listed(services: Services, call: Call) -> m.Reviews:
    """GET /reviews."""
    before, limit = paging.place(services, call) or "", call.query.limit
    found = reviews.listed(services, call.actor, before, limit + 1)
    shown = found[:limit]
    more = paging.cursor(services, call, shown[-1].id) if len(found) > limit else None
    return m.Reviews(items=tuple(_shown(services, one) for one in shown), next=more)


def start(services: Services, call: Call) -> Answer:
    """POST /reviews."""
    body: m.NewReview = call.body
    wish = reviews.Wish(
        kind=body.kind, about=body.about, reviewers=_reviewers(services, body), due_at=body.due_at.timestamp(),
        unconfirmed=body.unconfirmed, months=body.months,
    )  # fmt: skip
    try:
        made = reviews.start(services, call.actor, wish)
    except reviews.BadReview as error:
        if error.review:
            raise Problem("conflict", str(error.text)) from None
        raise wrong(_FIELDS.get(error.field, error.field), str(error.text)) from None
    return Answer(value=_shown(services, made), location=f"/reviews/{made.id}")


def show(services: Services, call: Call) -> m.Review:
    """GET /reviews/<id>."""
    return _shown(services, _get(services, call))


def people(services: Services, call: Call) -> m.People:
    """GET /reviews/<id>/people."""
    review, query = _get(services, call), call.query
    verdict = {"none": "", None: None}.get(query.verdict, query.verdict)
    after = paging.place(services, call) or ""
    found = kept.page(
        services.db, review.id, verdict=verdict, text=query.query, after=after, many=query.limit + 1
    )  # fmt: skip
    some = found[: query.limit]
    more = paging.cursor(services, call, some[-1].key) if len(found) > query.limit else None
    return m.People(items=tuple(map(_looked, some)), next=more)


def decide(services: Services, call: Call) -> m.Decided:
    """POST /reviews/<id>/decisions."""
    review = _get(services, call)
    try:
        said = reviews.decide(services, call.actor, review, call.body.people, call.body.verdict)
    except reviews.NotOpen:
        raise Problem("conflict", "It has ended, or was stopped: nothing is decided any more.") from None
    return m.Decided(done=said.done, refused={why: tuple(names) for why, names in said.refused.items()})


def foreseen(services: Services, call: Call) -> m.Foreseen:
    """GET /reviews/<id>/foreseen."""
    return m.Foreseen(counts=reviews.foreseen(services, call.actor, _get(services, call)).counts)


def end(services: Services, call: Call) -> m.Review:
    """POST /reviews/<id>/end."""
    return _after(services, call, reviews.end_now(services, call.actor, _get(services, call)))


def stop(services: Services, call: Call) -> m.Review:
    """POST /reviews/<id>/stop."""
    return _after(services, call, reviews.stop(services, call.actor, _get(services, call)))


def settle(services: Services, call: Call) -> m.Review:
    """POST /reviews/<id>/settle."""
    return _after(services, call, reviews.settle(services, call.actor, _get(services, call), call.body.note))


def _after(services: Services, call: Call, is_done: bool) -> m.Review:
    review = _get(services, call)
    if not is_done:
        raise Problem("conflict", f"It is {review.state}: this cannot be done with it any more, or not yet.")
    return _shown(services, review)


def _get(services: Services, call: Call) -> Review:
    found = reviews.find(services, call.actor, call.path["id"])
    if found is None:
        raise not_found("access review")
    return found


def _reviewers(services: Services, body: m.NewReview) -> tuple[Person, ...]:
    found: list[Any] = [services.directory.find(one) for one in body.reviewers]
    if None in found:
        raise wrong("reviewers", f"nobody has the id {body.reviewers[found.index(None)]}", example="u3kf…")
    return tuple(found)


def _shown(services: Services, review: Review) -> m.Review:
    far = kept.progress(services.db, review)
    return m.Review.model_validate({
        "id": review.id, "kind": review.kind, "about": review.about, "name": review.name, "state": review.state,
        "reviewers": review.reviewers, "unconfirmed": review.unconfirmed, "months": review.months,
        "started_at": moment(review.started_at), "due_at": moment(review.due_at),
        "ended_at": moment_or_none(review.ended_at), "total": review.total, "keep": far.keep,
        "withdraw": far.withdraw, "left": far.left, "counts": dict(review.counts), "to_see_to": review.to_see_to,
    })  # fmt: skip


def _looked(one: Looked) -> m.Looked:
    return m.Looked.model_validate({
        "id": one.person_id, "username": one.username, "name": one.name, "via": one.via, "groups": one.groups,
        "verdict": one.verdict, "decided_by": one.decided_by, "decided_at": moment_or_none(one.decided_at),
        "outcome": one.outcome, "why": one.why,
    })  # fmt: skip
