"""What the ways by mail and by text message share: a page with six digits to type, and "send it again" (F4)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from idp.accounts.factors import sent_codes
from idp.accounts.factors.sent_codes import Wording
from idp.accounts.person import Person
from idp.language import of_page, speak_to
from idp.login.pending import Pending, Verdict
from idp.login.recording import circumstances
from idp.login.services import Services
from idp.texts import N_
from idp.wire import Request

INCOMPLETE = N_("Type the six digits of the newest message.")
WRONG = N_("These are not the digits of the newest message. Please look again.")
VOID = N_("That was wrong five times, so this code is void. Have a new one sent.")
NONE = N_("This code ran out or was used already. Have a new one sent.")
EARLY = N_("A message is on its way. Wait half a minute before you have another one sent.")
NO_MORE = N_("No more codes can be sent for this sign-in. Choose another way, or start again later.")


class Sent:
    """One of the two ways. `kind` is that of `sent_codes`."""

    def __init__(self, kind: str, method: str) -> None:
        self.kind, self.methods, self.again = kind, (method,), ""

    def is_ready(self, services: Services, person: Person) -> bool:
        """Whether there is a verified target, and something that sends there."""
        return bool(sent_codes.target(services, person, self.kind))

    def show(self, services: Services, request: Request, pending: Pending) -> tuple[str, Mapping[str, Any]]:
        """The page; the first time the code is sent with it."""
        person = services.directory.get(pending.person_id)
        sent = sent_codes.begin(services, self.kind, person, pending.id, _wording(services, request, pending, person))
        return "login/factor_sent.html", {
            "sent": sent, "minutes": int(sent_codes.TTL // 60), "most": sent_codes.MAX_SENT,
            "again_in": max(0, math.ceil(sent.again_at - services.clock())),
        }  # fmt: skip

    def guess(self, services: Services, request: Request, pending: Pending) -> str:
        """Counted for each sign-in: every one has a code of its own."""
        return f"{pending.id}:{int(services.clock()) // 30}:{sent_codes.read(request.form.first.get('code', ''))}"

    def verify(self, services: Services, request: Request, pending: Pending) -> Verdict:
        """A code, or the wish for another one."""
        person = services.directory.get(pending.person_id)
        if request.form.get("action") == "resend":
            return self._resend(services, request, pending, person)
        typed = request.form.first.get("code", "")
        if not sent_codes.read(typed):
            return Verdict(False, error=INCOMPLETE, counts=False)
        outcome = sent_codes.verify(services, self.kind, person, pending.id, typed)
        if outcome == "right":
            return Verdict(True, self.methods)
        return Verdict(False, error={"wrong": WRONG, "void": VOID}.get(outcome, NONE), counts=outcome != "none")

    def _resend(self, services: Services, request: Request, pending: Pending, person: Person) -> Verdict:
        before = sent_codes.standing(services, self.kind, person, pending.id)
        if not before.left:
            return Verdict(False, error=NO_MORE, counts=False)
        after = sent_codes.send(services, self.kind, person, pending.id, _wording(services, request, pending, person))
        return Verdict(False, error="" if after.count > before.count else EARLY, counts=False)


def _wording(services: Services, request: Request, pending: Pending, person: Person) -> Wording:
    """The language of the page that the person reads, and what the message says beside the code."""
    client = services.registry.find(pending.flow.client_id) if pending.flow.client_id else None
    speak_to(request, person.claims)
    app = client.name if client is not None else ""
    return Wording(of_page(services, request), {"app": app, **circumstances(services, request)})
