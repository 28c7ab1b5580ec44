"""Links for people who have no account here: what one shows is the caller's; how long it lives and for whom is here.

One link for one thing; a new one ends the one before. Kept as a hash, so that what is stored opens nothing, and worth
what its maker may at the moment when it is opened.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from idp.admin.actor import Actor, of_name
from idp.ids import digest, new_secret
from idp.protocols import Services

LIVES: Final = 86_400.0  # seconds
PER_MINUTE: Final = 60  # looks from one address


@dataclass(frozen=True, slots=True)
class Link:
    """A link that stands. `until`: epoch seconds."""

    until: float


@dataclass(frozen=True, slots=True)
class Links:
    """Those of one kind, told apart in State by its name. Whether somebody may, each verb has asked before."""

    kind: str

    def make(self, services: Services, actor: Actor, about: str) -> tuple[str, float]:
        """A new link's secret, which is told this once, and its end (epoch seconds)."""
        self.end(services, about)
        secret, until = new_secret(), services.clock() + LIVES
        kept = {"about": about, "until": until, "by": actor.name, "token_id": actor.token_id}
        services.state.put(self._of_secret(secret), kept, LIVES)
        services.state.put(self._of(about), {"key": self._of_secret(secret), "until": until}, LIVES)
        return secret, until

    def end(self, services: Services, about: str) -> bool:
        """End the link now; whether there was one."""
        found = services.state.take(self._of(about))
        return bool(found) and services.state.take(found["key"]) is not None

    def find(self, services: Services, about: str) -> Link | None:
        """The link, as far as anybody can know it afterwards."""
        found = services.state.get(self._of(about))
        return Link(found["until"]) if found else None

    def opened(self, services: Services, secret: str) -> tuple[str, Actor] | None:
        """What it is about, and who made it, with what they may now; None: it ended, or there is none."""
        found = services.state.get(self._of_secret(secret[:100]))
        if not found or found["until"] <= services.clock():
            return None
        maker = of_name(services, found.get("by", ""), found.get("token_id", ""))
        about = found.get("about") or found.get("client_id", "")  # a link of the release before
        return (about, maker) if maker is not None else None

    def is_too_often(self, services: Services, address: str) -> bool:
        """Whether this address has looked more often in the last minute than a person does."""
        return services.state.count(f"{self.kind}-looks:{digest(address)}", 60.0) > PER_MINUTE

    def _of_secret(self, secret: str) -> str:
        return f"{self.kind}-link:{digest(secret)}"

    def _of(self, about: str) -> str:
        return f"{self.kind}-link-of:{about}"
