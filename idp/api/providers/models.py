"""Providers as the API has them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from idp.api.models import Model, left_out
from idp.api.providers.schema import Settings, SettingsPatch
from idp.federation.checking import MAX_SECRET

Name = Annotated[str, StringConstraints(min_length=1, max_length=80)]
Word = Annotated[str, StringConstraints(max_length=500)]
Secret = Annotated[str, StringConstraints(max_length=MAX_SECRET)]


class NewProvider(Model):
    """A provider to add: by a template with its blanks, or by what it says itself."""

    name: Name = left_out()
    """What its button says; left out: the template's."""
    kind: Name = left_out()
    """What it speaks, such as oidc; left out: the template's, else oidc."""
    template: Name | None = None
    """What is known of it: a `key` of the templates."""
    blanks: Annotated[dict[str, Word], Field(max_length=20, default_factory=dict)]
    """What the template asks for."""
    settings: Annotated[Settings, Field(default_factory=dict)]
    """What it says beside or instead of the template."""
    secret: Secret = ""
    """The secret that the provider gave; it is sealed, and in no answer."""
    enabled: bool = True
    """Whether people may sign in by it at once."""


class ProviderPatch(Model):
    """A change, as a merge patch (RFC 7396): what is not named stays, null takes a value back to its default."""

    name: Name = left_out()
    """What its button says."""
    settings: SettingsPatch = left_out()
    """What it says."""
    secret: Secret = left_out()
    """Another secret; left out: the one that is kept. It is given again where it would be sent to another address."""


class NewProviderSecret(Model):
    """Another secret, which the provider gave."""

    secret: Secret
    """It is sealed, and in no answer."""


class ProviderHealth(Model):
    """Whether it answers."""

    answers: bool
    """False: it was asked in vain several times in a row, and is asked twice a minute until it answers."""
    failing_since: datetime | None
    """When it began not to answer; null: its last answer was one."""
    reason: str
    """What happened then; empty where it answers."""


class Provider(Model):
    """A provider that people sign in through."""

    id: str
    """For good: the links of people hold to it."""
    name: str
    """What its button says."""
    kind: str
    """What it speaks."""
    template: str
    """The template it was made by; empty: by none."""
    enabled: bool
    """Whether people may sign in by it."""
    settings: Settings
    """What it says, without what is as by default."""
    redirect_uri: str
    """What is to be registered there."""
    logout_uri: str
    """Where its server tells of sign-outs (back-channel logout URI); empty: the kind has none."""
    signed_out_uri: str
    """Post-logout redirect URI to register there; empty: signing out here does not go on there."""
    has_secret: bool
    """Whether a secret is kept."""
    people: int
    """How many accounts there are linked to people here."""
    health: ProviderHealth
    """Whether it answers."""
    managed_by: str | None
    """The file of configuration that manages it."""
    changed_at: datetime
    """When it was last changed."""
    removed_at: datetime | None
    """When it was removed; it can be restored for 30 days."""


class Providers(Model):
    """All providers."""

    items: tuple[Provider, ...]
    """In the order in which they came; those that are off, too."""
    removed: tuple[Provider, ...]
    """Those that can be restored, the last removed first."""


class ProviderTemplate(Model):
    """What is known of a provider."""

    key: str
    """Its name for `template`."""
    title: str
    """What it is called."""
    asks: dict[str, str]
    """The blanks, and what belongs there."""
    there: tuple[str, ...]
    """What to do at the provider, step by step."""
    settings: dict[str, Any]
    """What it says, with its blanks in braces."""


class ProviderTemplates(Model):
    """All templates."""

    items: tuple[ProviderTemplate, ...]
    """In the order in which people look for them."""


class ProviderFinding(Model):
    """One thing that was looked at."""

    what: str
    """What it is."""
    ok: bool
    """Whether it is as it should be."""
    fix: str
    """What to do; empty where it is."""


class ProviderTest(Model):
    """All that can be tried without a person."""

    ok: bool
    """Whether everything is as it should be."""
    found: tuple[ProviderFinding, ...]
    """Each thing that was looked at."""


class ProviderDifference(Model):
    """One value, before and after."""

    field: str
    """Which one."""
    old: Any
    """null: as by default."""
    new: Any
    """null: as by default."""


class ProviderChange(Model):
    """Who changed what."""

    id: str
    """Of the event."""
    at: datetime
    """When."""
    action: str
    """What was done, such as provider:change."""
    who: str
    """Who did it, as people call them."""
    address: str
    """From where; empty: on the machine itself."""
    differences: tuple[ProviderDifference, ...]
    """What became something else."""
    secret_replaced: bool
    """Whether the secret was replaced, which nothing takes back."""
    can_undo: bool
    """Whether it can be taken back."""


class ProviderChanges(Model):
    """The history of one."""

    items: tuple[ProviderChange, ...]
    """The latest first, 50 at most."""


class OrganisationQuery(Model):
    """Which organisations of a federation."""

    q: str = Field(default="", max_length=200)
    """Words that the name, a keyword or a domain has, each of them; empty: the first ones by name."""


class Organisation(Model):
    """An identity provider of a federation."""

    entity_id: str
    """Its name in SAML."""
    name: str
    """What people read."""
    scopes: tuple[str, ...]
    """Domains that it speaks for (shibmd:Scope)."""
    registered_by: str
    """Its registration authority; empty: nobody is named."""


class Organisations(Model):
    """From where people of a federation may come, 30 at most."""

    listed_at: str
    """Where all of them stand."""
    many: int
    """How many identity providers there were at the last look, those too from which nobody may come."""
    looked_at: datetime | None
    """When it was looked at last; null: never."""
    until: datetime | None
    """Until when the list holds."""
    reason: str
    """Why the last look was vain; empty where it was not."""
    is_more: bool
    """Whether there are further ones; more words tell them apart."""
    items: tuple[Organisation, ...]
    """By name."""
