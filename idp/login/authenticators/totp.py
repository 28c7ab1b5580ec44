"""The code of an authenticator app (F1), and what is wrong with the phone's clock where that is the trouble (F2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from idp.accounts.factors import totp
from idp.accounts.person import Person
from idp.login.authn import PASSKEY, PASSWORD, TOTP
from idp.login.pending import Pending, Verdict
from idp.login.services import Services
from idp.texts import N_, plural
from idp.wire import Request

INCOMPLETE = N_("Type the six digits that the app shows now.")
WRONG = N_("This code is not right. Type the one that the app shows now.")
REUSED = N_("This code was used already. Wait until the app shows the next one, and type that.")


class _Totp:
    kind = totp.KIND
    methods = (TOTP,)
    again = ""

    def is_ready(self, services: Services, person: Person) -> bool:
        return totp.has_any(services, person.id)

    def show(self, services: Services, request: Request, pending: Pending) -> tuple[str, Mapping[str, Any]]:
        return "login/factor_totp.html", {}

    def guess(self, services: Services, request: Request, pending: Pending) -> str:
        # Six digits are another guess with every step.
        return f"{int(services.clock()) // totp.STEP}:{totp.digits_of(request.form.first.get('code', ''))}"

    def verify(self, services: Services, request: Request, pending: Pending) -> Verdict:
        typed = request.form.first.get("code", "")
        if not totp.is_code(typed):
            return Verdict(False, error=INCOMPLETE, counts=False)
        matched = totp.verify(services, pending.person_id, typed)
        if matched.ok:
            return Verdict(True, (TOTP,))
        # Only for somebody who has proven something that no stranger guesses (F2).
        is_known = bool({PASSWORD, PASSKEY} & set(pending.methods))
        spent = matched.reused and not matched.told
        error = what_is_wrong(matched) if is_known else WRONG
        return Verdict(False, error=error, spent=spent, means=meaning(matched))


def meaning(matched: totp.Matched) -> Mapping[str, Any]:
    """What an admin reads under the failure, in a finding's values: the phone's clock, a used code, another entry."""
    about = {"side": "person", "weight": "wrong", "reader": "app", "expected": "the code that the app shows now"}
    if matched.reused:
        fix = "Each code works once: wait for the next one. Two tabs, or a double click, send one twice."
        return {**about, "code": "authenticator_used", "field": "code", "got": "one that was used before", "fix": fix}
    if matched.steps:
        seconds = abs(matched.steps) * totp.STEP
        way = "slow" if matched.steps < 0 else "fast"
        fix = (
            "Switch on the automatic time of the phone. Where this happens to everybody, the clock of this server is "
            "wrong: run NTP there."
        )
        got = f"a code of {seconds // 60} min {seconds % 60} s from now: the phone is {way}"
        return {**about, "code": "authenticator_clock", "field": "clock of the phone", "got": got, "fix": fix}
    fix = (
        "It is of another account, of an earlier set-up of this one, or of an app that counts (HOTP), or mistyped; or "
        "the phone is more than five minutes off. Delete the other entries in the app; else let them in by `doorward "
        "user code`, and have the app set up anew."
    )
    return {**about, "code": "authenticator_code", "field": "entry in the authenticator app", "fix": fix,
            "got": "a code of no app that is set up here"}  # fmt: skip


def what_is_wrong(matched: totp.Matched) -> str:
    """What to tell somebody whose code was not taken."""
    if matched.reused:
        return REUSED
    if not matched.steps:
        return WRONG
    minutes = max(1, (abs(matched.steps) * totp.STEP + 30) // 60)
    if matched.steps < 0:
        return plural(
            "Your phone’s clock is about %(n)s minute slow. Switch on its automatic time, then type the next code.",
            "Your phone’s clock is about %(n)s minutes slow. Switch on its automatic time, then type the next code.",
            minutes,
        )
    return plural(
        "Your phone’s clock is about %(n)s minute fast. Switch on its automatic time, then type the next code.",
        "Your phone’s clock is about %(n)s minutes fast. Switch on its automatic time, then type the next code.",
        minutes,
    )


AUTHENTICATOR = _Totp()
