"""The verb that sets a password: checked, hashed in the pool, stored, and everything the old one opened is ended."""

from __future__ import annotations

from idp.accounts.directory import Directory
from idp.accounts.effects import Ended, Guard, Tells
from idp.accounts.passwords import Verifier
from idp.accounts.person import Person
from idp.accounts.policy import Policy
from idp.audit import Recorder


def set_password(
    directory: Directory,
    verifier: Verifier,
    policy: Policy,
    person_id: str,
    password: str,
    *,
    purpose: str = "",
    known: Person | None = None,
    record: Recorder | None = None,
    ended: Ended | None = None,
    guard: Guard = "password",
    told: Tells | None = None,
) -> list[str]:
    """Set a person's password; answers why it is refused, empty where it is set.

    `known`: the person as the caller proved them, where a change since must win. `purpose` goes into the event
    `password:set`. `ended` stands in for the directory's, to keep this browser's session, say; `told` queues
    the mail about it. Whoever calls asks for fresh authentication, or holds a one-time link, and lifts the pause of the
    throttle afterwards (W3, P7).
    Errors: `NoSuchPerson`, `PersonChanged`, `Busy`.
    """
    person = directory.get(person_id)
    problems = directory.fixed(person) or policy.problems(password, person)
    if problems:
        return problems
    password_hash = verifier.hash(password)  # before the transaction: a hash costs longer than any lock may be held
    directory.store_password(
        person_id,
        password_hash,
        detail={"purpose": purpose},
        known=known,
        record=record,
        ended=ended,
        guard=guard,
        told=told,
    )
    return []
