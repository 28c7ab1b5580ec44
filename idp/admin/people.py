"""What admins do with one person: described for programs, unlocked, given a password."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from idp.accounts.person import Person
from idp.audit import Recorder
from idp.protocols import Services

if TYPE_CHECKING:
    from idp import mail


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


def unlock(services: Services, person: Person, *, record: Recorder) -> None:
    """End the pauses after wrong passwords and after wrong codes (W3)."""
    from idp.login.steps import prove

    services.throttle.lift(person.id, services.clock())
    prove.lift(services, person.id)
    record(services.db, "person:unlocked", {"person_id": person.id})


def set_password(services: Services, person: Person, password: str, *, record: Recorder) -> tuple[list[str], mail.Told]:
    """Give a person a password; answers why it is refused, empty where it is set, and who was told of the change."""
    from idp import mail  # these hash and queue: listing people does without
    from idp.accounts import choosing
    from idp.accounts.set_password import set_password as store_password

    policy = choosing.policy_for(services, person)
    problems = store_password(
        services.directory, services.passwords, policy, person.id, password,
        purpose="admin", record=record, guard="restrict",
    )  # fmt: skip
    if problems or not person.has_password:
        return problems, mail.Told()
    return [], mail.tell(services, person, "password_changed", {"time": services.clock()})
