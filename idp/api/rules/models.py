"""Sign-in rules as the API has them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from idp.api.models import At, Model, left_out

Name = Annotated[str, StringConstraints(min_length=1, max_length=1000)]
Names = Annotated[tuple[Name, ...], Field(max_length=200)]
Network = Annotated[str, StringConstraints(min_length=1, max_length=60)]
Networks = Annotated[tuple[Network, ...], Field(max_length=200)]
Need = Literal["second", "phishing-resistant", "none", "deny"]
Role = Literal["owner", "admin", "app_admin", "help_desk", "auditor"]
Roles = Annotated[tuple[Role, ...], Field(max_length=5)]
Device = Literal["any", "unknown"]
Minutes = Annotated[int, Field(ge=0, le=525_600)]
Days = Annotated[int, Field(ge=0, le=365)]
RuleName = Annotated[str, StringConstraints(min_length=1, max_length=80)]
Why = Annotated[str, StringConstraints(max_length=300)]
Day = Annotated[str, StringConstraints(max_length=10)]
Id = Annotated[str, StringConstraints(min_length=1, max_length=100)]


class NewRule(Model):
    """What a rule says. Every condition that is named must hold."""

    name: RuleName
    """What it is called in the console."""
    need: Need = "second"
    """A second factor, a passkey, nothing beside max_age_minutes, or no way in."""
    max_age_minutes: Minutes = 0
    """Minutes after which a sign-in is too old here; 0: never."""
    groups: Names = ()
    """Members of one of these groups."""
    roles: Roles = ()
    """Who has one of these roles."""
    apps: Names = ()
    """On the way to one of these applications, by client id."""
    networks: Networks = ()
    """From one of these networks."""
    outside: Networks = ()
    """From anywhere but these networks."""
    device: Device = "any"
    """Any device, or those that the person has not had let off."""
    starts: Day = ""
    """The day it begins, such as 2026-12-01; empty: at once."""
    grace_days: Days = 0
    """Days for which people without a factor may put it off."""
    why: Why = ""
    """The reason that people are told."""


class RulePatch(Model):
    """A change, as a merge patch (RFC 7396): what is not named stays, null takes a value back to its default."""

    name: RuleName = left_out()
    """What it is called in the console."""
    need: Need | None = None
    """What is needed."""
    max_age_minutes: Minutes | None = None
    """Minutes after which a sign-in is too old here."""
    groups: Names | None = None
    """Members of one of these groups."""
    roles: Roles | None = None
    """Who has one of these roles."""
    apps: Names | None = None
    """On the way to one of these applications."""
    networks: Networks | None = None
    """From one of these networks."""
    outside: Networks | None = None
    """From anywhere but these networks."""
    device: Device | None = None
    """Any device, or unknown ones."""
    starts: Day | None = None
    """The day it begins."""
    grace_days: Days | None = None
    """Days for which it may be put off."""
    why: Why | None = None
    """The reason that people are told."""


class Said(Model):
    """What a rule says, all of it."""

    name: str
    """What it is called in the console."""
    need: Need
    """A second factor, a passkey, nothing beside max_age_minutes, or no way in."""
    max_age_minutes: int
    """Minutes after which a sign-in is too old here; 0: never."""
    groups: tuple[str, ...]
    """Members of one of these groups."""
    roles: tuple[str, ...]
    """Who has one of these roles."""
    apps: tuple[str, ...]
    """On the way to one of these applications, by client id."""
    networks: tuple[str, ...]
    """From one of these networks."""
    outside: tuple[str, ...]
    """From anywhere but these networks."""
    device: Device
    """Any device, or those that the person has not had let off."""
    starts: str
    """The day it begins; empty: at once."""
    grace_days: int
    """Days for which people without a factor may put it off."""
    why: str
    """The reason that people are told."""


class Rule(Model):
    """A sign-in rule."""

    id: str
    """Its id; `file-1` and so on for those of the settings file."""
    enabled: bool
    """Whether it asks for anything now."""
    fixed: bool
    """It stands in the settings file and is changed there."""
    managed_by: str | None
    """The file of configuration that manages it."""
    says: Said
    """What it says."""
    changed_at: datetime | None
    """When it was last changed; null: it is fixed."""
    removed_at: datetime | None
    """When it was removed; it can be restored for 30 days."""


class Rules(Model):
    """Every rule. The edition of this list is that of their order."""

    items: tuple[Rule, ...]
    """In their order, the fixed ones first."""
    removed: tuple[Rule, ...]
    """Those that can be restored."""


class Order(Model):
    """The rules in another order."""

    ids: Annotated[tuple[Id, ...], Field(max_length=200)]
    """Of those that are not fixed; one that is not named stays behind those that are."""


class Question(Model):
    """A change that is thought of."""

    rule: NewRule | None = None
    """What the rule is to say; null: it is to be gone."""
    replaces: Id | None = None
    """Which one it changes or removes; null: it is a new one."""


class Effects(Model):
    """What a change would do to people who can sign in, in numbers. Nothing is changed."""

    concerned: int
    """Whom the rule concerns, by groups and roles."""
    without: int
    """Of those, who have nothing yet that meets it, and will be asked to set it up."""
    stuck: int
    """Of those, for whom nothing here would do."""
    denied: int
    """Who are let in no more where the rule holds."""
    again: int
    """Who sign in anew after its time."""
    released: int
    """Of whom no rule asks as much any more."""
    owners: int
    """Owners who would be left with a way in,"""
    owners_now: int
    """of those who have one now."""


class Situation(Model):
    """Somebody who signs in, as it is thought of. Nothing is written, and nobody is asked for anything."""

    person: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    """Anything that they sign in with, or their id."""
    application: Id | None = None
    """Where they want to go, by client id; null: our own pages."""
    address: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    """The network address that they come from."""
    known_device: bool = False
    """On a device that they have had let off."""
    at: At | None = None
    """When; null: now."""
    signed_in_for: Annotated[int, Field(ge=0, le=31_536_000)] | None = None
    """Seconds since a sign-in that stands; null: there is none."""
    has: Annotated[tuple[Literal["totp", "webauthn"], ...], Field(max_length=2)] | None = None
    """The second factors to suppose; null: those that they have."""
    first: Literal["password", "passkey"] = "password"
    """What they begin with."""


class Verdict(Model):
    """One rule, as it was looked at."""

    rule: str
    """Its id,"""
    name: str
    """and name."""
    why_not: str
    """The first condition that does not hold, such as `group`; `off`; or empty: it holds."""
    decides: str
    """`level` or `age` where it is the one that decides."""


class Step(Model):
    """One step of the sign-in."""

    kind: str
    """first, session, again, prove, enrol, renew or consent."""
    kinds: tuple[str, ...]
    """The kinds of authenticators that would do."""
    postponed_until: datetime | None
    """It may be put off until then."""


class Simulation(Model):
    """What would happen."""

    outcome: Literal["in", "denied", "no_access", "unmet", "off"]
    """in; denied by a rule; no access to the application; a step that they cannot do; turned off."""
    reason: str
    """In a sentence, where they do not get in."""
    need: str
    """What is needed, such as `second`; empty: nothing."""
    own: bool
    """A second factor is asked for since the person set one up, by no rule."""
    steps: tuple[Step, ...]
    """What they would be asked, in order."""
    rules: tuple[Verdict, ...]
    """Every rule."""


class Difference(Model):
    """One value, before and after."""

    field: str
    """Its name."""
    old: Any
    """null: nothing was said."""
    new: Any
    """null: nothing is said."""


class Change(Model):
    """One change of a rule, or of their order."""

    id: str
    """What it is undone by."""
    at: datetime
    """When."""
    action: str
    """What was done, such as `rule:change`."""
    rule: str
    """The rule's id; empty: their order."""
    name: str
    """What it was called then."""
    who: str
    """Who did it, as people call them."""
    address: str
    """From where."""
    differences: tuple[Difference, ...]
    """What it changed."""
    can_undo: bool
    """Whether it can be taken back."""


class Changes(Model):
    """One page of the history."""

    items: tuple[Change, ...]
    """The latest first."""
    next: str | None
    """`cursor` of the next page; null: this is the last one."""
