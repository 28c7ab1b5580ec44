"""Windows sign-in (Kerberos)."""

from __future__ import annotations

from pydantic import Field

from idp.config.section import Section


class Kerberos(Section):
    """Windows sign-in: Kerberos by SPNEGO (RFC 4559). Which networks it is for stands at the directory: docs/upstream.md."""

    keytab: str = Field(
        "",
        description="The file with the keys of HTTP/<host of the issuer>, mode 0600. It is read at each sign-in, so a new one needs no restart. Empty: nobody comes in this way.",
    )
