"""What there is, as a file that makes the same of an empty installation."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from idp.admin.configuration import writing
from idp.admin.configuration.kinds import KINDS
from idp.protocols import Services


def export(services: Services, only: Collection[str] = (), comments: Iterable[str] = ()) -> str:
    """Every object of these kinds, or of all, as TOML: no secret, a stable order, only what differs from defaults.

    `comments`: lines for whoever opens the file, by the door that writes it.
    """
    kinds = [kind for kind in KINDS.values() if not only or kind.table in only]
    return writing.text((written for kind in kinds for written in kind.export(services)), comments)
