"""The code that the help desk gave out (F6)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from idp.accounts.factors import admin_codes, codes
from idp.accounts.passwords import Busy
from idp.accounts.person import Person
from idp.login.authenticators.backup_code import BUSY
from idp.login.authn import ADMIN_CODE
from idp.login.pending import Pending, Verdict
from idp.login.recording import recorder
from idp.login.services import Services
from idp.texts import N_
from idp.wire import Request

INCOMPLETE = N_("The code has ten letters and digits, such as 4K7QP-M2XT9. Type all of it.")
WRONG = N_("This is not the code. It works once and for a short time; ask the help desk for a new one if it ran out.")
WAITS = N_("The code is right, but somebody else at the help desk must approve it first. Send it again once they have.")
PAGE = {
    "heading": N_("Code from the help desk"),
    "why": N_("Type the code that the help desk gave you. Right after, you set up a new second step."),
    "label": N_("Code"),
    "hint": N_("It works once and for a short time. Tell it to nobody, not even to the help desk."),
    "lost": N_("I don’t have this code"),
}


class _Admin:
    kind = admin_codes.KIND
    methods = (ADMIN_CODE,)
    again = WRONG

    def is_ready(self, services: Services, person: Person) -> bool:
        return admin_codes.is_ready(services, person.id)

    def show(self, services: Services, request: Request, pending: Pending) -> tuple[str, Mapping[str, Any]]:
        return "login/factor_code.html", PAGE

    def guess(self, services: Services, request: Request, pending: Pending) -> str:
        code = codes.read(request.form.first.get("code", ""))
        return f"{admin_codes.standing(services, pending.person_id)}:{code}" if code else ""

    def verify(self, services: Services, request: Request, pending: Pending) -> Verdict:
        typed, person_id = request.form.first.get("code", ""), pending.person_id
        if not codes.read(typed):
            return Verdict(False, error=INCOMPLETE, counts=False)
        try:
            used = admin_codes.use(services, person_id, typed, recorder(services, request, person_id))
            if used is None:
                return Verdict(False, error=WRONG, spent=admin_codes.was_used(services, person_id, typed))
        except admin_codes.WaitsForApproval:  # right, so no guess; another code would have to wait as well (N27)
            return Verdict(False, error=WAITS, counts=False)
        except Busy:
            return Verdict(False, error=BUSY, counts=False)
        return Verdict(True, (ADMIN_CODE,))


AUTHENTICATOR = _Admin()
