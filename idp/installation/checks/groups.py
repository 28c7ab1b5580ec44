"""Check of groups: whether people's rows have the names that their memberships give, which is what every hop reads."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

from idp.installation.checks.findings import Finding, Found

if TYPE_CHECKING:
    from idp.protocols import Services

_CHECK: Final = "groups"
_MOST: Final = 20  # names that are told


def examine(services: Services) -> Found:
    """People whose groups are not what is kept of them. It reads everybody, so a running server leaves it out."""
    from idp.accounts.grouping import effective

    found = list(islice(effective.drift(services.db), _MOST))
    if not found:
        yield Finding(_CHECK, "ok", "everybody has the groups that they were put into")
        return
    more = " and more" if len(found) == _MOST else ""
    names = ", ".join(found[:3])
    text = f"{len(found)}{more} people have other groups in their row than they were put into: {names}"
    yield Finding(
        _CHECK, "warning", text, "a running server mends it within the hour; `doorward group check --mend` does at once"
    )
