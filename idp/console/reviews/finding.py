"""The review that an address names, for those who may see it."""

from __future__ import annotations

from idp.accounts.reviews import Review
from idp.admin import reviews
from idp.console.pages import Visit
from idp.errors import Explanation, Refused
from idp.protocols import Services
from idp.texts import N_
from idp.wire import Request


def review_of(services: Services, request: Request, visit: Visit) -> Review:
    """The review of `/admin/reviews/<id>…`. Errors: `Refused`, also for one of another's part."""
    found = reviews.find(services, visit.actor, request.segment)
    if found is None:
        raise Refused(
            "no_such_review", N_("There is no access review with this id that you may see."),
            title=N_("Page not found"), advice=N_("The list has all that you may see."),
            explanation=Explanation("person", "`doorward review list` has them"), status=404,
        )  # fmt: skip
    return found


def name_of(services: Services, actor: str) -> str:
    """Somebody as the record names them, in words."""
    person = services.directory.find(actor.removeprefix("person:")) if actor.startswith("person:") else None
    return person.name if person is not None else actor
