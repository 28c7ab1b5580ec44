"""A passkey or security key as the second step; alone on the sign-in page it is `steps.identify_by_passkey`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from idp.accounts.person import Person
from idp.login import pending
from idp.login.authenticators import passkeys
from idp.login.authn import PASSKEY, SECURITY_KEY
from idp.login.pending import Pending, Verdict
from idp.login.services import Services
from idp.texts import N_
from idp.wire import Request

NOT_THIS_TIME = N_("That did not work. Try once more with a passkey or security key of this account.")


class _WebAuthn:
    kind = "webauthn"
    methods = (SECURITY_KEY, PASSKEY)
    again = ""

    def is_ready(self, services: Services, person: Person) -> bool:
        return bool(passkeys.usable(services, person.id))

    def show(self, services: Services, request: Request, pending_: Pending) -> tuple[str, Mapping[str, Any]]:
        options = passkeys.options_for(services, pending_.person_id, pending_.id, pending.TTL)
        return "login/factor_webauthn.html", {"options": options}

    def guess(self, services: Services, request: Request, pending_: Pending) -> str:
        return ""  # Nothing here can be guessed.

    def verify(self, services: Services, request: Request, pending_: Pending) -> Verdict:
        person = services.directory.get(pending_.person_id)
        outcome = passkeys.prove_second(services, request, person, pending_.id)
        # Nothing here can be guessed, so nothing counts towards a pause.
        return Verdict(outcome.person is not None, outcome.methods, "" if outcome.person else NOT_THIS_TIME, False)


AUTHENTICATOR = _WebAuthn()
