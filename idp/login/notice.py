"""An application that is to hear of a sign-out: a value, which protocols make and `signout` has told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Notice:
    """One application to tell. `job`: the queue's name for telling it directly; `protocol`: whose hop it is, else.

    Both: the browser goes there where the direct way fails, such as for a server that only people's machines reach.
    `frame`: the address that the browser asks in a hidden frame, likewise alone or where the direct way fails. None of
    all: it has no way to be told. `payload`: the job's or the hop's own, JSON, no secrets.
    """

    client_id: str
    name: str
    job: str = ""
    protocol: str = ""
    payload: Mapping[str, Any] = field(default_factory=dict)
    frame: str = ""

    @property
    def by_browser(self) -> bool:
        """Whether the browser has a way to tell it."""
        return bool(self.protocol or self.frame)

    def to(self, asked_by: str) -> Notice | None:
        """What is left to tell, where this client asked for the sign-out: in its own frames it may have to clear up."""
        if self.client_id != asked_by:
            return self
        return Notice(self.client_id, self.name, frame=self.frame) if self.frame else None
