"""Another owner says yes or no; whoever asked takes it back (C3)."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from idp.accounts import approvals, break_glass
from idp.accounts.approvals import DONE, FAILED, REFUSED, RUNNING, WAITS, WITHDRAWN, Approval
from idp.admin.actor import Actor, NotAllowed, of_name
from idp.admin.approving import telling
from idp.admin.approving.telling import News
from idp.admin.approving.verbs import VERBS, mark
from idp.admin.permissions import Permission
from idp.protocols import Services

P = Permission
MAX_NOTE: Final = 500


class Decided(LookupError):
    """There is none that waits under this id: it was decided, taken back, or nobody did in time."""


class Moved(Exception):
    """What it changes is not what whoever approves it has seen."""


class NotDone(Exception):
    """It was approved, and could not be done; the message says why."""


def listed(
    services: Services, actor: Actor, many: int = 50, before: str = "", *, waiting: bool = False
) -> tuple[Approval, ...]:  # fmt: skip
    """The newest first: all of them for owners, one's own for others. Errors: `NotAllowed`.

    `waiting`: those that can be decided, the oldest first, however many newer ones are over.
    """
    actor.check(P.OVERVIEW)
    of = "" if actor.may(P.ROLES_GRANT) else actor.name
    if waiting:
        return approvals.waiting(services.db, services.clock(), of=of)
    return approvals.latest(services.db, many, of=of, before=before)


def get(services: Services, actor: Actor, id: str) -> Approval:
    """One. Errors: `NotAllowed`; `Decided` also for others' that are not this actor's to see."""
    actor.check(P.OVERVIEW)
    found = approvals.find(services.db, id)
    if found is None or not (actor.may(P.ROLES_GRANT) or found.asked_by == actor.name):
        raise Decided(id)
    return found


def why_not(services: Services, actor: Actor, one: Approval) -> str:
    """Why this actor does not decide about it; '' where they do."""
    if not actor.may(P.ROLES_GRANT):
        return "owners decide"
    if actor.kind != "person" or actor.token_id:
        return "an owner decides it in the console, by a sign-in of their own"
    if break_glass.find(services.db, actor.id) is not None:
        return "a break-glass account belongs to nobody, so it decides nothing; the machine is the way then"
    return "nobody approves what they have asked for" if one.asked_by == actor.name else ""


def approve(services: Services, actor: Actor, id: str, note: str = "", *, seen: str | None = None) -> None:
    """Do it, with the rights that both have now. `seen`: the mark of the lines that were read (`verbs.mark`).

    Errors: `NotAllowed`; `Decided`; `Moved`; `NotDone` where the verb refuses by now: then it is over, too.
    """
    one = _decidable(services, actor, id)
    if seen is not None and seen != mark(VERBS[one.verb].lines(services, one.args)):
        raise Moved(id)
    note, record = _tidied(note), actor.record(services)
    requester = of_name(services, one.asked_by, one.token_id)
    with services.db.transaction() as tx:
        if not approvals.move(tx, id, WAITS, RUNNING, actor.name, services.clock(), note):
            raise Decided(id)
        record(tx, "approval:approved", {"approval": id, "action": one.action, "by": one.asked_by, "note": note})
    try:
        if requester is None:
            raise NotDone("whoever asked is turned off or gone")
        both = replace(
            requester, second=actor, approval=id, address=actor.address, request_id=actor.request_id
        )  # fmt: skip
        VERBS[one.verb].run(services, both, one.args)
    except Exception as error:
        if not _is_ours(error):
            services.log.error("approval_failed", approval=id, verb=one.verb, exc_info=error)
        why = (str(error) if _is_ours(error) else "") or type(error).__name__
        _over(services, actor, one, FAILED, why[:MAX_NOTE])
        raise NotDone(why) from error
    _over(services, actor, one, DONE, note)


def refuse(services: Services, actor: Actor, id: str, note: str = "") -> None:
    """It is not done. Errors: `NotAllowed`; `Decided`."""
    one, note = _decidable(services, actor, id), _tidied(note)
    with services.db.transaction() as tx:
        if not approvals.move(tx, id, WAITS, REFUSED, actor.name, services.clock(), note):
            raise Decided(id)
        detail = {"approval": id, "action": one.action, "by": one.asked_by, "note": note}
        actor.record(services)(tx, "approval:refused", detail)
        telling.asker(services, tx, one.asked_by, News("refused", one.action, actor.name, id, note))


def withdraw(services: Services, actor: Actor, id: str) -> None:
    """Whoever asked takes it back. Errors: `NotAllowed`; `Decided`."""
    one = approvals.find(services.db, id)
    if one is None:
        raise Decided(id)
    if one.asked_by != actor.name:
        raise NotAllowed(P.OVERVIEW, "whoever asked takes it back; an owner refuses it")
    with services.db.transaction() as tx:
        if not approvals.move(tx, id, WAITS, WITHDRAWN, actor.name, services.clock()):
            raise Decided(id)
        actor.record(services)(tx, "approval:withdrawn", {"approval": id, "action": one.action})


def _is_ours(error: Exception) -> bool:
    """Whether its text was written for people: a database's has the values of its statement in it."""
    room = type(error).__module__
    return room.startswith(("idp.", "keys.", "clients.")) and not room.startswith("idp.db")


def _decidable(services: Services, actor: Actor, id: str) -> Approval:
    actor.check(P.ROLES_GRANT)
    one = get(services, actor, id)
    why = why_not(services, actor, one)
    if why:
        raise NotAllowed(P.ROLES_GRANT, why)
    return one


def _over(services: Services, actor: Actor, one: Approval, state: str, note: str) -> None:
    with services.db.transaction() as tx:
        approvals.move(tx, one.id, RUNNING, state, actor.name, services.clock(), note)
        if state == FAILED:
            detail = {"approval": one.id, "action": one.action, "reason": note}
            actor.record(services)(tx, "approval:failed", detail)
        what = "failed" if state == FAILED else "approved"
        telling.asker(services, tx, one.asked_by, News(what, one.action, actor.name, one.id, note))


def _tidied(note: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in note).split())[:MAX_NOTE]
