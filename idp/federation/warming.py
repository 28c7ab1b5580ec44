"""Libraries of directories and tickets: imported where some provider has a use for them, before anybody waits for it.

ldap3 and pyasn1 are 4 MiB and 85 ms, and most installations have no directory. Whoever types a password there, or
whose browser sends a ticket, was shown a page by this process before, or by another in the same seconds.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterable
from importlib import import_module
from typing import Final

from idp.federation.provider import Provider

_DIRECTORY: Final = ("idp.federation.ldap.wire", "idp.federation.ldap.signing_in")
_TICKETS: Final = ("idp.federation.kerberos.tokens",)


def warm(providers: Iterable[Provider]) -> threading.Thread | None:
    """Import what these need and nobody has imported, in a thread of its own; None where there is nothing."""
    needed: set[str] = set()
    for one in providers:
        needed.update(_DIRECTORY if one.is_directory else ())
        needed.update(_TICKETS if one.kerberos_realms else ())
    missing = sorted(needed - sys.modules.keys())
    if not missing:
        return None
    thread = threading.Thread(target=_import, args=(missing,), name="warming", daemon=True)
    thread.start()
    return thread


def _import(names: Iterable[str]) -> None:
    for name in names:
        import_module(name)
