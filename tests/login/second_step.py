"""The second step of a sign-in, as a person in a browser takes it."""

from __future__ import annotations

from typing import Any

import pyotp

from idp.accounts.factors import totp
from idp.accounts.person import Person
from tests.backends import Clock
from tests.phone import Phone
from tests.provider import Answer, App, Provider


def enrol(provider: Provider, clock: Clock, name: str = "ann", **about: Any) -> Phone:
    """Somebody new, with an authenticator app."""
    return set_up(provider, clock, provider.add_person(name, **about))


def set_up(provider: Provider, clock: Clock, person: Person) -> Phone:
    """An authenticator app of somebody who is there already."""
    clock.now = clock.now // 30 * 30 + 5
    enrolment = totp.begin(provider.services, person, "test")
    phone = Phone(enrolment.uri, clock)
    with provider.services.db.transaction() as tx:
        totp.keep(tx, provider.services, person, enrolment, phone.code, "Phone", lambda *_: None)
    clock.advance(30)
    return phone


def is_second_step(page: Answer) -> bool:
    return page.status == 200 and any("way" in form.names() and "code" in form.names() for form in page.dom.forms)


def claims(provider: Provider, app: App, answer: Answer) -> dict[str, Any]:
    import jwt

    token = provider.redeem(app, answer.code).json["id_token"]
    return dict(jwt.decode(token, options={"verify_signature": False}))


def person_id(provider: Provider, name: str = "ann") -> str:
    found = provider.services.directory.find_by_login(name)
    assert found is not None
    return found.id


def wrong(phone: Phone, n: int = 1) -> str:
    """The n-th code that no step near now has."""
    assert isinstance(phone.app, pyotp.TOTP)
    near = {phone.app.at(phone.clock(), counter_offset=step) for step in range(-12, 13)}
    return [f"{code:06}" for code in range(100) if f"{code:06}" not in near][n]
