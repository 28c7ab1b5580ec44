"""Look at what an export holds beside what is here; then carry it over."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Final

from clients.errors import InvalidMetadata
from clients.registry import Draft as AppDraft
from clients.registry import Registered
from idp.accounts import carrying, factors, groups, past
from idp.accounts.carrying import Carried, Passkey
from idp.accounts.factors import webauthn
from idp.accounts.person import InvalidPerson, fold, identifiers
from idp.admin import applications, service_providers
from idp.admin import groups as group_verbs
from idp.admin.actor import Actor
from idp.admin.permissions import Permission
from idp.db import Conflict
from idp.importing.found import Application, Found, Left, ServiceProvider, Someone
from idp.protocols import Services

P: Final = Permission
Show = Callable[[str, int, int], object]
Keep = Callable[[str, str], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What would be made. `known`: what is here already and is left as it is; `left`: what cannot be carried over."""

    product: str
    people: tuple[Someone, ...] = ()
    groups: tuple[str, ...] = ()
    applications: tuple[Application, ...] = ()
    service_providers: tuple[ServiceProvider, ...] = ()
    known: tuple[str, ...] = ()
    left: tuple[Left, ...] = ()


@dataclass(slots=True)
class Done:
    """What was made. `secrets`: new ones, by client id, of applications whose old one could not be carried over."""

    people: int = 0
    groups: int = 0
    applications: int = 0
    service_providers: int = 0
    secrets: dict[str, str] = field(default_factory=dict, repr=False)
    left: list[Left] = field(default_factory=list)


def look(services: Services, actor: Actor, found: Found) -> Plan:
    """Nothing is written. Errors: `NotAllowed`."""
    _check(actor)
    known: list[str] = []
    left = [*found.left]
    people = tuple(_new_people(services, found, known, left))
    applications = tuple(_new_applications(services, found, known))
    providers = tuple(one for one in found.service_providers if not _is_known(services, one, known))
    names = dict.fromkeys((*found.groups, *(name for one in people for name in one.carried.draft.groups)))
    return Plan(
        product=found.product, people=people, applications=applications, service_providers=providers,
        groups=tuple(name for name in names if groups.find(services.db, name) is None), known=tuple(known),
        left=tuple(left),
    )  # fmt: skip


def carry_out(
    services: Services, actor: Actor, plan: Plan, show: Show = lambda _part, _done, _all: None,
    keep: Keep = lambda _client, _secret: None,
) -> Done:  # fmt: skip
    """Make all of a plan, each thing whole or not at all; what went wrong is told among `left`.

    Stopped half-way, it is done again from a new plan: what is here by then is known. `keep` is given each new secret
    when it is made: nobody is told it again. Errors: `NotAllowed`; `Busy`.
    """
    _check(actor)
    done, record = Done(), actor.record(services)
    for name in plan.groups:
        with _Told(done, "group", name):
            done.groups += int(group_verbs.make(services, actor, name)[1])
    for number, someone in enumerate(plan.people, 1):
        with _Told(done, "person", someone.carried.draft.username):
            carrying.carry(services, _with_password(services, someone), record)
            done.people += 1
        show("people", number, len(plan.people))
    for app in plan.applications:
        with _Told(done, "client", app.id):
            _register(services, actor, app, done, keep)
    for provider in plan.service_providers:
        with _Told(done, "service provider", provider.entity_id):
            _register_provider(services, actor, provider)
            done.service_providers += 1
    about = {
        "product": plan.product, "people": done.people, "groups": done.groups,
        "applications": done.applications + done.service_providers, "left": len(plan.left) + len(done.left),
    }  # fmt: skip
    record(services.db, "import:done", about)
    return done


# -- looking -----------------------------------------------------------------------------------------------------------


def _check(actor: Actor) -> None:
    for permission in (P.PEOPLE_CREATE, P.GROUPS_CHANGE, P.APPS_CREATE, P.APPS_SECRETS):
        actor.check(permission)


def _new_people(services: Services, found: Found, known: list[str], left: list[Left]) -> Iterator[Someone]:
    seen: dict[str, str] = {}
    party = webauthn.relying_party(services.settings)
    for someone in found.people:
        one = someone.carried
        there = services.directory.find(one.id) if one.id else services.directory.find_by_login(one.draft.username)
        if there is not None and (one.id or fold(there.username) == fold(one.draft.username)):
            known.append(one.draft.username)
            continue
        try:
            draft = services.directory.check(one.draft, one.id)
            if not one.id and past.was_somebodys(services.db, draft.username):
                raise InvalidPerson(
                    "username", "somebody of this name was removed here; add them by hand if it is right"
                )
            _check_new(draft.username, identifiers(draft), seen)
        except InvalidPerson as error:
            left += (Left("person", one.draft.username, f"{wrong.field}: {wrong.message}") for wrong in error.problems)
            continue
        passkeys = tuple(_ours(one, party, left))
        yield replace(someone, carried=replace(one, draft=draft, passkeys=passkeys))


def _check_new(username: str, mine: dict[str, str], seen: dict[str, str]) -> None:
    for key, kind in mine.items():
        if key in seen:
            raise InvalidPerson(kind, f"“{key}” is {seen[key]}'s in this export already")
    seen.update(dict.fromkeys(mine, username))


def _ours(one: Carried, party: webauthn.RelyingParty | None, left: list[Left]) -> Iterator[Passkey]:
    """Passkeys of the domain that this installation has; a browser offers no others."""
    for passkey in one.passkeys:
        if party is None or (passkey.party and passkey.party != party.id):
            here = party.id if party is not None else "none, for the issuer is an IP address"
            why = f"is for the domain {passkey.party or 'of the other product'}, and this one is {here}"
            left.append(Left("passkey", one.draft.username, why))
        else:
            yield replace(passkey, party=party.id)


def _new_applications(services: Services, found: Found, known: list[str]) -> Iterator[Application]:
    for app in found.applications:
        if services.registry.find(app.id) is not None or services.registry.find_removed(app.id) is not None:
            known.append(app.id)
        else:
            yield app


def _is_known(services: Services, provider: ServiceProvider, known: list[str]) -> bool:
    there = services.registry.find_entity(provider.entity_id) is not None
    if there:
        known.append(provider.entity_id)
    return there


# -- carrying over -----------------------------------------------------------------------------------------------------


class _Told:
    """What goes wrong with one thing is told, and the next one is taken."""

    def __init__(self, done: Done, kind: str, name: str) -> None:
        self._done, self._kind, self._name = done, kind, name

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: Any, error: BaseException | None, _trace: Any) -> bool:
        why = _why(error)
        if why:
            self._done.left.append(Left(self._kind, self._name, why))
        return bool(why)


def _why(error: BaseException | None) -> str:
    from idp.saml.metadata.lexical import BadMetadata

    if isinstance(error, InvalidPerson):
        return "; ".join(f"{one.field}: {one.message}" for one in error.problems)
    if isinstance(error, InvalidMetadata):
        return "; ".join(f"{one.field}: {one.message}" for one in error.problems)
    if isinstance(error, Conflict):
        return "a passkey of theirs, or a name, is somebody's already"
    if isinstance(error, (factors.TooMany, BadMetadata)):
        return str(error)
    if isinstance(error, ValueError):  # its text may hold what it is about
        return "cannot be read"
    return ""


def _with_password(services: Services, someone: Someone) -> Carried:
    """With a hash that can be kept: a fast one with ours around it, a readable password as one of ours."""
    if someone.fast is not None:
        wrapped = services.passwords.wrap(someone.fast.kind, someone.fast.salt, someone.fast.digest)
        return replace(someone.carried, password_hash=wrapped)
    if someone.clear is not None:
        return replace(someone.carried, password_hash=services.passwords.hash(someone.clear))
    return someone.carried


def _register(services: Services, actor: Actor, app: Application, done: Done, keep: Keep) -> None:
    made = applications.register(services, actor, AppDraft(
        id=app.id, name=app.name, profile=app.profile, metadata=app.metadata, secret=app.secret or "",
        off=not app.enabled,
    ))  # fmt: skip
    done.applications += 1
    if made.client_secret is not None and app.secret is None:
        done.secrets[made.client.id] = made.client_secret
        keep(made.client.id, made.client_secret)


def _register_provider(services: Services, actor: Actor, provider: ServiceProvider) -> Registered:
    described = service_providers.read_document(services, provider.metadata, provider.entity_id)
    draft = AppDraft(kind="saml", name=provider.name, metadata=provider.settings, off=not provider.enabled)
    return service_providers.register(services, actor, described, draft)
