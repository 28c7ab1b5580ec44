"""Checks of Windows sign-in: what it needs on this machine. `doorward provider test` looks at the domain as well."""

from __future__ import annotations

from typing import TYPE_CHECKING

from idp.installation.checks.findings import Finding, Found, mode_of

if TYPE_CHECKING:
    from idp.protocols import Services


def examine(services: Services) -> Found:
    """Nothing where it is not used."""
    if not services.settings.kerberos.keytab:
        return
    from idp.federation.kerberos import accepting
    from idp.federation.kerberos.shown import AES

    try:
        accepting.check_library()
        file = accepting.keytab(services)
        keys = accepting.keys_of(file)
    except accepting.NotReady as error:
        yield Finding("kerberos", "error", str(error), "nobody comes in by Windows sign-in: see docs/upstream.md")
        return
    if mode_of(file) & 0o077:
        text = f"others of this machine may read {file}, and could be anybody here"
        yield Finding("kerberos", "error", text, f"chmod 600 {file}")
    if not any(key.kind in AES for key in keys):
        yield Finding("kerberos", "error", f"{file} has no AES key", "only AES is taken: see docs/upstream.md")
        return
    yield Finding("kerberos", "ok", f"{len(keys)} keys in {file}")
