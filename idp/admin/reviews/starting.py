"""Start a review: of an application or a group, by whom, until when, and what becomes of whom nobody confirmed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from idp.accounts import reviews
from idp.accounts.person import Person
from idp.accounts.reviews import OPEN, REPORT, WITHDRAW, Review
from idp.admin.actor import Actor
from idp.admin.permissions import Permission
from idp.admin.reviews import rights, telling
from idp.admin.reviews.candidates import Candidates, can_decide, gathered
from idp.db import Conflict, Database, Transaction
from idp.ids import new_id
from idp.protocols import Services
from idp.texts import N_

DAY: Final = 86400.0
LONGEST: Final = 366 * DAY
MOST_REVIEWERS: Final = 50
MONTHS: Final = (0, 1, 3, 6, 12)
JOB: Final = "reviews.run"


class BadReview(Exception):
    """It cannot be started so. `field`: which value is wrong; `text`: why; `review`: the id of one in its way."""

    def __init__(self, field: str, text: str, review: str = "") -> None:
        super().__init__(text)
        self.field, self.text, self.review = field, text, review


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is to be reviewed. `about`: a client id, or the id of a group; `due_at`: epoch seconds."""

    kind: str
    about: str
    reviewers: tuple[Person, ...]
    due_at: float
    unconfirmed: str
    months: int = 0


def start(services: Services, actor: Actor, wish: Wish) -> Review:
    """Begin it; the reviewers are told. Errors: `NotAllowed`, `BadReview`."""
    rights.check(services, actor, Permission.REVIEWS_START, wish.kind, wish.about)
    whom = gathered(services, wish.kind, wish.about)
    if whom is None:
        raise BadReview("about", N_("There is no such application or group any more."))
    check(services, wish, whom)
    try:
        return _started(services, actor, wish, whom)
    except Conflict:  # another one began in the same moment, which no transaction sees
        _check_alone(services.db, wish, whom)
        raise


def _started(services: Services, actor: Actor, wish: Wish, whom: Candidates) -> Review:
    now = services.clock()
    review = Review(
        id=new_id(now), kind=wish.kind, about=wish.about, name=whom.name,
        reviewers=tuple(dict.fromkeys(one.id for one in wish.reviewers)), unconfirmed=wish.unconfirmed,
        months=wish.months, state=OPEN, started_by=actor.name, started_at=now, due_at=wish.due_at,
        total=len(whom.whom),
    )  # fmt: skip
    with services.db.transaction() as tx:
        _check_alone(tx, wish, whom)  # again: another one may have begun meanwhile
        reviews.add(tx, review)
        reviews.fill(tx, review.id, whom.whom)
        actor.record(services)(tx, "review:started", detail_of(review))
        telling.begun(services, review, tx)
        services.jobs.enqueue(JOB, {}, delay=review.due_at - now, tx=tx)
    return review


def check(services: Services, wish: Wish, whom: Candidates) -> None:
    """Errors: `BadReview`."""
    now = services.clock()
    _check_alone(services.db, wish, whom)
    if not whom.whom:
        raise BadReview("about", N_("Nobody has it, so there is nobody to confirm."))
    if not wish.reviewers:
        raise BadReview("reviewers", N_("Choose at least one person who decides."))
    if len(wish.reviewers) > MOST_REVIEWERS:
        raise BadReview("reviewers", N_("At most 50 people may decide."))
    for person in wish.reviewers:
        if not can_decide(services, person, wish.kind, wish.about):
            raise BadReview("reviewers", N_("%(name)s may not decide about this one: it takes an admin, or who looks "
                                            "after it.", name=person.username))  # fmt: skip
    if wish.due_at <= now:
        raise BadReview("due", N_("That moment is over. Choose one that is still to come."))
    if wish.due_at > now + LONGEST:
        raise BadReview("due", N_("That is more than a year away. Choose an earlier day."))
    if wish.unconfirmed not in (WITHDRAW, REPORT):
        raise BadReview("unconfirmed", N_("Say what becomes of those whom nobody confirmed."))
    if wish.months not in MONTHS:
        raise BadReview("months", N_("It can begin again after 1, 3, 6 or 12 months, or never."))


def _check_alone(db: Database | Transaction, wish: Wish, whom: Candidates) -> None:
    """One at a time: of two nobody knows which word counts, and each of them mails those who decide."""
    there = reviews.open_about(db, wish.kind, wish.about)
    if there is not None:
        text = N_("%(name)s has an access review that is still open: %(review)s. End or stop that one first.",
                  name=whom.name, review=there.id)  # fmt: skip
        raise BadReview("about", text, there.id)


def begin_again(services: Services, tx: Transaction, review: Review, whom: Candidates, now: float) -> Review:
    """One that was planned begins, in the open transaction: with the people of now, and as long as the last one."""
    opened = replace(
        review, state=OPEN, name=whom.name, total=len(whom.whom), started_at=now,
        due_at=now + review.due_at - review.started_at, reviewers=_still(services, review),
    )  # fmt: skip
    reviews.fill(tx, review.id, whom.whom)
    reviews.put(tx, opened)
    return opened


def _still(services: Services, review: Review) -> tuple[str, ...]:
    people: Iterable[Person | None] = map(services.directory.find, review.reviewers)
    return tuple(one.id for one in people if one is not None and can_decide(services, one, review.kind, review.about))


def detail_of(review: Review) -> dict[str, object]:
    """What the record has of a review."""
    about = {"client_id": review.about} if review.kind == reviews.APP else {"group": review.name}
    return {
        "review_id": review.id, "name": review.name, **about, "reviewers": list(review.reviewers),
        "due_at": review.due_at, "unconfirmed": review.unconfirmed, "people": review.total,
        **({"months": review.months} if review.months else {}),
    }  # fmt: skip
