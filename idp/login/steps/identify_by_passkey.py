"""Who is it? A passkey from the sign-in page says it, and proves it."""

from __future__ import annotations

import json
from dataclasses import replace

from idp.login import holding
from idp.login.authenticators import passkeys
from idp.login.flow import Flow
from idp.login.services import Services
from idp.login.steps import sign_in_page
from idp.login.steps.outcomes import Outcome, Proven
from idp.login.steps.sign_in_page import Said
from idp.texts import N_
from idp.wire import Page, Request

# L7, S68: one text for every reason.
NOT_PROVEN = N_("That passkey did not work here. Try another one, or sign in with your password.")


def submit(services: Services, request: Request, flow: Flow) -> Outcome:
    """POST /login/passkey."""
    outcome = passkeys.prove(services, request)
    person = outcome.person
    if person is None:
        return _not_proven(services, request, flow, outcome)
    holding.lift(services, person.id)  # W3
    shared = bool(request.form.get("shared"))
    stay = bool(request.form.get("stay")) and not shared and services.settings.session.stay_days > 0
    return Proven(flow, person, outcome.methods, stay=stay, shared=shared)


def _not_proven(services: Services, request: Request, flow: Flow, outcome: passkeys.PasskeyResult) -> Page:
    typed = request.form.first.get("login", "")
    page = sign_in_page.page(services, request, flow, Said(typed=typed, error=outcome.error or NOT_PROVEN))
    offered = page.values["passkey"]
    if not outcome.unknown or not offered:
        return page
    # §5.1.10: the browser may forget a credential that was removed here.
    signal = {"signalUnknownCredential": {"rpId": offered["party"], "credentialId": outcome.unknown}}
    return replace(page, values={**page.values, "signals": json.dumps(signal)})
