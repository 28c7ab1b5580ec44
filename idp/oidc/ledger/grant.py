"""What an authorization gave, and what comes of it: plain values, nothing is read or written here."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from idp.ids import base32

CODE = "dwc_"  # a prefix that a secret scanner can look for
DEVICE = "dwd_"  # of a device code (RFC 8628)
ALONE = 2  # `offline` of a family that no session is behind: another issuer's word is (RFC 7523 §2.1)
AUTH_REQUEST = "dwq_"  # of an auth_req_id (CIBA §7.3)
#: Compact; ASCII, since no driver takes a lone surrogate. Made once: `json.dumps` makes an encoder per call.
to_json = json.JSONEncoder(separators=(",", ":")).encode


def beside(code_id: str) -> str:
    """The id of the family whose tokens went through the browser with a code (Core §3.3): made of the code's, so that
    whoever ends the one finds the other without a look at anything.
    """
    made = base32(sha256(code_id.encode()).digest()[:16])
    return code_id[:-8] + made[:8]  # in the place of chance: it sorts beside it, and carries the same tag


@dataclass(frozen=True, slots=True)
class Grant:
    """What a code stands for: who let whom have what, and how it was proven."""

    id: str
    code_hash: str
    client_id: str
    person_id: str
    session_id: str
    redirect_uri: str
    scope: str
    nonce: str
    challenge: str  # PKCE's code_challenge, or ''
    claims: dict[str, Any]
    resource: list[str]
    auth_time: float
    methods: str
    offline: bool
    issued_at: float
    dpop_jkt: str = ""  # the key that must be shown to redeem it (RFC 9449 §10), or ''
    browser: str = ""  # the User-Agent in which it was given, where what comes of it may outlive that session
    details: list[dict[str, Any]] = field(default_factory=list)  # authorization_details (RFC 9396 §2)

    def to_json(self) -> dict[str, Any]:
        """As it is kept in State."""
        found = {name: getattr(self, name) for name in self.__slots__}
        for name in ("dpop_jkt", "browser", "details"):  # during an upgrade the version before reads it as well
            if not found[name]:
                del found[name]
        return found


@dataclass(frozen=True, slots=True)
class Exchanged:
    """Where a token comes from that was made of another (RFC 8693).

    `act`: who acts for the person, the one before inside (§4.1); empty for an impersonation. `via`: the applications
    whose tokens were exchanged, the first one first; `of`: which tokens those were, and `how` each was exchanged, in
    the same order ("": by a release that did not keep it).
    """

    act: Mapping[str, Any]
    via: tuple[str, ...]
    of: tuple[str, ...] = ()
    how: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As it is written down, and as claims of a JWT. `of` stands first: `store` finds each id by its place."""
        return {
            "of": " ".join(self.of), "how": list(self.how), **({"act": dict(self.act)} if self.act else {}),
            "via": list(self.via),
        }  # fmt: skip

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Exchanged | None:
        """Back again; None where there is nothing of it."""
        if not plain.get("via"):
            return None
        via = tuple(plain["via"])
        return cls(
            plain.get("act") or {}, via, tuple(plain.get("of", "").split()), tuple(plain.get("how") or [""] * len(via))
        )


@dataclass(frozen=True, slots=True)
class Terms:
    """What one access token is good for.

    `cnf`: the key that whoever presents it must prove to have (RFC 7800 §3); empty: whoever bears it may use it.
    `exchanged`: whose token it was made of; None: it was given by the grant itself. `details`: what it is good for
    beyond scopes (RFC 9396 §7).
    """

    scope: str
    resource: list[str]
    cnf: Mapping[str, str] = field(default_factory=dict)
    exchanged: Exchanged | None = None
    details: Sequence[Mapping[str, Any]] = ()

    @property
    def cnf_json(self) -> str:
        """As it is written down."""
        return to_json(dict(self.cnf)) if self.cnf else ""

    @property
    def details_json(self) -> str:
        """As they are written down."""
        return to_json(list(self.details)) if self.details else ""


@dataclass(frozen=True, slots=True)
class Holder:
    """Whom a token speaks of, and how they were proven.

    `person` is a row with the person's attributes. `session_id`: None where nobody's browser is behind the grant.
    """

    family_id: str
    person_id: str
    session_id: str | None
    auth_time: float
    methods: tuple[str, ...]
    claims: dict[str, Any]
    person: Any
    device_id: str = ""  # the device whose apps share a sign-in (OpenID Connect Native SSO 1.0)


@dataclass(frozen=True, slots=True)
class Issued:
    """One answer of the token endpoint, before it is written as JSON."""

    access_token: str
    token_id: str
    lifetime: int  # seconds from `issued_at`
    expires_in: int  # seconds from now: less, where an answer is given once more
    terms: Terms
    refresh_token: str | None
    holder: Holder | None  # None: the application itself
    issued_at: float
    nonce: str = ""
    device_secret: str = ""  # Native SSO 1.0 §3.2: what the next app on the same device shows
    is_exchanged: bool = False  # it answers a token exchange, with tokens of a sign-in of its own
    assertion: str = ""  # what is given in the place of an access token: our signed word, for another server


class CodeReused(Exception):
    """The code was redeemed before; its family is revoked by now."""
