"""A product as the gallery knows it: what is asked, what is registered for it here, what is typed there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any, Literal

from clients.offered import RESPONSE_TYPES

Protocol = Literal["oidc", "saml"]
#: How sure the facts are: the product's own source or two independent guides; one guide; contested or inferred.
SURENESS = ("sure", "likely", "unsure")
#: What products are for, in the order of lists.
CATEGORIES: Mapping[str, str] = {
    "crm": "Customers",
    "support": "Support",
    "work": "Projects and work",
    "chat": "Chat and meetings",
    "content": "Documents and knowledge",
    "files": "Files",
    "learning": "Learning",
    "people": "Human resources",
    "code": "Code and delivery",
    "operations": "Operations",
    "monitoring": "Monitoring",
    "data": "Data",
    "media": "Media and home",
    "network": "Networks and access",
    "cloud": "Clouds and suites",
    "proxy": "Proxies for what has no sign-in",
}


@dataclass(frozen=True, slots=True)
class Tried:
    """That somebody was signed in to a running one, and out, set up as the template says: which version, when."""

    version: str
    on: date

    @property
    def at(self) -> float:
        """The noon of that day (epoch seconds, UTC), as pages write days from moments."""
        return datetime.combine(self.on, time(12), UTC).timestamp()


@dataclass(frozen=True, slots=True)
class Question:
    """One thing that only the admin knows. `later`: it may be known only once the other side is set up."""

    id: str
    label: str
    kind: str
    example: str
    why: str
    choices: tuple[str, ...] = ()
    later: bool = False


@dataclass(frozen=True, slots=True)
class Field:
    """One value to copy, under the name that the product's own page or file has for it."""

    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Snippet:
    """Configuration of the product itself: where it goes, what it is written in, its text."""

    file: str
    language: str
    text: str


@dataclass(frozen=True, slots=True)
class Logout:
    """A SAML logout endpoint: `binding` "post" or "redirect", and where it is."""

    binding: str
    location: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """One protocol of a product. Texts are patterns over the answers and, but for addresses, over our values.

    `reads`: claims, NameID and attributes that the product looks at. `cannot`: why it cannot be connected here.
    """

    reads: tuple[str, ...]
    steps: tuple[str, ...]
    fields: tuple[Field, ...] = ()
    env: tuple[str, ...] = ()
    snippet: Snippet | None = None
    traps: tuple[str, ...] = ()
    cannot: str = ""
    launch_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OidcConnection(Connection):
    """How it speaks OpenID Connect. `metadata`: what differs from the profile's defaults (`clients.metadata`)."""

    profile: str
    redirect_uris: tuple[str, ...]
    post_logout_redirect_uris: tuple[str, ...] = ()
    backchannel_logout_uri: str = ""
    initiate_login_uri: str = ""
    metadata: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class SamlConnection(Connection):
    """How it speaks SAML. `settings`: what differs from our defaults (`clients.saml_fields.SETTINGS`)."""

    entity_id: str
    acs: tuple[str, ...]
    logout: tuple[Logout, ...] = ()
    metadata_url: str = ""  # where it publishes its metadata, when it does
    settings: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """One product. `people_first`: that people must exist there before they sign in, and how they get there.

    `back_in`: the way in without us, to be tried before ours becomes the only one. `source`: where the facts are from.
    `tried`: the running one that it was last tried with; None where nobody has.
    """

    id: str
    name: str
    vendor: str
    category: str
    source: str
    sure: str
    doubt: str = ""
    tried: Tried | None = None
    words: tuple[str, ...] = ()
    questions: tuple[Question, ...]
    people_first: str = ""
    traps: tuple[str, ...] = ()
    back_in: str = ""
    oidc: OidcConnection | None = None
    saml: SamlConnection | None = None

    @property
    def protocols(self) -> tuple[Protocol, ...]:
        """What it speaks, the one to take first: one where tokens go through the browser is second best."""
        found: tuple[tuple[Protocol, Connection | None], ...] = (("oidc", self.oidc), ("saml", self.saml))
        have = [(name, one) for name, one in found if one is not None]
        return tuple(name for name, one in sorted(have, key=lambda pair: (bool(pair[1].cannot), _is_legacy(pair[1]))))

    def connection(self, protocol: str) -> OidcConnection | SamlConnection | None:
        """How it speaks this protocol; None where it does not."""
        return {"oidc": self.oidc, "saml": self.saml}.get(protocol)

    @property
    def cannot(self) -> str:
        """Why it cannot be connected at all; "" where one of its protocols can."""
        reasons = [one.cannot for one in (self.oidc, self.saml) if one is not None]
        return reasons[0] if all(reasons) else ""


def _is_legacy(connection: Connection) -> bool:
    types = connection.metadata.get("response_types", ()) if isinstance(connection, OidcConnection) else ()
    return any(find.front for find in map(RESPONSE_TYPES.get, types) if find is not None)
