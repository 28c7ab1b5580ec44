"""Who may see a review, decide in it, and start or end one: by the table, for the very application or group."""

from __future__ import annotations

from idp.accounts import groups, reviews
from idp.accounts.reviews import APP, GROUP, Review
from idp.admin.actor import Actor, NotAllowed
from idp.admin.permissions import Permission
from idp.protocols import Services

P = Permission


def check(services: Services, actor: Actor, permission: Permission, kind: str, about: str) -> None:
    """Errors: `NotAllowed` where not for this application or group."""
    if kind == APP:
        actor.check_app(permission, about)
        return
    group = groups.find_by_id(services.db, about)
    # Of a group that is gone no name is left that somebody could look after.
    if not actor.may_person(permission, (group.name,) if group is not None else ()):
        raise NotAllowed(permission, "this group is not among those that you look after")


def may(services: Services, actor: Actor, permission: Permission, kind: str, about: str) -> bool:
    """Whether `check` would let them."""
    try:
        check(services, actor, permission, kind, about)
    except NotAllowed:
        return False
    return True


def may_decide(services: Services, actor: Actor, review: Review) -> bool:
    """Whether somebody is asked: a reviewer who may still, or whoever nothing limits."""
    is_asked = actor.id in review.reviewers or _is_admin(actor)
    return is_asked and may(services, actor, P.REVIEWS_DECIDE, review.kind, review.about)


def _is_admin(actor: Actor) -> bool:
    """A help desk of all groups is asked only where it is named."""
    return actor.may(P.REVIEWS_START) and actor.scope(P.REVIEWS_START) is None


def find(services: Services, actor: Actor, review_id: str) -> Review | None:
    """A review that the actor may see; None also where there is none: nobody learns of others'."""
    found = reviews.find(services.db, review_id)
    if found is None or not may(services, actor, P.REVIEWS_READ, found.kind, found.about):
        return None
    return found


def listed(services: Services, actor: Actor, before: str = "", many: int = 50) -> tuple[Review, ...]:
    """Those that the actor may see, the newest first. Errors: `NotAllowed`."""
    actor.check(P.REVIEWS_READ)
    apps = actor.scope_among("applications", P.REVIEWS_READ)
    names = actor.scope_among("groups", P.REVIEWS_READ)
    if apps is None and names is None:
        return reviews.latest(services.db, before=before, many=many)
    of_groups = _of_kind(services, GROUP, _ids(services, names), before, many)
    found = [*_of_kind(services, APP, apps, before, many), *of_groups]
    return tuple(sorted(found, key=lambda one: one.id, reverse=True)[:many])


def left(services: Services, review: Review) -> int:
    """About how many people nobody has decided yet."""
    return reviews.progress(services.db, review).left


def _ids(services: Services, names: frozenset[str] | None) -> frozenset[str] | None:
    if names is None:
        return None
    found = (groups.find(services.db, name) for name in names)
    return frozenset(one.id for one in found if one is not None)


def _of_kind(services: Services, kind: str, only: frozenset[str] | None, before: str, many: int) -> list[Review]:
    if only is None:
        return list(reviews.latest(services.db, kind, before=before, many=many))
    return [one for about in only for one in reviews.latest(services.db, kind, about, before, many)]
