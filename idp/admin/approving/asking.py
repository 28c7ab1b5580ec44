"""A verb asks here before it does anything: is the change one of those that want two owners?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from idp.accounts import approvals, break_glass
from idp.accounts.approvals import Approval
from idp.admin.actor import Actor, NotAllowed
from idp.admin.approving import telling
from idp.admin.approving.telling import News
from idp.admin.permissions import Permission
from idp.ids import new_id
from idp.protocols import Services

DAY: Final = 86400.0
SEALED: Final = "sealed"  # in what is asked for: a secret, under the master key
MOST: Final = 20  # changes of one asker that wait at once: each of them mails every owner


class Waits(Exception):
    """It is not done: another owner has to approve it first, under this id."""

    def __init__(self, id: str) -> None:
        super().__init__(f"it waits for a second owner's approval, as {id}")
        self.id = id


class TakesTwo(NotAllowed):
    """It takes two owners, and cannot wait for one so."""

    def __init__(self, why: str) -> None:
        super().__init__(Permission.ROLES_GRANT, why)


def is_named(services: Services, action: str) -> bool:
    """Whether this change wants two owners here."""
    return action in services.settings.admin.second_owner


def ask(services: Services, actor: Actor, action: str, verb: str, args: Mapping[str, Any]) -> None:
    """Go on in silence where one is enough, or the second one has said yes; else keep the request.

    Whoever has the shell has the database: it is done at once, told to every owner and recorded as done by one alone.
    Errors: `Waits`; `TakesTwo` for a program and for a break-glass account, which are nobody.
    """
    if not is_named(services, action) or actor.second is not None:
        return
    now = services.clock()
    if actor.kind == "shell":
        _bypass(services, actor, action, verb, args)
        return
    if actor.kind == "client":
        raise TakesTwo("this takes two owners here, and a program is nobody")
    if break_glass.find(services.db, actor.id) is not None:
        raise TakesTwo("this takes two owners here, and a break-glass account is nobody; do it on the machine")
    own = approvals.waiting(services.db, now, of=actor.name)
    same = [one for one in own if (one.verb, dict(one.args)) == (verb, dict(args))]
    if same:
        raise Waits(same[0].id)
    if len(own) >= MOST:
        raise TakesTwo(
            f"{MOST} changes that you have asked for wait already; take one back, or have one decided, first"
        )
    asked = Approval(
        id=new_id(now), action=action, verb=verb, args=args, asked_by=actor.name, token_id=actor.token_id, asked_at=now,
        until=now + services.settings.admin.second_owner_days * DAY,
    )  # fmt: skip
    with services.db.transaction() as tx:
        approvals.add(tx, asked)
        detail = {"approval": asked.id, "action": action, "verb": verb, "args": _told(args)}
        actor.record(services)(tx, "approval:asked", detail)
        telling.owners(services, tx, News("asked", action, actor.name, asked.id), but=actor.id)
    raise Waits(asked.id)


def refuse_by_the_way(services: Services, actor: Actor, action: str, what: str) -> None:
    """For what cannot wait piece by piece: many at once, a file, a new account. Errors: `TakesTwo`.

    The shell is told of, as always.
    """
    if not is_named(services, action) or actor.second is not None:
        return
    if actor.kind == "shell":
        ask(services, actor, action, what, {})
        return
    raise TakesTwo(f"{action} takes two owners here: {what} cannot wait for one; do it singly, in the console")


def refuse_secrets(services: Services, actor: Actor, what: str) -> None:
    """For what shows the secrets of another owner's account: with them, whoever asks for a change approves it, too.

    So it is for the machine wherever any change takes two owners; the shell is told of. Errors: `TakesTwo`.
    """
    if not services.settings.admin.second_owner:
        return
    if actor.kind == "shell":
        _bypass(services, actor, "role:grant:owner", what, {})
        return
    raise TakesTwo(
        f"a change takes two owners here, and {what} shows one of them the secrets of a second one; do it on the "
        "machine, which every owner hears of"
    )


def _told(args: Mapping[str, Any]) -> dict[str, Any]:
    """What the record has of it: no secret, though it is sealed."""
    return {key: value for key, value in args.items() if key != SEALED}


def _bypass(services: Services, actor: Actor, action: str, verb: str, args: Mapping[str, Any]) -> None:
    with services.db.transaction() as tx:
        actor.record(services)(tx, "approval:bypassed", {"action": action, "verb": verb, "args": _told(args)})
        telling.owners(services, tx, News("bypassed", action, actor.name))
