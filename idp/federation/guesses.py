"""How often passwords are tried at one entry of a directory, whichever of its names was typed (S63).

The pause goes by the name, as for people here; the limit of failures in a row by the person who is linked, else by the
entry. Past it a password is no longer tried there, and the answer is that of a wrong one: a name whose own limit is not
reached tells nothing of another (L7).
"""

from __future__ import annotations

from dataclasses import dataclass

from idp.federation import links
from idp.federation.provider import Provider
from idp.ids import digest
from idp.login import holding
from idp.login.browser import devices
from idp.login.throttle import ACCOUNT_TTL, STOPPED_TTL, Account, Pause
from idp.protocols import Services
from idp.wire import Request


@dataclass(slots=True)
class Guess:
    """One password that was typed for a name. `key`: what it was counted under, once the entry is known, and
    `person_id`: who is linked with it; `device`: one that they know.
    """

    services: Services
    request: Request
    provider: Provider
    account: Account
    key: str = ""
    may: bool = False
    person_id: str = ""
    device: str | None = None

    def may_be_tried(self, subject: str) -> bool:
        """Count it, once; `subject`: the entry's key, '' for a name that nobody there has.

        The same statement and the same round trips for each of them.
        """
        if self.key:  # the first server fell silent, and another one is asked
            return self.may
        link = links.find(self.services.db, self.provider.id, subject)
        self.person_id = link.person_id if link is not None else ""
        self.device = devices.known(self.services, self.request, self.person_id)
        entry = f"entry:{self.provider.id}:{digest(subject)[:22]}" if subject else self.account.key
        self.key = self.person_id or entry
        self.may = self.services.throttle.may_guess(self.account, self.key, self.device)
        return self.may

    def was_right(self) -> None:
        """It was: the ones before are forgotten. What is the account's own is the sign-in's to forget."""
        if self.key != self.account.key:
            self.services.throttle.forgive(self.key)

    def was_wrong(self) -> None:
        """It was, or was not tried: past the limit nobody gets through, and who helps reads so."""
        # An entry that nobody here has is nobody's to unlock, so it is free again by itself.
        is_loose = self.key.startswith("entry:")
        if not self.services.throttle.stops(self.key, self.device, ACCOUNT_TTL if is_loose else STOPPED_TTL):
            return
        until = self.services.clock() + ACCOUNT_TTL if is_loose else None
        pause = Pause(until, "address" if self.device is None else "device")
        holding.note(self.services, self.key, self.person_id or None, pause)
        self.services.log.warning("directory_guesses_stopped", provider=self.provider.id)
