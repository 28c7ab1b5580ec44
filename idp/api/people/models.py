"""People as the API has them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from idp.api.models import Line, Model, Paged, left_out

Role = Literal["owner", "admin", "app_admin", "help_desk", "auditor"]
State = Literal["paused", "disabled", "never", "invited", "no_factor", "must_reset", "role", "role_unused"]
Name = Annotated[str, StringConstraints(max_length=200)]
Login = Annotated[str, StringConstraints(min_length=1, max_length=254)]
Number = Annotated[str, StringConstraints(min_length=1, max_length=100)]
GroupName = Annotated[str, StringConstraints(min_length=1, max_length=128)]
GroupNames = Annotated[tuple[GroupName, ...], Field(max_length=500)]
Reason = Annotated[str, StringConstraints(min_length=3, max_length=400, pattern=r"\S")]


class Listed(Model):
    """A person of a list."""

    id: str
    """Their id, which is never anybody else's."""
    username: str
    """What they sign in with."""
    name: str
    """Their full name."""
    email: str | None
    """Their address."""
    groups: tuple[str, ...]
    """The groups that they are in, by name."""
    enabled: bool
    """Whether they are let in."""
    signed_in_at: datetime | None
    """When they last signed in; null: never."""
    paused_until: datetime | None
    """Until when wrong passwords or codes hold them up; null: nothing does."""
    stopped: bool
    """They wait until somebody unlocks them."""
    has_factor: bool
    """Whether they have set up anything beside a password."""


class People(Model):
    """One page of people."""

    items: tuple[Listed, ...]
    """By username."""
    next: str | None
    """`cursor` of the next page; null: this is the last one."""


class Search(Paged):
    """Which people, of those whom the caller looks after."""

    query: Annotated[str, StringConstraints(max_length=200)] = ""
    """Words, each of which stands somewhere in what is known of them, or begins their id."""
    state: State | None = None
    """Only who is paused, disabled, never signed in, invited and without a password, without a second factor, bound to
    set a new password, has a role, or has one and has not signed in for 90 days (or never, in a week)."""


class Person(Model):
    """A person."""

    id: str
    """Their id; applications know them by it (`sub`)."""
    username: str
    """What they sign in with."""
    name: str
    """Their full name."""
    email: str | None
    """Their address."""
    email_verified: bool
    """Whether it is known to be theirs."""
    employee_number: str | None
    """Signs them in as well."""
    claims: dict[str, Any]
    """What else is known of them, by the names of claims."""
    groups: tuple[str, ...]
    """The groups that they are in, by name."""
    roles: tuple[str, ...]
    """What they are here; `GET /people/{id}/roles` has the limits."""
    enabled: bool
    """Whether they are let in."""
    has_password: bool
    """Whether there is a password to sign in with."""
    signed_in_at: datetime | None
    """When they last signed in; null: never."""
    paused_until: datetime | None
    """Until when wrong passwords or codes hold them up; null: nothing does."""
    stopped: bool
    """They wait until somebody unlocks them."""
    created_at: datetime
    """When they were added."""
    changed_at: datetime
    """When this was last changed."""


class PersonalData(Model):
    """What is held of a person."""

    document: dict[str, Any]
    """Its parts and fields are described in docs/personal-data.md; `format` goes up when one changes its meaning."""


class NewPerson(Model):
    """Somebody to add. They set their password themselves, by the link of an invitation."""

    username: Login
    """What they sign in with."""
    name: Name = ""
    """Their full name."""
    email: Login | None = None
    """Their address."""
    email_verified: bool = False
    """It is known to be theirs."""
    employee_number: Number | None = None
    """Signs them in as well."""
    claims: dict[str, Any] = Field(default_factory=dict)
    """What else is known of them, by the names of claims."""
    groups: GroupNames = ()
    """Groups that there are, by name."""
    invite: bool = True
    """Mail them the link; without it, the answer has it to hand out."""
    note: Annotated[str, StringConstraints(max_length=1000)] = ""
    """Words of your own in that mail, quoted under your name; without web addresses."""


class Added(Model):
    """Somebody new."""

    person: Person
    """As they are now."""
    mailed: bool
    """An invitation is on its way to their address."""
    not_mailed: str | None
    """What keeps it from leaving."""
    password_link: str | None
    """Where they set a password, once, for 24 hours: shown in this answer alone, where no mail has it."""


class PersonPatch(Model):
    """What is to be different; what is not named stays."""

    username: Login = left_out()
    """What they sign in with."""
    name: Name = left_out()
    """Their full name."""
    email: Login | None = left_out()
    """Their address; null: none any more. A new one is not verified, unless it is said."""
    email_verified: bool = left_out()
    """Whether it is known to be theirs."""
    employee_number: Number | None = left_out()
    """Signs them in as well; null: none any more."""
    claims: dict[str, Any] = left_out()
    """By name; null takes one out."""


class Corrected(Model):
    """A person who was corrected."""

    person: Person
    """As they are now."""
    mailed: bool
    """A mail says so, where their address is another one now."""


class Membership(Model):
    """The groups of a person."""

    groups: GroupNames
    """All of them, by name; each must be there."""


class Because(Model):
    """Why something is done for somebody: it stands in the record, and they may ask."""

    reason: Reason
    """In a sentence: what happened, and how you know that it is them."""


class Mailed(Model):
    """What became of a mail."""

    mailed: bool
    """It is on its way to them."""
    not_mailed: str | None
    """What keeps it from leaving."""


class NewCode(Because):
    """A code that lets somebody in once."""

    minutes: Annotated[int, Field(ge=1, le=1440)] | None = None
    """How long it works; null: as the settings say."""


class Code(Model):
    """A code that lets somebody in once, without the code."""

    id: str
    """Its id in the record."""
    reason: str
    """Why it was issued."""
    issued_by: str
    """By whom: the id of a person or a program, or who had the shell."""
    approved_by: str | None
    """Who has agreed."""
    needs_approval: bool
    """It works when somebody else has agreed."""
    expires_at: datetime
    """Until then it works."""


class IssuedCode(Code):
    """A code that lets somebody in once."""

    code: str
    """Read it to them when you are sure who they are. It is shown in this answer alone."""


class Factor(Model):
    """An authenticator of a person; nothing secret."""

    id: str
    """Its id."""
    kind: str
    """What it is: totp, passkey, …"""
    label: str
    """What its owner calls it."""
    created_at: datetime
    """When it was set up."""
    last_used_at: datetime | None
    """When it was last used; null: never."""


class Factors(Model):
    """What somebody signs in with, beside a password."""

    items: tuple[Factor, ...]
    """All of them."""


class Session(Model):
    """Where somebody is signed in."""

    id: str
    """Its id; it opens nothing."""
    created_at: datetime
    """Since when."""
    last_seen: datetime
    """When it was last used."""
    address: str
    """From where, by address."""
    browser: str
    """On what, as the browser names itself."""
    applications: tuple[str, ...]
    """What it has signed them in to, by name."""


class Connected(Model):
    """A device whose apps stay connected without a browser, or one application that does."""

    id: str
    """Its id, by which it is ended as a session is; it opens nothing."""
    applications: tuple[str, ...]
    """Its applications, by name."""
    since: datetime
    """Since when."""
    last_used: datetime
    """When one of them last got tokens."""
    address: str
    """From where, by address."""
    browser: str
    """On what they signed in, as that browser named itself; empty where that is not known."""
    outlives_session: bool
    """Whether it stands when the session of its sign-in has ended."""


class Sessions(Model):
    """Where somebody is signed in."""

    items: tuple[Session, ...]
    """The latest first."""
    connected: tuple[Connected, ...]
    """What stays connected without a browser, the latest used first."""


class Ended(Model):
    """What ended."""

    sessions: int
    """How many sessions."""


class Told(Model):
    """An application that has to hear that somebody was turned off."""

    client_id: str
    """Which one."""
    name: str
    """Its name."""
    answer: Literal["confirmed", "waiting", "not_able"]
    """It has confirmed, has not yet, or has no way to be told."""


class Evidence(Model):
    """That somebody was turned off, and what each application said to it."""

    at: datetime
    """When."""
    by: str
    """By whom, as the record has them."""
    sessions: int
    """How many sessions ended."""
    grants: int
    """How many applications held tokens, which ended."""
    applications: tuple[Told, ...]
    """Who had to hear of it."""
    event_id: str
    """The event that proves it."""


class RoleGrant(Model):
    """A role that somebody has."""

    role: Role
    """Which one."""
    only: tuple[str, ...] | None
    """Ids of applications (app_admin) or names of groups (help_desk) that it is limited to; null: all."""
    until: datetime | None
    """When it ends by itself; null: never."""


class Roles(Model):
    """The roles that somebody has now."""

    items: tuple[RoleGrant, ...]
    """Those that ran out are left out."""


class NewGrant(Model):
    """How a role is given."""

    only: Annotated[tuple[Line, ...], Field(max_length=500)] | None = None
    """Ids of applications for app_admin, which needs some; names of groups for help_desk; null: all."""
    until: datetime | None = None
    """When it ends by itself; null: never."""


class Event(Model):
    """A change of somebody's account."""

    id: str
    """Its id in the record."""
    at: datetime
    """When."""
    action: str
    """What: `person:changed`, `factor:removed`, …"""
    actor: str
    """Who did it, as the record has them: `person:…`, `client:…`, `cli:…`."""
    address: str
    """From where."""
    request_id: str
    """The request that it was."""
    detail: dict[str, Any]
    """What was before and is after, and why; nothing secret."""
    can_undo: bool
    """Whether it can be taken back."""


class History(Model):
    """One page of changes."""

    items: tuple[Event, ...]
    """The latest first."""
    next: str | None
    """`cursor` of the next page; null: this is the last one."""
