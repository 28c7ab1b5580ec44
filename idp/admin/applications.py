"""Find applications, register them, change them: the same steps and the same warnings by every door."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any, Final, Literal

from clients.access import Access
from clients.certificate_names import NAMES
from clients.client import Client
from clients.documents.address import is_one as is_document
from clients.errors import InvalidMetadata, Problem
from clients.registry import Draft, Registered, Registry
from clients.rules import legacy_warnings
from clients.search import Found, Which, fold, matches, text_of
from clients.self_registered import kept
from clients.snapshots import Entry
from idp.admin import assertion_consumers, claim_rules, managed, programs, releasing
from idp.admin.actor import Actor
from idp.admin.permissions import Permission
from idp.audit import Event
from idp.audit.searching import Wanted, latest
from idp.db import joined
from idp.login import deliveries
from idp.login.deliveries import Try
from idp.protocols import Services
from idp.reach import find_unreachable


class Ambiguous(LookupError):
    """Several applications have this name; `ids` are theirs."""

    def __init__(self, name: str, ids: tuple[str, ...]) -> None:
        super().__init__(name)
        self.name, self.ids = name, ids


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What is to be different. `metadata`: by key, None takes one back to its default; None of the others stays.

    `edition`: of the values that were looked at before; it is refused where they are others by now.
    """

    metadata: Mapping[str, Any]
    name: str | None = None
    profile: str | None = None
    access: Access | None = None
    edition: str | None = None


def entries(services: Services, *, removed: bool = False) -> Iterator[Entry]:
    """Every application by name."""
    after = None
    while page := services.registry.list(after, 1000, removed=removed):
        yield from page
        after = page[-1].key


def search(
    services: Services, actor: Actor, query: str = "", *, which: Which | Literal["unopened"] = "all", after: str = "",
    many: int = 50,
) -> tuple[Found, ...]:  # fmt: skip
    """One page of the applications that the actor may see; `after`: the last one's `cursor`. Errors: `NotAllowed`."""
    actor.check(Permission.APPS_READ)
    mine = actor.scope(Permission.APPS_READ)
    if mine is None:
        if which == "removed":
            actor.check(Permission.APPS_REMOVE)
        if which == "unopened":
            from idp.answers import unopened  # it brings what judges traffic, which a command that lists has no use for

            among = unopened.among(services)
            return services.registry.search(query, among, after, many) if among is not None else ()
        return services.registry.search(query, which, after, many)
    found = sorted(_found_among(services, mine, query), key=lambda one: (one.rank, fold(one.name), one.id))
    unused = _unopened(services) if which == "unopened" else ()
    found = [one for one in found if which in ("all", one.kind) or (which == "off" and not one.enabled)
             or one.id in unused or (which == "everyone" and one.access.everyone)
             or (which == "self_registered" and kept.find(services.db, one.id) is not None)]  # fmt: skip
    place = next((place for place, one in enumerate(found, 1) if one.cursor == after), 0)
    return tuple(found[place : place + many])


def _unopened(services: Services) -> frozenset[str]:
    from idp.answers import unopened

    return unopened.ids(services)


def _found_among(services: Services, ids: Iterable[str], query: str) -> Iterator[Found]:
    """Of few applications, known by their ids, those that match."""
    for client in filter(None, map(services.registry.find, ids)):
        rank = matches(text_of(client.id, client.name, client.metadata), query)
        if rank is not None:
            rank = rank if fold(query) else 2
            yield Found(client.id, client.kind, client.name, client.profile, client.enabled, client.access,
                        client.changed_at, None, rank)  # fmt: skip


def find(services: Services, given: str) -> Client | None:
    """The application that somebody means, by id or by a name that only one has. Errors: `Ambiguous`."""
    found = services.registry.find(given)
    if found is None and (named := id_of(services, given)) is not None:
        found = services.registry.find(named)
    return found


def id_of(services: Services, given: str, *, removed: bool = False) -> str | None:
    """The id of the one application with this name or id. Errors: `Ambiguous`."""
    ids = tuple(entry.id for entry in entries(services, removed=removed) if given in (entry.name, entry.id))
    if len(ids) > 1:
        raise Ambiguous(given, ids)
    return ids[0] if ids else None


def find_removed(services: Services, given: str) -> Entry | None:
    """The one removed application with this id, entity ID, or name in any case. Errors: `Ambiguous`."""
    registry = services.registry
    known = registry.find_removed(given) or registry.find_removed_entity(given)
    if known is not None:
        return known
    found = [one for one in entries(services, removed=True) if one.name.casefold() == given.casefold()]
    if len(found) > 1:
        raise Ambiguous(given, tuple(one.id for one in found))
    return found[0] if found else None


def similar(services: Services, given: str, many: int = 3) -> tuple[str, ...]:
    """Names that look like this one, which no application has."""
    names = {entry.name.casefold(): entry.name for entry in entries(services)}
    near = get_close_matches(given.casefold(), names, n=many, cutoff=0.6)
    near += [key for key in names if given.casefold() in key and key not in near][: many - len(near)]
    return tuple(names[key] for key in near)


def register(services: Services, actor: Actor, draft: Draft) -> Registered:
    """Register an OpenID Connect application; its warnings say also what is not wrong with the draft alone.

    Errors: `NotAllowed`, `InvalidMetadata`.
    """
    actor.check(Permission.APPS_CREATE)
    draft = replace(draft, metadata=claim_rules.checked(services, draft.metadata, "oidc", None))
    made = services.registry.register(draft, record=actor.record(services))
    ensure_keys(services, made.client)
    more = (*unreachable(services, made.client), *namesakes(services, made.client))
    return replace(made, warnings=(*made.warnings, *more))


#: What an application proves itself by, and how well that must be done.
PROOFS: Final = frozenset(
    (
        "jwks", "jwks_uri", "token_endpoint_auth_method", "token_endpoint_auth_signing_alg", *NAMES,
        "client_assertion_audience", "allowed_origins", "request_uri_hash",
        "require_signed_requests", "signature_algorithm", "digest_algorithm", "allow_sha1", "allow_cbc",
    )
)  # fmt: skip
#: Whose word it may bring, who may pass for whom, and whose tokens it may read.
_TRUST: Final = frozenset(
    (
        "may_act",
        "may_impersonate",
        "exchange_resources",
        "assertion_issuers",
        "id_jag_audiences",
        "introspection",
        "native_sso_group",
    )
)
#: What reaches beyond the application itself: whose tokens it may get or read, and how much is asked of it.
_BEYOND: Final = _TRUST | {"resources", "profile"}
#: What the console asks a proof of the last minutes for (C3).
PROVED_AGAIN: Final = PROOFS | _TRUST


def check_change(actor: Actor, client_id: str, keys: Iterable[str]) -> None:
    """Whether the actor may change these of an application's values. Errors: `NotAllowed`, `InvalidMetadata`."""
    keys = set(keys)
    actor.check_app(Permission.APPS_CHANGE, client_id)
    if keys & PROOFS:
        actor.check_app(Permission.APPS_SECRETS, client_id)
    if actor.scope(Permission.APPS_CHANGE) is not None and keys & _BEYOND:
        message = "it reaches beyond this application: ask an admin of all of them to change it"
        raise InvalidMetadata(*(Problem(key, message) for key in sorted(keys & _BEYOND)))


def check_proofs(services: Services, actor: Actor, client_id: str, keys: Iterable[str]) -> None:
    """Who may say by what a program with a role proves itself, or what it may ask for, can be it (C2).

    Errors: `NotAllowed`.
    """
    programs.check_rank(services, actor, client_id, Permission.APPS_SECRETS, keys)


def update(services: Services, actor: Actor, client: Client, change: Change) -> tuple[Client, tuple[str, ...]]:
    """Change an application; answers it as it is now, with warnings.

    Errors: `NotAllowed`, `InvalidMetadata`, also for what reaches beyond an actor's part or what it would be told
    of people by another's decision, `UnknownClient`,
    `ManagedByFile`, `ChangedMeanwhile` where the change has an edition.
    """
    check_change(actor, client.id, (*change.metadata, *(("profile",) if change.profile is not None else ())))
    check_proofs(services, actor, client.id, (*change.metadata, *(("profile",) if change.profile is not None else ())))
    managed.guard(services, "application", client.id)
    metadata: Mapping[str, Any] = claim_rules.checked(
        services, change.metadata, client.kind, client.metadata.get("scope")
    )
    if client.saml is not None:
        from idp.saml.assertions.attribute_sources import with_sources_checked

        metadata = with_sources_checked(services, metadata)  # what only a look at the people can tell
        metadata = assertion_consumers.with_facts(services, client, metadata)
    releasing.check(services, actor, client.id, metadata, profile=change.profile)
    client = services.registry.update(
        client.id, metadata, name=change.name, profile=change.profile, access=change.access, edition=change.edition,
        record=actor.record(services),
    )  # fmt: skip
    ensure_keys(services, client)
    legacy = legacy_warnings(client.metadata) if "response_types" in change.metadata else ()
    return client, (*legacy, *unreachable(services, client), *(namesakes(services, client) if change.name else ()))


def turn_off(services: Services, actor: Actor, client: Client) -> Client:
    """Nobody opens it any more, and its tokens end. Errors: `NotAllowed`, `ManagedByFile`, `UnknownClient`."""
    actor.check_app(Permission.APPS_CHANGE, client.id)
    managed.guard(services, "application", client.id)
    return services.registry.disable(client.id, record=actor.record(services))


def turn_on(services: Services, actor: Actor, client: Client) -> Client:
    """It may be opened again. Errors: `NotAllowed`, `ManagedByFile`, `InvalidMetadata` where it is not finished."""
    actor.check_app(Permission.APPS_CHANGE, client.id)
    programs.check_rank(services, actor, client.id, Permission.APPS_CHANGE)
    managed.guard(services, "application", client.id)
    return services.registry.enable(client.id, record=actor.record(services))


def remove(services: Services, actor: Actor, client: Client) -> None:
    """Take it away; for 30 days it can be brought back (R7). Errors: `NotAllowed`, `ManagedByFile`, `UnknownClient`."""
    actor.check_app(Permission.APPS_REMOVE, client.id)
    managed.guard(services, "application", client.id)
    if not is_document(client.id):
        services.registry.remove(client.id, record=actor.record(services))
        return
    from idp.login import consent  # listing applications needs no sign-in and no protocol
    from idp.oidc.client_documents import guests

    with services.db.transaction() as tx:  # turned off, or the next person's yes would bring it back
        registry = Registry(joined(tx), services.clock, allow_loopback=services.registry.allow_loopback)
        registry.disable(client.id, record=actor.record(services))
        registry.remove(client.id, record=actor.record(services))
        consent.forget_application(tx, client.id)
    services.registry.refresh()
    guests.forget(services, client.id)


def restore(services: Services, actor: Actor, client_id: str) -> Client:
    """Bring a removed one back; one that is known by a document, turned off.

    Errors: `NotAllowed`, `ManagedByFile`, `UnknownClient`.
    """
    actor.check_app(Permission.APPS_REMOVE, client_id)
    programs.check_rank(services, actor, client_id, Permission.APPS_REMOVE)
    managed.guard(services, "application", client_id)
    return services.registry.restore(client_id, record=actor.record(services))


def add_secret(services: Services, actor: Actor, client: Client, keep: float) -> str:
    """A new secret, shown this once; the old ones work for `keep` seconds more (R6).

    Errors: `NotAllowed`, `InvalidMetadata`, also where the application takes none.
    """
    actor.check_app(Permission.APPS_SECRETS, client.id)
    programs.check_rank(services, actor, client.id, Permission.APPS_SECRETS)
    return services.registry.add_secret(client.id, keep, record=actor.record(services))


def end_secret(services: Services, actor: Actor, client: Client, secret_id: str) -> None:
    """A secret is none any more, at once. Errors: `NotAllowed`, `InvalidMetadata` for the last one."""
    actor.check_app(Permission.APPS_SECRETS, client.id)
    programs.check_rank(services, actor, client.id, Permission.APPS_SECRETS)
    services.registry.end_secret(client.id, secret_id, record=actor.record(services))


def ensure_keys(services: Services, client: Client) -> None:
    """Every algorithm that we sign with for an application has a key from now on, not from its first sign-in on."""
    from keys.algorithms import ALGORITHMS

    asked = {str(value) for key, value in client.metadata.items() if key.endswith("_signed_response_alg")}
    services.ring.ensure(sorted(asked & ALGORITHMS.keys()))


def unreachable(services: Services, client: Client) -> tuple[str, ...]:
    """A sentence for each address that we would call by ourselves and cannot."""
    return tuple(map(str, find_unreachable(services, client)))


def namesakes(services: Services, client: Client) -> tuple[str, ...]:
    """People cannot tell applications of one name apart, and mostly it was a command that ran twice."""
    ids = ", ".join(entry.id for entry in services.registry.namesakes(client.name, but=client.id))
    told = f"another application is called “{client.name}” already: {ids}. Rename or remove one of them"
    return (told,) if ids else ()


def sign_outs(services: Services, actor: Actor, client: Client, many: int = 10) -> list[list[Try]]:
    """The latest messages that told it of a sign-out, each with its tries, the latest first (R6).

    Errors: `NotAllowed`.
    """
    actor.check_app(Permission.APPS_READ, client.id)
    return deliveries.of_client(services.db, client.id, many)


def failures(services: Services, client: Client, many: int = 5) -> list[Event]:
    """What went wrong lately, each with the id that `audit.explain` knows."""
    return latest(services.db, Wanted(client_id=client.id, failed=True), many)
