"""What a change would break, in numbers: people who lose an application, sign-ins that end."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from clients.access import decide
from clients.client import Client
from idp.protocols import Services

_PAGE = 1000


class Impact:
    """Counts over the people and what was issued; each is read once, when a change asks for it."""

    def __init__(self, services: Services) -> None:
        self._services = services

    @cached_property
    def _people(self) -> list[tuple[str, tuple[str, ...]]]:
        """Everybody who can sign in, with their groups."""
        found, after = [], ""
        while page := self._services.directory.list(after, _PAGE):
            found += [(person.id, person.groups) for person in page if person.enabled]
            after = page[-1].username
        return found

    def of_application(self, before: Client | None, after: Client | None) -> Iterator[str]:
        """What becomes of those who may open an application; None: there is none."""
        could, can = self._may_open(before), self._may_open(after)
        if before is None:
            yield "nobody may open it" if not can else f"{_people(len(can))} may open it"
            return
        lost, won = could - can, can - could
        if lost:
            yield f"{_people(len(lost))} lose{'s' if len(lost) == 1 else ''} this application"
        if won:
            yield f"{_people(len(won))} more may open it"
        yield from self._ended(before, lost if after is not None and after.enabled else None)

    def _may_open(self, client: Client | None) -> set[str]:
        if client is None or not client.enabled:
            return set()
        if client.access.everyone:
            return {person_id for person_id, _ in self._people}
        now = self._services.clock()
        return {person_id for person_id, groups in self._people if decide(client, person_id, groups, now).allowed}

    def _ended(self, client: Client, lost: set[str] | None) -> Iterator[str]:
        """What of this application's ends. `lost`: only of these people; None: of all."""
        if lost is not None and not lost:
            return
        if client.saml is None:
            from idp.oidc import ledger

            issued = ledger.holders(self._services, client)
        else:
            from idp.saml.logout.standing import holders

            issued = holders(self._services, client)
        many = sum(1 for person_id in issued if lost is None or person_id in lost)
        if many and client.saml is None:
            yield f"ends {many:,} {'session' if many == 1 else 'sessions'} of this application, with their tokens"
        elif many:
            yield f"{many:,} {'session' if many == 1 else 'sessions'} of this application stand until it ends them"


def _people(count: int) -> str:
    return "1 person" if count == 1 else f"{count:,} people"
