"""The kinds of work on many people."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from idp.accounts.batches import Batch, Outcome, Row
from idp.admin.actor import Actor
from idp.admin.bulk import actions as bulk
from idp.admin.importing import work as importing
from idp.admin.permissions import Permission
from idp.db import Transaction
from idp.protocols import Services

#: Does one row: the services take part in the transaction, and the work is as it stands at this step.
Begun = Callable[[Services, Transaction, Batch, Row], Outcome]


@dataclass(frozen=True)
class Kind:
    """One kind. `begin`: made ready once a run; `ended`: called when the last row is done."""

    permission: Permission
    begin: Callable[[Services, Actor, Batch], Begun]
    ended: Callable[[Services, Actor, Batch], object]


KINDS: Final[Mapping[str, Kind]] = {
    "import": Kind(Permission.PEOPLE_CREATE, importing.begin, importing.ended),
    "bulk": Kind(Permission.PEOPLE_READ, bulk.begin, bulk.ended),  # each row asks for more
}
