"""Names of applications that nobody lets in: none is another one's (RFC 7591 §5)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clients.errors import InvalidMetadata, Problem
from idp.protocols import Services


def check(services: Services, said: Mapping[str, Any], *, but: str = "") -> None:
    """Errors: `InvalidMetadata`, where an application that somebody here answers for is called the same.

    Two that registered themselves may share a name: each copy of a program registers itself.
    """
    for key, name in said.items():
        if key.partition("#")[0] != "client_name" or not isinstance(name, str):
            continue
        if services.registry.namesakes(name, but=but, vouched=True):
            raise InvalidMetadata(
                Problem(key, f"{name[:60]} is what another application here is called; choose another")
            )
