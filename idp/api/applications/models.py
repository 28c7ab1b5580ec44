"""Applications as the API has them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from idp.api.applications.schema import Metadata, MetadataPatch, Settings
from idp.api.models import At, Line, Model, Paged, left_out

Protocol = Literal["oidc", "saml"]
Name = Annotated[str, StringConstraints(min_length=1, max_length=1000)]
Profile = Literal["web", "spa", "native", "machine", "legacy", "fapi2"]


class AccessTerm(Model):
    """For how long one who is named may open an application."""

    group: Name | None = None
    """One of the groups,"""
    person: Name | None = None
    """or one of the persons; the other is null."""
    since: At | None = None
    """When it begins; null: it has no beginning."""
    until: At | None = None
    """When it ends; null: it has no end."""


class Access(Model):
    """Who may open an application."""

    everyone: bool = False
    """Everyone may; groups and persons are empty then."""
    groups: Annotated[tuple[Name, ...], Field(max_length=200)] = ()
    """Else the members of these groups, by name,"""
    persons: Annotated[tuple[Name, ...], Field(max_length=1000)] = ()
    """and these persons, by id. With neither, nobody may."""
    terms: Annotated[tuple[AccessTerm, ...], Field(max_length=1200)] = left_out()
    """Who of them may for a time only. Left out: who stays, may for as long as before; who comes, for good."""


class AccessRule(Access):
    """Who may open an application, and whom that lets in."""

    people: int | None
    """How many people there are, where everyone may; null: it is limited."""
    missing_groups: tuple[str, ...]
    """Groups that the rule names and that there are not: they let nobody in."""


class Listed(Model):
    """An application of a list."""

    id: str
    """Its client id; for good."""
    protocol: Protocol
    """What it speaks."""
    name: str
    """What people read."""
    profile: str
    """The kind of OpenID Connect application: web, spa, native, machine, legacy, fapi2; `saml` for SAML."""
    enabled: bool
    """Whether people may sign in to it now."""
    access: Access
    """Who may open it."""
    changed_at: datetime
    """When it was last changed."""
    removed_at: datetime | None
    """When it was removed; it can be restored for 30 days."""


class ListedPage(Model):
    """One page of applications."""

    items: tuple[Listed, ...]
    """Those that are called so come first, then by name."""
    next: str | None
    """`cursor` of the next page; null: this is the last one."""


class Search(Paged):
    """Which applications."""

    query: Annotated[str, StringConstraints(max_length=200)] = ""
    """Any part of the name, the id, or a host that it lives on."""
    which: Literal["all", "oidc", "saml", "off", "everyone", "self_registered", "removed"] = "all"
    """Only these: by protocol, turned off, open to everyone, removed."""


class Application(Model):
    """An application with all that is set for it."""

    id: str
    """Its client id; for good."""
    protocol: Protocol
    """What it speaks."""
    name: str
    """What people read."""
    profile: str
    """The kind of OpenID Connect application; `saml` for SAML."""
    enabled: bool
    """Whether people may sign in to it now."""
    access: Access
    """Who may open it."""
    metadata: dict[str, Any]
    """What was set, by its names in the standards; a change is a merge patch of this."""
    effective: dict[str, Any]
    """The same with every default."""
    service_provider: dict[str, Any] | None
    """What the SAML metadata of the other side says; null: it speaks OpenID Connect."""
    managed_by: str | None
    """The file of configuration that manages it; it may be that only the file changes it."""
    created_at: datetime
    """When it was registered."""
    changed_at: datetime
    """When it was last changed."""


class Registered(Model):
    """A new application."""

    application: Application
    """It."""
    client_secret: str | None
    """Its secret, shown this once; null: it has none."""
    warnings: tuple[str, ...]
    """What is allowed and worth a second look, a sentence each."""


class NewApplication(Model):
    """An OpenID Connect application to register."""

    name: Line
    """What people read on the sign-in page."""
    profile: Profile = "web"
    """The kind of application; its rules may not be left."""
    metadata: Metadata = Field(default_factory=dict)
    """Client metadata (RFC 7591 §2, and Doorward's own)."""
    access: Access = Field(default_factory=Access)
    """Who may open it. Nobody, unless it is said."""


class NewServiceProvider(Model):
    """A SAML service provider to register: by its metadata, by where that is published, or by two facts of it."""

    name: Line
    """What people read on the sign-in page."""
    metadata_xml: Annotated[str, StringConstraints(min_length=1, max_length=100_000)] | None = None
    """Its metadata, as text."""
    metadata_url: Annotated[str, StringConstraints(min_length=1, max_length=2000)] | None = None
    """Or where it is published: it is read again from there from now on."""
    entity_id: Annotated[str, StringConstraints(min_length=1, max_length=1024)] | None = None
    """Which one, where the metadata has several; or its entity ID, where there is no metadata."""
    acs: Annotated[tuple[Name, ...], Field(max_length=20)] = ()
    """Where it takes our answers (HTTP-POST), where there is no metadata."""
    settings: Settings = Field(default_factory=dict)
    """What is decided here: NameID, attributes, signatures."""
    access: Access = Field(default_factory=Access)
    """Who may open it. Nobody, unless it is said."""


class ApplicationPatch(Model):
    """A change, as a merge patch (RFC 7396): what is not named stays, null takes a value back to its default."""

    name: Line = left_out()
    """What people read."""
    profile: Profile = left_out()
    """The kind of OpenID Connect application."""
    metadata: MetadataPatch = left_out()
    """By its names in the standards; for SAML what is decided here, and `acs` where no URL says it."""


class Changed(Model):
    """An application after a change."""

    application: Application
    """As it is now."""
    warnings: tuple[str, ...]
    """What is allowed and worth a second look, a sentence each."""


class Secret(Model):
    """A secret as it is known by; itself it was shown once."""

    id: str
    """What it is ended by."""
    created_at: datetime
    """When it was made."""
    expires_at: datetime | None
    """When it ends; null: it has no end yet."""
    last_used_at: datetime | None
    """When it was last used, to a minute; null: never."""


class Secrets(Model):
    """The secrets that work."""

    items: tuple[Secret, ...]
    """The newest first."""


class NewSecret(Model):
    """A new secret, beside those that are in use."""

    keep_old_for: Annotated[int, Field(ge=0, le=31_536_000)] = 86_400
    """Seconds for which the old ones work on; 0: they end now."""


class MadeSecret(Model):
    """A new secret."""

    id: str
    """What it is ended by."""
    client_secret: str
    """Itself, shown this once."""


class Difference(Model):
    """One value, before and after."""

    field: str
    """By its name in the standards."""
    old: Any
    """null: it was not set."""
    new: Any
    """null: it is not set."""


class Change(Model):
    """One change of an application."""

    id: str
    """What it is undone by."""
    at: datetime
    """When."""
    action: str
    """What was done, such as `client:update`."""
    who: str
    """Who did it, as people call them."""
    address: str
    """From where."""
    differences: tuple[Difference, ...]
    """What it changed."""
    can_undo: bool
    """Whether it can be taken back."""


class Changes(Model):
    """One page of an application's history."""

    items: tuple[Change, ...]
    """The latest first."""
    next: str | None
    """`cursor` of the next page; null: this is the last one."""


class WhosePreview(Model):
    """For whom."""

    person: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    """Anything that they sign in with, or their id."""


class PreviewLine(Model):
    """One value that the application would get."""

    name: str
    """What it is called on the wire."""
    value: str
    """As it is sent; `…` where the caller may not see it."""
    source: str
    """What gives it."""


class Preview(Model):
    """What an application would get of a person; nothing is sent."""

    allowed: bool
    """Whether they may open it at all,"""
    reason: str
    """and why."""
    subject: tuple[PreviewLine, ...]
    """The `sub`, or the NameID."""
    id_token: tuple[PreviewLine, ...]
    """Claims of the ID token."""
    userinfo: tuple[PreviewLine, ...]
    """Claims of userinfo."""
    attributes: tuple[PreviewLine, ...]
    """Attributes of the assertion."""
    missing: tuple[str, ...]
    """What it would get if it were known."""


class FromGallery(Model):
    """A product of the gallery to connect."""

    protocol: Literal["oidc", "saml"] | None = None
    """What it is to speak; null: what the product is best at."""
    name: Line | None = None
    """What people read; null: the product's name."""
    answers: dict[str, Annotated[str, StringConstraints(max_length=4000)]] = Field(default_factory=dict)
    """What only you know, by the ids of the product's questions."""
    access: Access = Field(default_factory=Access)
    """Who may open it. Nobody, unless it is said."""


class Connected(Registered):
    """A product, and what to type on its side."""

    fields: tuple[tuple[str, str], ...]
    """What to paste there: the names of its fields, and the values. The secret stands in them, shown this once."""
    env: tuple[str, ...]
    """The same as lines of its environment, where it reads one."""
    steps: tuple[str, ...]
    """What to do there, step by step."""


class Question(Model):
    """One thing that only the admin knows."""

    id: str
    """What it is answered by."""
    label: str
    """The question."""
    example: str
    """An answer."""
    choices: tuple[str, ...]
    """One of these, where there are some."""
    later: bool
    """It may follow once the other side is set up."""


class Product(Model):
    """A product of the gallery."""

    id: str
    """What it is connected by."""
    name: str
    """What it is called."""
    category: str
    """What it is for."""
    protocols: tuple[str, ...]
    """What it speaks, the best one first."""
    questions: tuple[Question, ...]
    """At most three."""


class Products(Model):
    """The gallery."""

    items: tuple[Product, ...]
    """By name, or those first that are called as was asked."""


class ProductSearch(Model):
    """Which products."""

    query: Annotated[str, StringConstraints(max_length=100)] = ""
    """Words that they have."""
