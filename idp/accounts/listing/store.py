"""The list of people: their rows, with what other tables of this room say of each."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from sqlalchemy import and_, bindparam, exists, func, literal_column, or_, select, tuple_

from idp.accounts.break_glass.store import break_glass
from idp.accounts.factors.store import factors
from idp.accounts.grouping.store import by_keys
from idp.accounts.inviting.store import invitations
from idp.accounts.planned_ends.store import planned_ends
from idp.accounts.standing.store import pauses, sign_ins
from idp.accounts.store import _PERSON, people

_p, _f = people.c, factors.c
_PAUSED = (
    select(func.max(pauses.c.until))
    .where(pauses.c.person_id == _p.id, pauses.c.until > bindparam("now"))
    .correlate(people)
    .scalar_subquery()
)
_HAS_FACTOR = exists().where(_f.person_id == _p.id).correlate(people)
_LISTED = select(
    *_PERSON, sign_ins.c.last_at, planned_ends.c.off_at, _PAUSED.label("paused_until"), _HAS_FACTOR.label("has_factor")
).select_from(
    people.outerjoin(sign_ins, sign_ins.c.person_id == _p.id).outerjoin(planned_ends, planned_ends.c.person_id == _p.id)
)

_o = people.alias("few").c
_DAY: Final = 86400.0
_i = invitations.c


def _invited(*which: Any) -> Any:
    """Who was invited, and has set no password."""
    waits = (people.c.password_hash.is_(None), people.c.password_changed_at.is_(None))
    return and_(_p.id.in_(select(_i.person_id).where(*which)), *waits)


#: Who may do more than others and has not come for 90 days, or not once in a week. The few with a role are found by
#: their partial index; accounts for the day when nothing else lets anybody in are meant to stay unused.
_LONG_AWAY = (
    select(_o.id)
    .outerjoin(sign_ins, sign_ins.c.person_id == _o.id)
    .where(
        _o.roles != literal_column("'[]'"), _o.enabled == literal_column("1"),
        _o.id.not_in(select(break_glass.c.person_id)),
        or_(
            sign_ins.c.last_at < bindparam("now") - literal_column(str(90 * _DAY)),
            and_(sign_ins.c.last_at.is_(None), _o.created_at < bindparam("now") - literal_column(str(7 * _DAY))),
        ),
    )
)  # fmt: skip
#: What the list can be narrowed to, by name: few people each, found by an index of their own and sorted then. Literals,
#: so that the planners see which partial index fits.
FILTERS: Final[dict[str, Any]] = {
    "never": _p.id.not_in(select(sign_ins.c.person_id)),
    "no_factor": ~_HAS_FACTOR,
    "disabled": _p.id.in_(select(_o.id).where(_o.enabled == literal_column("0"))),
    "paused": _p.id.in_(select(pauses.c.person_id).where(pauses.c.until > bindparam("now"))),
    "ending": _p.id.in_(select(planned_ends.c.person_id)),
    "role": _p.id.in_(select(_o.id).where(_o.roles != literal_column("'[]'"))),
    "role_unused": _p.id.in_(_LONG_AWAY),
    "invited": _p.id.in_(select(_o.id).where(_o.password_hash.is_(None), _o.password_changed_at.is_(None))),
    "invitation": _invited(),
    "invitation_waiting": _invited(_i.withdrawn_at.is_(None), _i.expires_at > bindparam("now")),
    "invitation_expired": _invited(_i.withdrawn_at.is_(None), _i.expires_at <= bindparam("now")),
    "invitation_withdrawn": _invited(_i.withdrawn_at.is_not(None)),
    "must_reset": _p.id.in_(select(_o.id).where(_o.password_hash.is_(None), _o.password_changed_at.is_not(None))),
}

ONE = _LISTED.where(_p.id == bindparam("person_id"))
_before = people.alias("before")


@cache
def page(words: int, filters: tuple[str, ...], *, in_groups: int, onward: bool, only_ids: bool = False) -> Any:
    """People in the order of `search`, which begins with the username; one statement for each set of questions.

    Everything that a search looks at stands in one index, in that order: it reads no row that it does not show. For
    that to hold on PostgreSQL the search is a statement of its own within, which asks for nothing else.
    """
    wanted: list[Any] = [FILTERS[name] for name in filters]
    for at in range(words):
        starts = _p.id.like(bindparam(f"start{at}"), escape="\\")
        wanted.append(or_(_p.search.like(bindparam(f"part{at}"), escape="\\"), starts))
    if in_groups:
        wanted.append(_p.id.in_(by_keys(in_groups)))
    if onward:
        last = select(_before.c.search).where(_before.c.id == bindparam("after")).scalar_subquery()
        wanted.append(tuple_(_p.search, _p.id) > tuple_(last, bindparam("after")))
    found = select(_p.id).where(*wanted).order_by(_p.search, _p.id).limit(bindparam("many"))
    if only_ids:
        return found
    if words:
        return _LISTED.where(_p.id.in_(found.correlate(None))).order_by(_p.search, _p.id)
    return _LISTED.where(*wanted).order_by(_p.search, _p.id).limit(bindparam("many"))


#: Whose password is under another product's hash; `argon2id` with lower costs than ours is not among them.
OLD_HASHES = (
    select(_p.id, _p.username, _p.enabled, _p.password_hash)
    .where(_p.id > bindparam("after"), _p.password_hash.is_not(None), ~_p.password_hash.startswith("$argon2id$"))
    .order_by(_p.id)
    .limit(bindparam("many"))
)
