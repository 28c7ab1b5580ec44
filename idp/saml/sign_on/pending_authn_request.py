"""A pending AuthnRequest: what of it an answer needs, and how it travels through the browser."""

from __future__ import annotations

import json
import re
import secrets
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from idp.protocols import Services
from idp.saml.protocol import CONTINUE_PATH
from keys.sealing import BrokenSeal

MAX_URL: Final = 7000  # characters of a URL that every browser and proxy carries
OPEN_FOR: Final = 86400.0  # seconds after which a pending request is not begun anew
WAITS_FOR: Final = 300.0  # seconds that a request which came by POST waits for its browser
_SEAL: Final = "saml-request"
_HANDLE: Final = re.compile(r"[A-Za-z0-9_-]{32}")


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingAuthnRequest:
    """An AuthnRequest with every check behind it, or what stands for one where we begin: small, and plain JSON.

    `acs`, `binding`: where and how the answer goes. `request_id` None: nobody asked. `spent_for`: seconds for which the
    request's ID is remembered once it is answered. `subject`: the id of the one person it is about.
    `other_formats`: of the NameID, in their order, for who cannot have the first.
    """

    client_id: str
    acs: str
    binding: str
    at: float
    name_id_format: str
    request_id: str | None = None
    spent_for: float = 0.0
    relay_state: str | None = None
    force: bool = False
    passive: bool = False
    classes: tuple[str, ...] = ()
    subject: str | None = None
    hint: str = ""
    may_create: bool = True
    encrypt_name_id: bool = False
    service_index: int | None = None
    not_on_or_after: float | None = None
    other_formats: tuple[str, ...] = ()

    def with_formats(self, formats: tuple[str, ...]) -> PendingAuthnRequest:
        """This request with these formats of the NameID, the preferred one first."""
        return replace(self, name_id_format=formats[0], other_formats=formats[1:])

    def to_json(self) -> dict[str, Any]:
        """As it travels."""
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> PendingAuthnRequest:
        """What `to_json` made."""
        lists = ("classes", "other_formats")
        return cls(**{**plain, **{name: tuple(plain.get(name, ())) for name in lists}})


def sealed_url(services: Services, pending: PendingAuthnRequest) -> str:
    """The request in a URL of ours. Bound to no browser, as the message was not: a cross-site POST shows none."""
    plain = json.dumps(pending.to_json(), separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogatepass")
    return services.url(f"{CONTINUE_PATH}?request={services.sealer.seal(_SEAL, zlib.compress(plain))}")


def continue_url(services: Services, pending: PendingAuthnRequest) -> str:
    """The request in a URL of ours; where that is too long, it waits in State and the URL has its handle."""
    url = sealed_url(services, pending)
    if len(url) <= MAX_URL:
        return url
    handle = secrets.token_urlsafe(24)
    services.state.put(f"saml:request:{handle}", pending.to_json(), WAITS_FOR)
    return services.url(f"{CONTINUE_PATH}?handle={handle}")


def find_pending(services: Services, sealed: str | None, handle: str | None) -> PendingAuthnRequest | None:
    """The request that one of these URLs stands for; None where it is none of ours, or gone."""
    if sealed:
        try:
            return PendingAuthnRequest.from_json(json.loads(zlib.decompress(services.sealer.open(_SEAL, sealed))))
        except BrokenSeal:
            return None
    stored = services.state.get(f"saml:request:{handle}") if handle and _HANDLE.fullmatch(handle) else None
    return None if stored is None else PendingAuthnRequest.from_json(stored)
