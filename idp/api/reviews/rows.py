"""The rows of the access reviews."""

from __future__ import annotations

from typing import Final

from idp.admin.permissions import Permission
from idp.api.models import Paged
from idp.api.operations import Operation
from idp.api.reviews import answering as a
from idp.api.reviews import models as m

_TAG: Final = "Access reviews"
_ALL: Final = "/reviews"
_ONE: Final = f"{_ALL}/<id>"
_READ, _DECIDE, _START = Permission.REVIEWS_READ, Permission.REVIEWS_DECIDE, Permission.REVIEWS_START
_NEW: Final = {
    "kind": "group", "about": "06h2…", "reviewers": ["u3kf…"], "due_at": "2027-01-31T18:00:00Z",
    "unconfirmed": "withdraw", "months": 6,
}  # fmt: skip

OPERATIONS: Final = (
    Operation(
        method="GET", path=_ALL, id="listReviews", permission=_READ, tag=_TAG,
        summary="Access reviews that you may see", handler=a.listed, query=Paged, gives=m.Reviews,
    ),
    Operation(
        method="POST", path=_ALL, id="startReview", permission=_START, tag=_TAG,
        summary="Begin one; those who decide are told by mail", handler=a.start, takes=m.NewReview, gives=m.Review,
        status=201, creates=True, made="#/id", examples={"sales": _NEW},
    ),
    Operation(
        method="GET", path=_ONE, id="getReview", permission=_READ, tag=_TAG,
        summary="How far it is, or what came of it", handler=a.show, gives=m.Review,
    ),
    Operation(
        method="GET", path=f"{_ONE}/people", id="listReviewPeople", permission=_READ, tag=_TAG,
        summary="Who is looked at, with what was decided and what became of it", handler=a.people, query=m.Which,
        gives=m.People,
    ),
    Operation(
        method="POST", path=f"{_ONE}/decisions", id="decideReview", permission=_DECIDE, tag=_TAG,
        summary="Confirm people, or say that they are to lose it; nothing changes before the end", handler=a.decide,
        takes=m.Decision, gives=m.Decided, problems=(409,), examples={"stay": {"people": ["u3kf…"], "verdict": "keep"}},
    ),
    Operation(
        method="GET", path=f"{_ONE}/foreseen", id="foreseeReview", permission=_READ, tag=_TAG,
        summary="What ending it now would do, in numbers", handler=a.foreseen, gives=m.Foreseen,
    ),
    Operation(
        method="POST", path=f"{_ONE}/end", id="endReview", permission=_START, tag=_TAG,
        summary="Do not wait for its date: what was decided is done now", handler=a.end, gives=m.Review,
        problems=(409,),
    ),
    Operation(
        method="POST", path=f"{_ONE}/stop", id="stopReview", permission=_START, tag=_TAG,
        summary="Stop it: nothing comes of it, and it does not begin again", handler=a.stop, gives=m.Review,
        problems=(409,),
    ),
    Operation(
        method="POST", path=f"{_ONE}/settle", id="settleReview", permission=_START, tag=_TAG,
        summary="Say that whom the end has left were seen to", handler=a.settle, takes=m.Note, gives=m.Review,
        problems=(409,), examples={"done": {"note": "Taken out of the group by hand."}},
    ),
)  # fmt: skip
