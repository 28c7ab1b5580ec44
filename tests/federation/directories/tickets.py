"""What a browser of somebody who has a ticket sends."""

from __future__ import annotations

import base64
from pathlib import Path

from tests.federation.directories.kdc import REALM, SERVICE


def ticket(cache: Path, service: str = SERVICE) -> str:
    """The header that a browser sends, new at each call."""
    import gssapi

    name = gssapi.Name(f"{service}@{REALM}", gssapi.NameType.kerberos_principal)
    mine = gssapi.Credentials(usage="initiate", store={"ccache": f"FILE:{cache}"})
    spnego = gssapi.OID.from_int_seq("1.3.6.1.5.5.2")
    context = gssapi.SecurityContext(name=name, creds=mine, mech=spnego, usage="initiate")
    return "Negotiate " + base64.b64encode(context.step()).decode()
