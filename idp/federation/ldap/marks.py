"""From where the next look at a directory goes on: changes are counted by each server of Active Directory for itself,
and are told by their time elsewhere.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from idp.federation.ldap import filters
from idp.federation.provider import Provider
from idp.ids import digest

if TYPE_CHECKING:
    from idp.federation.ldap.wire import Conversation

CHANGED: Final = "modifyTimestamp"


@dataclass(frozen=True, slots=True)
class Mark:
    """`database`: whose count `usn` is, '' where changes have a time alone: `time`, as the directory writes it.

    `shape`: what the provider said then; with another filter, say, others are new.
    """

    database: str = ""
    usn: int = 0
    time: str = ""
    shape: str = ""

    def since(self, provider: Provider, now: Mark) -> str:
        """The filter of what was changed since; all of it where that cannot be told. `now`: read before."""
        if self.shape != shape(provider):
            return provider.people
        if self.database and self.database == now.database:
            return filters.changed(provider, "uSNChanged", str(self.usn + 1))
        if self.time and not now.database:
            return filters.changed(provider, CHANGED, self.time)  # the same second once more
        return provider.people


def shape(provider: Provider) -> str:
    """What stands for all that a provider says."""
    return digest(json.dumps(provider.said(), sort_keys=True))


def of(conversation: Conversation) -> Mark:
    """Where the server is now. Another server, or one that was restored, counts anew (MS-ADTS §3.1.1.1.9)."""
    root = conversation.read("", ("dsServiceName", "highestCommittedUSN"))
    usn = root.text("highestCommittedUSN") if root is not None else ""
    if root is None or not usn.isdecimal():
        return Mark()
    settings = conversation.read(root.text("dsServiceName"), ("invocationId",))
    raw = next(iter(settings.values.get("invocationid", ())), b"") if settings is not None else b""
    return Mark(raw.hex(), int(usn)) if raw else Mark()


def said(mark: Mark) -> dict[str, object]:
    """As it is kept."""
    return {"database": mark.database, "usn": mark.usn, "time": mark.time, "shape": mark.shape}


def kept(found: Mapping[str, object]) -> Mark:
    """As it was kept."""
    return Mark(str(found.get("database", "")), int(str(found.get("usn", 0))), str(found.get("time", "")),
                str(found.get("shape", "")))  # fmt: skip
