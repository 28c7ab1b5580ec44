"""People as admins name them: found by anything they sign in with, added, corrected, let in again, given a way in.

What this imports is what listing people needs; what hashes, mails and makes links comes with the verb that does it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from idp.accounts.effects import Changes
from idp.accounts.person import Draft, InvalidPerson, Person, Problems
from idp.admin.permissions import Permission
from idp.audit import Recorder
from idp.db import Transaction
from idp.protocols import Services

if TYPE_CHECKING:
    from idp import mail
    from idp.accounts.invitations import Invited
    from idp.admin.actor import Actor
    from idp.db import Transaction


_FIELDS = frozenset(Changes.__annotations__)


class UnknownLogin(LookupError):
    """Nobody signs in with this, and nobody has this id; `similar` are people whose names look like it."""

    def __init__(self, login: str, similar: tuple[Person, ...]) -> None:
        super().__init__(login)
        self.login, self.similar = login, similar


class NotWaiting(ValueError):
    """The person is turned off, or has a password: there is nothing to invite them to."""


@dataclass(frozen=True, slots=True)
class Added:
    """Somebody new. `invited`: what became of a mail to them; `link`: to hand out where none has left, else None."""

    person: Person
    invited: Invited | None = None
    link: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """What is to be different. `merge`: claims by name, None takes one out; `joins`, `leaves`: groups by name.

    `as_of`: the person's `changed_at` as whoever corrects them saw it; None: they are changed anyway.
    """

    changes: Changes = field(default_factory=lambda: Changes())
    merge: Mapping[str, Any] = field(default_factory=dict)
    joins: tuple[str, ...] = ()
    leaves: tuple[str, ...] = ()
    as_of: float | None = None


@dataclass(frozen=True, slots=True)
class Corrected:
    """A person before and after; `told`: whom a mail says so where the address is another one now."""

    before: Person
    after: Person
    told: mail.Told


def get(services: Services, login: str) -> Person:
    """The person whom somebody means, by anything they sign in with or by id. Errors: `UnknownLogin`."""
    person = services.directory.find_named(login)
    if person is None:
        raise UnknownLogin(login, services.directory.similar(login))
    return person


def described(person: Person) -> dict[str, Any]:
    """A person as admins and programs see them."""
    return {
        "id": person.id,
        "sub": person.id,  # what applications know them by
        "username": person.username,
        "email": person.email,
        "email_verified": person.email_verified,
        "name": person.name,
        "employee_number": person.employee_number,
        "groups": list(person.groups),
        "roles": list(person.roles),
        "enabled": person.enabled,
        "claims": dict(person.claims),
        "has_password": person.has_password,
        "created_at": person.created_at,
    }


def unlock(services: Services, actor: Actor, person: Person, *, reason: str = "") -> None:
    """End the pauses after wrong passwords and after wrong codes (W3). Errors: `NotAllowed`."""
    actor.check_person(services, Permission.PEOPLE_HELP, person)
    _unlock(services, actor, person, reason)


def _unlock(services: Services, actor: Actor, person: Person, reason: str = "") -> None:
    from idp.login import holding

    holding.lift(services, person.id)
    holding.lift_second(services, person.id)
    actor.record(services)(services.db, "person:unlocked", {"person_id": person.id, **_because(reason)})


def _because(reason: str) -> dict[str, str]:
    """What an event says of why, where somebody said so (U3)."""
    return {"reason": reason} if reason else {}


def problems(services: Services, draft: Draft, password: str | None = None) -> tuple[InvalidPerson, ...]:
    """All that is wrong with somebody who is to be added, and with their password under the name `password`."""
    from idp.accounts import typed_claims

    draft, found = _with_defined(services, _with_name_parts(draft))
    weak = services.password_policy.problems(password, draft) if password is not None else []
    found += [InvalidPerson("password", why) for why in weak]
    found += typed_claims.problems(draft.claims)
    try:
        services.directory.check(draft)
    except InvalidPerson as error:
        found += error.problems
    return tuple(found)


def add(
    services: Services, actor: Actor, draft: Draft, password: str | None = None, *, by_mail: bool, note: str = ""
) -> Added:
    """Add a person with this password; without one they are invited to set it, `by_mail` where mail reaches them.

    `note`: an own text in that mail.

    The parts of a name that hardly anybody could read differently are kept with it.
    Errors: `NotAllowed`, also for roles that the actor may not give; `InvalidPerson`, with all of `problems`.
    """
    from idp.accounts import invitations
    from idp.accounts.roles import RoleGrant
    from idp.admin.approving.asking import refuse_by_the_way
    from idp.admin.granting import check_given
    from idp.admin.invitation_words import words_of

    actor.check(Permission.PEOPLE_CREATE)
    record = actor.record(services)
    if wrong := problems(services, draft, password):
        raise InvalidPerson(wrong[0].field, wrong[0].message, wrong[1:])
    words = words_of(services, actor, invitations.checked_note(note))
    if draft.roles:  # who comes with roles is given them
        check_given(actor, tuple(RoleGrant(role) for role in draft.roles))
        if "owner" in draft.roles:
            refuse_by_the_way(services, actor, "role:grant:owner", "adding somebody as an owner")
    hashed = services.passwords.hash(password) if password is not None else None
    draft, _ = _with_defined(services, _with_name_parts(draft))
    person = services.directory.add(draft, password_hash=hashed, record=record)
    if password is not None:
        return Added(person)
    return Added(person, *invitations.invite(services, person, words, by_mail=by_mail, record=record))


def remove(services: Services, actor: Actor, person: Person) -> None:
    """Take somebody away for good; what they have open ends. Errors: `NotAllowed`; `InvalidPerson`, the last owner."""
    from idp.admin.approving.asking import ask

    actor.check_person(services, Permission.PEOPLE_REMOVE, person)
    ask(services, actor, "user:remove", "people.remove", {"person": person.id})
    services.directory.remove(person.id, record=actor.record(services))


def invite_again(services: Services, actor: Actor, person: Person, note: str = "") -> Invited:
    """Mail an invitation anew, waiting for the server's word; an earlier link works as long as it would have.

    One that was withdrawn stands again; its links stay dead. `note`: an own text. Errors: `NotAllowed`, `NotWaiting`;
    `InvalidPerson`, of the note.
    """
    from idp.accounts import invitations
    from idp.admin.invitation_words import words_of

    actor.check_person(services, Permission.PEOPLE_HELP, person)
    actor.check_ordinary(services, Permission.PEOPLE_HELP, person)
    if not person.enabled or person.password_changed_at is not None:
        raise NotWaiting(person.username)
    words = words_of(services, actor, invitations.checked_note(note))
    invited = invitations.send(services, person, words, now=True)
    detail = {"person_id": person.id, "purpose": invitations.PURPOSE, "mails": int(bool(invited.to))}
    actor.record(services)(services.db, "link:made", detail)
    return invited


def problems_of(services: Services, person: Person, correction: Correction) -> tuple[InvalidPerson, ...]:
    """All that is wrong with a correction, each thing once: names, addresses and claims are looked at together."""
    from idp.accounts import typed_claims
    from idp.admin import person_attributes

    found, merge = Problems(), dict(correction.merge)
    found.of(typed_claims.check, merge)
    kept = found.of(partial(person_attributes.taken, services, merge, before=person.claims, groups=person.groups))
    claims = {**person.claims, **(merge if kept is None else kept)}
    claims = {name: value for name, value in claims.items() if value is not None}
    found.of(services.directory.check_changes, person, Changes(**{**correction.changes, "claims": claims}))
    return found.told()


def correct(services: Services, actor: Actor, person: Person, correction: Correction) -> Corrected:
    """Change what is known of a person, and their groups.

    Errors: `NotAllowed`, `InvalidPerson` with all of `problems_of`, `NoSuchPerson`; `PersonChanged` where somebody was
    faster, and nothing is changed.
    """
    from idp.accounts import own_address
    from idp.admin import person_attributes

    actor.check_person(services, Permission.PEOPLE_CHANGE, person)
    record = actor.record(services)
    correction = _with_parts_that_follow(person, correction)
    if wrong := problems_of(services, person, correction):
        raise InvalidPerson(wrong[0].field, wrong[0].message, wrong[1:])
    merge = person_attributes.taken(services, correction.merge, before=person.claims, groups=person.groups)
    telling = person_attributes.told_of(services, record)
    after, told = own_address.update(
        services, person, merge=merge, record=with_values(person, {**correction.changes, **merge}, telling),
        as_of=correction.as_of, **correction.changes,
    )  # fmt: skip
    after = _change_groups(services, after, correction.joins, correction.leaves, record)
    return Corrected(person, after, told)


def with_values(person: Person, wanted: Mapping[str, Any], record: Recorder) -> Recorder:
    """The event of a correction says what each field was and is (C1, C6). `wanted`: fields and claims by name."""

    def write(tx: Transaction, action: str, detail: Mapping[str, Any]) -> None:
        if action == "person:changed":
            fields = [name for name in detail["fields"] if name in wanted]
            before = {name: getattr(person, name) if name in _FIELDS else person.claims.get(name) for name in fields}
            detail = {**detail, "before": before, "after": {name: wanted[name] for name in fields}}
        record(tx, action, detail)

    return write


def change_groups(
    services: Services, actor: Actor, person: Person, *, joins: tuple[str, ...], leaves: tuple[str, ...]
) -> Person:
    """Put a person in groups, made where they are missing, and take them out of others.

    Errors: `NotAllowed`, `InvalidPerson`.
    """
    actor.check_person(services, Permission.PEOPLE_CHANGE, person)
    return _change_groups(services, person, joins, leaves, actor.record(services))


def _change_groups(
    services: Services, person: Person, joins: tuple[str, ...], leaves: tuple[str, ...], record: Recorder
) -> Person:
    for name in joins:
        person = services.directory.add_to_group(person.id, name, record=record)
    for name in leaves:
        person = services.directory.remove_from_group(person.id, name, record=record)
    return person


def set_password(services: Services, actor: Actor, person: Person, password: str) -> tuple[list[str], mail.Told]:
    """Give a person a password and end their pauses; why it is refused, empty where it is set, and who was told.

    Errors: `NotAllowed`.
    """
    from idp import mail  # these hash and queue: listing people does without
    from idp.accounts import choosing
    from idp.accounts.set_password import set_password as store_password

    actor.check_person(services, Permission.PEOPLE_CHANGE, person)
    told = [mail.Told()]

    def tell(tx: Transaction, after: Person) -> None:
        if person.has_password:  # else it is the first one, which replaces nothing
            told.append(mail.tell(services, after, "password_changed", {"time": services.clock()}, tx=tx))

    policy = choosing.policy_for(services, person)
    problems = store_password(
        services.directory, services.passwords, policy, person.id, password,
        purpose="admin", record=actor.record(services), guard="restrict", told=tell,
    )  # fmt: skip
    if not problems:
        _unlock(services, actor, person)
    return problems, told[-1]


def hand_out_link(services: Services, actor: Actor, person: Person) -> str:
    """A link where the person sets a password: works once, for an hour. Errors: `NotAllowed`, `resets.ShutOut`."""
    from idp.accounts.recovery import resets

    actor.check_person(services, Permission.PEOPLE_CHANGE, person)
    services.directory.restrict(person.id)
    link = resets.hand_out(services, person, record=actor.record(services))
    _unlock(services, actor, person)
    return link


def mail_link(services: Services, actor: Actor, person: Person, *, reason: str = "") -> mail.Told:
    """Mail the person such a link; where it reaches nobody, `why` says so, and no pause ends.

    Errors: `NotAllowed`, `resets.ShutOut`.
    """
    from idp.accounts.recovery import resets

    actor.check_person(services, Permission.PEOPLE_HELP, person)
    actor.check_ordinary(services, Permission.PEOPLE_HELP, person)
    if person.email:  # else nothing is mailed, and nothing changes
        services.directory.restrict(person.id)
    told = resets.mail_out(services, person, record=actor.record(services))
    if told.to:
        _unlock(services, actor, person, reason)
    return told


def _with_parts_that_follow(person: Person, correction: Correction) -> Correction:
    """Parts that were taken from the full name are those of the new one, unless somebody said otherwise."""
    from idp.accounts import name_parts

    parts = ("given_name", "family_name")
    name = correction.changes.get("name")
    split = name_parts.split(person.name)
    untouched = split and all(person.claims.get(part) == split[part] for part in parts)
    if not name or not untouched or any(part in correction.merge for part in parts):
        return correction
    new = name_parts.split(name)
    return replace(correction, merge={**correction.merge, **{part: new.get(part) for part in parts}})


def settled(services: Services, draft: Draft) -> Draft:
    """Somebody of a list, with defined attributes as they are kept. Errors: `InvalidPerson`, with all that is wrong."""
    draft, wrong = _with_defined(services, draft)
    if wrong:
        raise InvalidPerson(wrong[0].field, wrong[0].message, wrong[1:])
    return draft


def _with_defined(services: Services, draft: Draft) -> tuple[Draft, list[InvalidPerson]]:
    """Defined attributes as they are kept, and what is wrong with them or missing."""
    from idp.admin import person_attributes

    try:
        claims = person_attributes.taken(services, draft.claims, before={}, groups=draft.groups)
        draft = replace(draft, claims={name: value for name, value in claims.items() if value is not None})
        person_attributes.check_whole(services, draft.claims, draft.groups)
    except InvalidPerson as error:
        return draft, [*error.problems]
    return draft, []


def _with_name_parts(draft: Draft) -> Draft:
    from idp.accounts import name_parts

    return replace(draft, claims=name_parts.completed(draft.name, draft.claims))
