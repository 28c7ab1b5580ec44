"""Whose account here an account there is: linked before, joined by an address, made anew, or proven once (I6)."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any, Final

from idp import audit, language, mail
from idp.accounts import break_glass
from idp.accounts.factors.kinds import UPSTREAM
from idp.accounts.person import Draft, InvalidPerson, Person, fold
from idp.audit import Recorder, conversation_of
from idp.db import Database, joined
from idp.federation import links, mapping
from idp.federation.links import Link, LinkedOtherwise
from idp.federation.ports import Identity
from idp.federation.provider import Provider
from idp.ids import digest
from idp.login.recording import circumstances
from idp.protocols import Services
from idp.wire import Request

PENDING: Final = 900.0  # seconds that an account waits for its person to prove the one here
_UNUSABLE: Final = re.compile(r"[^\w.@+-]+")


#: Whether a sign-in can be this person's, by their id; '' for somebody who has no account yet.
MayBe = Callable[[str], bool]


class NotMeant(Exception):
    """Whoever came has no account here, and the sign-in is for somebody who has one."""


def anybody(_person_id: str) -> bool:
    """Of a sign-in that is for whoever comes."""
    return True


def find_person(
    services: Services, request: Request, provider: Provider, identity: Identity, may_be: MayBe = anybody
) -> Person | None:
    """Who it is here: by the link, else by what the provider's rule allows; None where they must prove it once.

    Nobody is linked, and no account is made, in a sign-in that an application wants somebody else for.
    Errors: `NotMeant`.
    """
    link = links.find(services.db, provider.id, identity.subject)
    if link is not None:
        return services.directory.find(link.person_id)
    person = by_address(services, provider, identity)
    if person is not None and not may_be(person.id):
        return person
    if person is not None:
        try:
            connect(services, request, provider, identity, person, _recorder(services, request, provider, person.id))
        except LinkedOtherwise:  # two windows at once
            again = links.find(services.db, provider.id, identity.subject)
            return services.directory.find(again.person_id) if again is not None else None
        return person
    if not provider.create:
        return None
    return make(services, provider, identity, lambda who: _recorder(services, request, provider, who), may_be)


def by_address(services: Services, provider: Provider, identity: Identity) -> Person | None:
    """Never by an address alone: an owner declared the provider for its domain, it states it as verified, and so do we.

    Whoever has rights here proves them once, whatever somebody else says of an address.
    """
    email, verified = mapping.trusted_email(provider, identity)
    person = services.directory.find_by_login(email) if provider.join and verified else None
    if person is None or not person.email or fold(person.email) != fold(email) or not person.email_verified:
        return None
    return None if person.roles or break_glass.is_one(services.db, person) else person


def make(
    services: Services, provider: Provider, identity: Identity, record_of: Callable[[str], Recorder],
    may_be: MayBe = anybody,
) -> Person | None:  # fmt: skip
    """A new person; None where somebody here has the name or the address already: it may be theirs, or another's.

    Errors: `NotMeant`, and nobody is made.
    """
    try:
        with services.db.transaction() as tx:
            made = make_within(services, joined(tx), provider, identity, record_of)
            if made is not None and not may_be(""):
                raise NotMeant
            return made
    except LinkedOtherwise:  # two windows at once: the other one has just made them
        again = links.find(services.db, provider.id, identity.subject)
        return services.directory.find(again.person_id) if again is not None else None
    except InvalidPerson as error:
        services.log.warning("upstream_person_not_made", provider=provider.id, reason=str(error))
        return None


def make_within(
    services: Services, db: Database, provider: Provider, identity: Identity, record_of: Callable[[str], Recorder]
) -> Person | None:
    """The same in a transaction that stands open. Errors, which end it: `LinkedOtherwise`, `InvalidPerson`."""
    people = services.directory.within(db)
    found = mapping.mapped(provider, identity, is_new=True)
    email, verified = mapping.trusted_email(provider, identity)
    said = [found.values.get("username", ""), mapping.plain(str(identity.claims.get("preferred_username") or ""))]
    username = _username([*said, email], email if verified else "") or f"user.{digest(identity.subject)[:8].lower()}"
    if any(people.find_by_login(name) is not None for name in {username, identity.email, *said} if name):
        return None
    others = {name: value for name, value in found.values.items() if name not in ("username", "email", "name")}
    number = others.pop("employee_number", None)
    draft = Draft(
        username=username, email=email or None, email_verified=verified, name=found.values.get("name", ""),
        employee_number=number, claims=others,
    )  # fmt: skip
    person = people.add(draft, record=record_of(""))
    with db.transaction() as tx:
        links.add(tx, _link(services, provider, identity, person.id), record=record_of(person.id))
    return person


def _username(wanted: list[str], vouched: str) -> str:
    """The first that may be a name here; '' for none.

    Names and addresses are one space: what looks like an address would be somebody's whom nobody has asked, so it is
    the one that the provider states as verified and speaks for, or none.
    """
    names = (_UNUSABLE.sub(".", name).strip(".")[:100] for name in wanted)
    return next((name for name in names if name and ("@" not in name or fold(name) == fold(vouched))), "")


def connect(
    services: Services, request: Request, provider: Provider, identity: Identity, person: Person, record: Recorder
) -> None:
    """Link the account to somebody, who hears of one more way in (A5). Errors: `LinkedOtherwise`."""
    with services.db.transaction() as tx:
        links.add(tx, _link(services, provider, identity, person.id), record=record)
        about = {"kind": UPSTREAM, "label": provider.name, **circumstances(services, request)}
        mail.tell(services, person, "factor_added", about, page=language.of_page(services, request), tx=tx)


def take_over(services: Services, request: Request, provider: Provider, identity: Identity, person: Person) -> Person:
    """What the provider says of them now, by its table; and that the link was used."""
    link = links.find(services.db, provider.id, identity.subject)
    if link is None:
        return person
    return take_over_by(services, provider, identity, link, _recorder(services, request, provider, person.id), person)


def take_over_by(
    services: Services, provider: Provider, identity: Identity, link: Link, record: Recorder, person: Person
) -> Person:
    """The same where nobody signs in: a directory is read."""
    refused = mapping.apply(services, person, provider, identity, record)
    if refused:
        services.log.info("upstream_not_taken_over", provider=provider.id, person=person.id, fields=refused)
    said = mapping.groups_of(provider, identity)
    groups = mapping.regroup(services, person, provider, link, said, record)
    now = replace(link, label=identity.label, groups=groups, used_at=services.clock())
    with services.db.transaction() as tx:
        links.used(tx, now)
    return services.directory.get(person.id)


# -- whoever must prove the account that they have --------------------------------------------------------------------


def put_aside(services: Services, provider: Provider, identity: Identity) -> str:
    """The account waits for whoever signs in here in this conversation; answers its name there."""
    name = secrets.token_urlsafe(24)
    kept = asdict(replace(identity, claims={}, there=None, missing=frozenset()))
    kept |= {"claims": dict(identity.claims), "missing": sorted(identity.missing), "provider": provider.id}
    services.state.put("upstream:linking:" + name, kept, PENDING)
    return name


def take_aside(services: Services, name: str) -> tuple[str, Identity] | None:
    """The provider's id and the account that waited; None where it took too long."""
    kept: Any = services.state.take("upstream:linking:" + name)
    if not isinstance(kept, dict):
        return None
    provider_id = kept.pop("provider")
    return provider_id, Identity(**{**kept, "values": tuple(kept["values"]), "missing": frozenset(kept["missing"])})


def _link(services: Services, provider: Provider, identity: Identity, person_id: str) -> Link:
    now = services.clock()
    return Link(provider.id, identity.subject, person_id, identity.label, (), now, now)


def _recorder(services: Services, request: Request, provider: Provider, person_id: str) -> Recorder:
    return audit.recorder(
        services.clock, links.giver(provider.id), person_id=person_id or None, address=request.remote_address,
        request_id=request.id, also={"provider": provider.name, **conversation_of(request)},
    )  # fmt: skip
