"""One of the ten codes on paper (F5)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from idp.accounts.factors import backup_codes, codes
from idp.accounts.passwords import Busy
from idp.accounts.person import Person
from idp.db import Transaction
from idp.login.authn import BACKUP
from idp.login.pending import Pending, Verdict
from idp.login.recording import circumstances, recorder
from idp.login.services import Services
from idp.texts import N_
from idp.wire import Request

INCOMPLETE = N_("A backup code has ten letters and digits, such as 4K7QP-M2XT9. Type all of one.")
WRONG = N_("This is none of your unused backup codes. Each works once: cross out those that you used.")
BUSY = N_("Very many people are signing in right now. Wait a few seconds and try again; the code is still good.")


class _Backup:
    kind = backup_codes.KIND
    methods = (BACKUP,)
    again = WRONG

    def is_ready(self, services: Services, person: Person) -> bool:
        return backup_codes.left(services.db, person.id) > 0

    def show(self, services: Services, request: Request, pending: Pending) -> tuple[str, Mapping[str, Any]]:
        return "login/factor_backup.html", {"left": backup_codes.left(services.db, pending.person_id)}

    def guess(self, services: Services, request: Request, pending: Pending) -> str:
        code = codes.read(request.form.first.get("code", ""))
        return f"{backup_codes.made_at(services.db, pending.person_id)}:{code}" if code else ""

    def verify(self, services: Services, request: Request, pending: Pending) -> Verdict:
        from idp import language, mail

        typed, person_id = request.form.first.get("code", ""), pending.person_id
        if not codes.read(typed):
            return Verdict(False, error=INCOMPLETE, counts=False)
        person = services.directory.get(person_id)

        def told(tx: Transaction, left: int) -> None:
            values = {"left": left, **circumstances(services, request)}
            mail.tell(services, person, "backup_code_used", values, page=language.of_page(services, request), tx=tx)

        try:
            left = backup_codes.use(services, person_id, typed, recorder(services, request, person_id), told)
            if left is None:
                return Verdict(False, error=WRONG, spent=backup_codes.was_used(services, person_id, typed))
        except Busy:
            return Verdict(False, error=BUSY, counts=False)
        return Verdict(True, (BACKUP,))


AUTHENTICATOR = _Backup()
