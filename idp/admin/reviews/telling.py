"""Who is told of a review: the reviewers when it begins and before its date, those in charge when it has ended."""

from __future__ import annotations

from typing import Final

from idp import mail
from idp.accounts import reviews
from idp.accounts.reviews import Review
from idp.admin.permissions import Permission
from idp.admin.reviews.candidates import able
from idp.db import Transaction
from idp.protocols import Services

DAY: Final = 86400.0
#: Reminders: so many seconds before the date. One that would come with the first mail is left out.
BEFORE: Final = (7 * DAY, DAY)


def begun(services: Services, review: Review, tx: Transaction) -> None:
    """Each reviewer hears of it; where nobody is left who may decide, those in charge do."""
    values = {"subject": review.name, "people": review.total, "due": review.due_at, "link": _link(services, review)}
    _tell(services, review.reviewers or _in_charge(services, review), "review_begun", values, tx)


def remind(services: Services, review: Review, now: float) -> None:
    """What is due of the reminders, where anybody is left to decide about. Each leaves once, of any number of calls."""
    number = sum(1 for ahead in BEFORE if now >= review.due_at - ahead and review.due_at - ahead > review.started_at)
    if number <= review.told:
        return
    with services.db.transaction() as tx:
        left = reviews.progress(tx, review).left
        if reviews.remind(tx, review.id, number) and left:
            values = {"subject": review.name, "left": left, "due": review.due_at, "link": _link(services, review)}
            _tell(services, review.reviewers, "review_due", values, tx)


def ended(services: Services, review: Review, tx: Transaction) -> None:
    """Those who could have started it, and who did, hear what came of it."""
    counts = review.counts
    values = {
        "subject": review.name, "kept": counts.get(reviews.KEPT, 0), "taken": counts.get(reviews.TAKEN, 0),
        "left": review.to_see_to, "link": _link(services, review),
    }  # fmt: skip
    _tell(services, _in_charge(services, review), "review_ended", values, tx)


def _in_charge(services: Services, review: Review) -> tuple[str, ...]:
    return tuple(one.id for one in able(services, review.kind, review.about, Permission.REVIEWS_START))


def _link(services: Services, review: Review) -> str:
    return services.url(f"/admin/reviews/{review.id}")


def _tell(services: Services, ids: tuple[str, ...], message: str, values: dict[str, object], tx: Transaction) -> None:
    for person_id in ids:
        person = services.directory.find(person_id)
        if person is not None and person.enabled:
            mail.tell(services, person, message, values, tx=tx)
