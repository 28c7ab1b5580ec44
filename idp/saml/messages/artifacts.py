"""HTTP-Artifact (Bind §3.6.4): a reference to a message that waits at whoever made it."""

from __future__ import annotations

import hashlib
import os
from base64 import b64encode
from dataclasses import dataclass
from typing import Final

from idp.saml.messages.bindings import BadMessage, from_base64

_TYPE_4: Final = b"\0\4"


@dataclass(frozen=True, slots=True)
class Artifact:
    """A type-4 artifact. `source_id` is the SHA-1 of the issuer's entityID; `handle` is 20 random bytes."""

    index: int
    source_id: bytes
    handle: bytes


def source_id(entity_id: str) -> bytes:
    """Bind §3.6.4.2: SHA-1 as a name, not as protection."""
    return hashlib.sha1(entity_id.encode(), usedforsecurity=False).digest()


def new_artifact(entity_id: str, index: int = 0) -> Artifact:
    """A fresh artifact of this entity."""
    return Artifact(index, source_id(entity_id), os.urandom(20))


def encode_artifact(artifact: Artifact) -> str:
    """The SAMLart value."""
    return b64encode(_TYPE_4 + artifact.index.to_bytes(2, "big") + artifact.source_id + artifact.handle).decode()


def decode_artifact(text: str) -> Artifact:
    """Read a SAMLart value. Errors: `BadMessage`."""
    raw = from_base64("SAMLart", text[:200])
    if len(raw) != 44 or raw[:2] != _TYPE_4:
        raise BadMessage("not a type-4 artifact")
    return Artifact(int.from_bytes(raw[2:4], "big"), raw[4:24], raw[24:])
