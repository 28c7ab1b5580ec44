"""The password as the second proof: for applications that ask for one by name after a passkey opened the door."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from idp.accounts.person import Person
from idp.login.authenticators import password
from idp.login.authn import PASSWORD
from idp.login.pending import Pending, Verdict
from idp.login.services import Services
from idp.texts import N_
from idp.wire import Request


class _Password:
    kind = "password"
    methods = (PASSWORD,)
    again = ""

    def is_ready(self, services: Services, person: Person) -> bool:
        return person.has_password

    def show(self, services: Services, request: Request, pending: Pending) -> tuple[str, Mapping[str, Any]]:
        return "login/factor_password.html", {}

    def guess(self, services: Services, request: Request, pending: Pending) -> str:
        return ""  # The password has a throttle of its own.

    def verify(self, services: Services, request: Request, pending: Pending) -> Verdict:
        person = services.directory.get(pending.person_id)
        outcome = password.prove(services, request, person.username, request.form.first.get("password", ""), known=True)
        if outcome.person is not None and outcome.person.id == person.id:
            return Verdict(True, (PASSWORD,))
        # The password's own throttle has counted it already.
        text = N_("Too many wrong passwords. Wait a few minutes, or ask the help desk.")
        return Verdict(False, error=text if outcome.pause else N_("The password is not right."), counts=False)


AUTHENTICATOR = _Password()
