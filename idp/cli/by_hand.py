"""Changes by hand of what a file of configuration manages: noted, or refused, as the settings say."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from idp.cli.terminal import complain
from idp.installation.failures import Refused

if TYPE_CHECKING:
    from idp.protocols import Services


@contextlib.contextmanager
def by_hand(services: Services, kind: str, object_id: str, name: str) -> Iterator[None]:
    """Around a change. Errors: `Refused` where only the file may make it."""
    from idp.admin import managed

    try:
        manager = managed.guard(services, kind, object_id)
    except managed.ManagedByFile as error:
        raise Refused(
            f"{name} is managed by {error.manager}: change it there, and run `doorward apply`. "
            'To change it by hand, set managed = "note" below [admin]'
        ) from None
    yield
    if manager:
        complain(f"note: {name} is managed by {manager}: the next apply takes this back")
