"""Passkeys and security keys in the sign-in: alone from the login page, or as the second step after a password."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from idp.accounts.person import Person
from idp.login import engine, pages, pending
from idp.login.authenticators import passkeys
from idp.login.authn import PASSKEY, SECURITY_KEY
from idp.login.flow import Flow
from idp.login.pending import Pending, Verdict
from idp.services import Services
from idp.texts import N_
from idp.wire import Page, Request, Response

# L7, S68: one text for every reason.
NOT_PROVEN = N_("That passkey did not work here. Try another one, or sign in with your password.")
NOT_THIS_TIME = N_("That did not work. Try once more with a passkey or security key of this account.")


class _WebAuthn:
    kind = "webauthn"
    label = N_("Passkey or security key")
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


def submit(services: Services, request: Request) -> Response:
    """POST /login/passkey: a passkey from the login page, whoever it is."""
    flow = engine.posted_flow(services, request)
    if isinstance(flow, Response):
        return flow
    outcome = passkeys.prove(services, request)
    person = outcome.person
    if person is None:
        return _not_proven(services, request, flow, outcome)
    services.throttle.lift(person.id, services.clock())  # W3
    shared = bool(request.form.get("shared"))
    stay = bool(request.form.get("stay")) and not shared and services.settings.session.stay_days > 0
    return engine.enter(services, request, flow, person, outcome.methods, stay=stay, shared=shared)


def _not_proven(services: Services, request: Request, flow: Flow, outcome: passkeys.Outcome) -> Page:
    typed = request.form.first.get("login", "")
    page = pages.login(services, request, flow, typed=typed, error=outcome.error or NOT_PROVEN)
    offered = page.values["passkey"]
    if not outcome.unknown or not offered:
        return page
    # §5.1.10: the browser may forget a credential that was removed here.
    signal = {"signalUnknownCredential": {"rpId": offered["party"], "credentialId": outcome.unknown}}
    return replace(page, values={**page.values, "signals": json.dumps(signal)})
