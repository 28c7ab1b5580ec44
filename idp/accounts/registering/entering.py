"""Whoever reads the mail says who they are: an account is made, or an admin is asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from idp import phone_numbers
from idp.accounts import invitations, inviting, links, name_parts, past
from idp.accounts.person import Draft, InvalidPerson, Person
from idp.accounts.registering import addresses, asking, names, terms, waiting
from idp.accounts.registering.asking import Proven
from idp.accounts.registering.terms import Terms
from idp.accounts.registering.waiting import Applicant
from idp.db import Transaction
from idp.ids import digest
from idp.texts import N_

if TYPE_CHECKING:
    from idp.accounts.services import Services
    from idp.audit import Recorder

LONGEST: Final = 200  # characters of one field
LONGEST_REASON: Final = 500
TAKEN: Final = N_("This username is taken. Choose another one.")
_UNSEEN: Final = N_("Leave out signs that cannot be seen, and keep it short.")


class LinkUsed(Exception):
    """The link was used, by another tab say."""


class AddressTaken(Exception):
    """There is an account with this address by now."""


class Wrong(Exception):
    """What was typed cannot be kept: what is wrong, by field, in words for people."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__(", ".join(problems))
        self.problems = dict(problems)


def allowed(services: Services, proven: Proven) -> Terms | None:
    """What holds for a proven address; None where it may not have an account, or not any more."""
    found = terms.find(services, proven.client_id)
    refused = services.settings.self_registration.refused_domains
    if found is None or not addresses.is_of(proven.email, found.domains):
        return None
    return None if addresses.is_refused(proven.email, refused) else found


def read(services: Services, found: Terms, proven: Proven, form: Mapping[str, str], address: str) -> Applicant:
    """What was typed, tidied. Errors: `Wrong`, with everything; `AddressTaken`."""
    problems: dict[str, str] = {}
    name = _checked(problems, names.full_name, form.get("name", ""))
    company = services.settings.brand.company
    reserved = (*services.settings.self_registration.reserved_names, company)
    username = proven.email
    if "username" in found.fields:
        username = _checked(problems, lambda typed: names.username(typed, reserved), form.get("username", ""))
    claims = {field: _field(problems, field, form) for field in found.fields if field not in ("username", "reason")}
    reason = _words(problems, "reason", form.get("reason", ""), LONGEST_REASON) if "reason" in found.fields else ""
    if "reason" in found.fields and not reason:
        problems.setdefault("reason", N_("Write in a few words what you need the account for."))
    if not problems:
        claims = {field: value for field, value in claims.items() if value}
        claims = {**name_parts.completed(name, claims), **({"locale": proven.locale} if proven.locale else {})}
        who = Applicant(
            email=proven.email, username=username, name=name, claims=claims, reason=reason, locale=proven.locale,
            client_id=proven.client_id, address=address,
        )  # fmt: skip
        problems = _in_directory(services, who)
        if not problems and "username" in found.fields and past.was_somebodys(services.db, username):
            problems = {"username": TAKEN}  # of somebody who is gone: applications and records may know them by it
    if problems:
        raise Wrong(problems)
    return who


def enter(services: Services, token: str, who: Applicant, found: Terms, record: Recorder) -> Person | None:
    """Use the link up: the new person; None where they wait for an admin now.

    Errors: `LinkUsed`, `AddressTaken`, `Wrong` (the link is good still), `waiting.TooManyWait` (likewise).
    """
    kept = services.state.take(asking.link_key(token))
    if kept is None:
        raise LinkUsed
    ttl = services.settings.self_registration.link_minutes * 60.0
    try:
        person = None
        if found.approval:
            waiting.add(services, who, record)  # one that waits already goes on to wait
        else:
            person = services.directory.add(draft_of(who, found.groups), record=_as_registered(record, who))
    except (InvalidPerson, waiting.TooManyWait) as error:  # somebody was faster with the name: the link stays good
        services.state.put(asking.link_key(token), kept, ttl)
        if isinstance(error, InvalidPerson):
            raise _told(error) from None
        raise
    services.state.put(_used_key(token), who.email, ttl)
    return person


def draft_of(who: Applicant, groups: tuple[str, ...]) -> Draft:
    """An applicant as somebody to be added."""
    return Draft(
        username=who.username, email=who.email, email_verified=True, name=who.name, claims=who.claims, groups=groups
    )  # fmt: skip


def used_by(services: Services, token: str) -> str:
    """The address of whoever used this link up, as long as it would have worked; '' for an unknown one."""
    return str(services.state.get(_used_key(token)) or "")


def password_link(services: Services, person: Person) -> str:
    """Where somebody new chooses a password, as after an invitation to the address that they have proven."""
    token = links.make(
        services.state, person, invitations.PURPOSE, links.TTL, via=digest(person.email or ""),
        stamp=inviting.stamp(services.db, person),
    )  # fmt: skip
    return services.url(f"/setup/{token}")


def has_no_password_yet(services: Services, person: Person | None) -> bool:
    """Whether somebody has an account and has never got round to its password; not where an admin withdrew that."""
    if person is None or not person.enabled or person.password_changed_at is not None:
        return False
    return not inviting.is_withdrawn(services.db, person)


# -- below -------------------------------------------------------------------------------------------------------------


def _checked(problems: dict[str, str], check: Any, typed: str) -> str:
    try:
        return str(check(typed[: 4 * LONGEST]))
    except InvalidPerson as error:
        problems[error.field] = error.message
        return ""


def _field(problems: dict[str, str], field: str, form: Mapping[str, str]) -> str:
    typed = form.get(field, "").strip()
    if not typed:
        return ""
    if field == "phone_number":
        try:
            return phone_numbers.read(typed[:LONGEST])
        except ValueError:
            problems[field] = N_("Type the number with its country, such as +49 30 1234567.")
            return ""
    found = _checked({}, names.full_name, typed)
    if not found:
        problems[field] = _UNSEEN
    return found


def _words(problems: dict[str, str], field: str, typed: str, longest: int) -> str:
    words = " ".join(typed.split())
    if len(words) > longest or not words.isprintable():
        problems[field] = _UNSEEN
        return ""
    return words


def _in_directory(services: Services, who: Applicant) -> dict[str, str]:
    """What stands against it there. Errors: `AddressTaken`."""
    try:
        services.directory.check(draft_of(who, ()))
    except InvalidPerson as error:
        return dict(_told(error).problems)
    return {}


def _told(error: InvalidPerson) -> Wrong:
    """In words for people. Errors: `AddressTaken`."""
    fields = [problem.field for problem in error.problems]
    if "email" in fields or any("@" in problem.message and problem.field == "username" for problem in error.problems):
        raise AddressTaken
    return Wrong({
        problem.field.removeprefix("claims."): TAKEN if problem.field == "username" else problem.message
        for problem in error.problems
    })  # fmt: skip


def _as_registered(record: Recorder, who: Applicant) -> Recorder:
    """The event of a new person says that nobody has added them."""

    def write(tx: Transaction, action: str, detail: Mapping[str, Any]) -> None:
        also = {"by": "self-registration", "client_id": who.client_id or None} if action == "person:added" else {}
        record(tx, action, {**detail, **also})

    return write


def _used_key(token: str) -> str:
    return "registering:used:" + digest(token)
