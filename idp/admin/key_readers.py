"""Who has the new key: each application that is signed for with it, and how sure that is (K2).

An application is known by its client authentication where it shows that when it fetches; else by the addresses that
its own requests came from: a guess, which several at one address share.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from clients.client import Client
from clients.offered import AUTH_METHODS
from idp import readers
from idp.admin.actor import Actor
from idp.admin.permissions import Permission
from idp.protocols import Services
from idp.readers import ITSELF, JWKS, METADATA, Readers, Seen
from idp.saml import provider_keys
from keys.certificates.ring import SLOT

#: It fetched the key; an admin says that it has it; it or another one at its address did; it fetched before alone;
#: it has to be told by hand; nobody can know.
SEEN, TOLD, PERHAPS, MISSING, BY_HAND, UNKNOWN = "seen", "told", "perhaps", "missing", "by_hand", "unknown"
STATES: Final = (MISSING, BY_HAND, PERHAPS, UNKNOWN, SEEN, TOLD)  # those that need somebody first


@dataclass(frozen=True, slots=True)
class Key:
    """A signing key or certificate. `slot`: an algorithm, or `certificate:` and its kind; `since`: when published."""

    kid: str
    slot: str
    state: str
    since: float

    @property
    def document(self) -> str:
        """What it is published in."""
        return METADATA if self.slot.startswith(SLOT) else JWKS


@dataclass(frozen=True, slots=True)
class Reader:
    """An application, and what is known of it. `at`: its last fetch, None: none is known, or when it was `TOLD`.

    `why`: what makes it so, `itself`, `address`, `shared`, `before`, `never`, `devices`, `no_address`, `no_fetch`,
    `said`. `places`: the addresses that this was judged by; `beside`: the other applications that come from there.
    `pinned`: the kid that it is signed for with.
    """

    client_id: str
    name: str
    state: str
    why: str
    at: float | None = None
    places: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    pinned: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """Everybody who is signed for with a key's kind. `strangers`: other addresses that fetched it."""

    key: Key
    readers: tuple[Reader, ...]
    strangers: int = 0

    @property
    def counts(self) -> Mapping[str, int]:
        """How many are in which state."""
        found = Counter(one.state for one in self.readers)
        return {state: found[state] for state in STATES}

    @property
    def without(self) -> tuple[Reader, ...]:
        """Those who would refuse what it signs, as far as is known: pinned ones are not signed for with it."""
        return tuple(one for one in self.readers if one.state in (MISSING, BY_HAND) and not self._is_pinned(one))

    def _is_pinned(self, one: Reader) -> bool:
        return bool(one.pinned) and one.pinned != self.key.kid


def keys_of(services: Services) -> list[Key]:
    """Everything that signs, or has, or will, and is published."""
    found = [
        Key(key.kid, key.alg, key.state, key.published_at)
        for key in services.ring.list_keys()
        if key.state in ("next", "active", "retiring")
    ]
    certificates = [one for one in services.certificates.everything() if one.use == "signing"]
    return [*found, *(Key(one.kid, SLOT + one.kind, one.state, one.created_at) for one in certificates)]


def reports(services: Services, actor: Actor, keys: Iterable[Key] | None = None) -> list[Report]:
    """Who has seen each of these keys, or all. Errors: `NotAllowed`."""
    actor.check(Permission.KEYS_READ)
    return made(services, keys)


def made(services: Services, keys: Iterable[Key] | None = None) -> list[Report]:
    """The same for work of our own, which no actor asks for."""
    wanted = list(keys_of(services) if keys is None else keys)
    if not wanted:
        return []
    services.part(Readers).flush(services.db)
    return services.part(_Last).get(services, wanted, readers.find_seen(services.db))


def _made(services: Services, wanted: list[Key], seen: Seen, clients: tuple[_Client, ...]) -> list[Report]:
    by_slot: dict[str, list[_Known]] = {}
    names: dict[str, str] = {}
    slots = {key.slot for key in wanted}
    pins = {(pin.holder, pin.slot): pin.kid for pin in (*services.ring.pins(), *services.certificates.pins())}
    for client in clients:
        names[client.id] = client.name
        for slot, holder in client.slots:
            if slot in slots:
                by_slot.setdefault(slot, []).append(_known(client, slot, seen, pins.get((holder, slot), "")))
    users = {place: clients & names.keys() for place, clients in seen.users_of().items()}
    return [_report(key, by_slot.get(key.slot, ()), seen, users, names) for key in wanted]


def report_of(services: Services, actor: Actor, kid: str) -> Report | None:
    """Who has seen this key; None where there is none of that id. Errors: `NotAllowed`."""
    actor.check(Permission.KEYS_READ)
    return next(iter(made(services, [key for key in keys_of(services) if key.kid == kid])), None)


def holder_of(client: Client, slot: str) -> str:
    """What a pin of this client is kept under."""
    return client.saml.entity_id if slot.startswith(SLOT) and client.saml is not None else client.id


def slots_of(services: Services, client: Client) -> Iterator[str]:
    """Which kinds of keys sign for a client: none for one that gets nothing that is signed."""
    if client.saml is not None:
        yield SLOT + provider_keys.kind_for(services, client.saml)
    elif "authorization_code" in client.oidc.grant_types or client.oidc.access_token_format != "opaque":
        yield client.oidc.jwt_alg
        if client.oidc.userinfo_signed_response_alg not in ("", None, client.oidc.id_token_signed_response_alg):
            yield str(client.oidc.userinfo_signed_response_alg)


# -- below -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Client:
    """What of a client matters here. `slots`: each kind of key that signs for it, and what its pin is kept under."""

    id: str
    name: str
    is_saml: bool
    is_public: bool
    slots: tuple[tuple[str, str], ...]


class _SignedFor:
    """Every client that is turned on, made anew where the registry has changed: of ten thousand it takes a second."""

    def __init__(self) -> None:
        self._kept: tuple[int, tuple[_Client, ...]] | None = None

    def get(self, services: Services) -> tuple[_Client, ...]:
        services.registry.refresh()
        kept, version = self._kept, services.registry.version
        if kept is None or kept[0] != version:
            found = (_client(services, client) for client in services.registry.every() if client.enabled)
            self._kept = kept = version, tuple(found)
        return kept[1]


class _Last:
    """The reports that were made last: as long as nothing they are made of is another, they are not made again."""

    def __init__(self) -> None:
        self._kept: tuple[tuple[Any, ...], list[Report]] | None = None

    def get(self, services: Services, wanted: list[Key], seen: Seen) -> list[Report]:
        clients = services.part(_SignedFor).get(services)
        pins = (tuple(services.ring.pins()), tuple(services.certificates.pins()))
        of, kept = (clients, tuple(wanted), seen, pins), self._kept
        if kept is None or kept[0] != of:
            self._kept = kept = of, _made(services, wanted, seen, clients)
        return list(kept[1])


def _client(services: Services, client: Client) -> _Client:
    is_public = client.saml is None and all(AUTH_METHODS[name].public for name in client.oidc.auth_methods)
    slots = tuple((slot, holder_of(client, slot)) for slot in slots_of(services, client))
    return _Client(client.id, client.name, client.saml is not None, is_public, slots)


@dataclass(frozen=True, slots=True)
class _Known:
    """A client as far as no single key matters. `fetched`: its own fetch, and those from its addresses."""

    client: _Client
    itself: float | None
    fetched: Mapping[str, float]
    has_come: bool
    pinned: str


def _known(client: _Client, slot: str, seen: Seen, pinned: str) -> _Known:
    document = METADATA if slot.startswith(SLOT) else JWKS
    places = seen.came.get(client.id, {})
    fetched = {place: at for place in places if (at := seen.fetched.get((document, place))) is not None}
    return _Known(client, seen.fetched.get((document, ITSELF + client.id)), fetched, bool(places), pinned)


def _report(
    key: Key, known: Iterable[_Known], seen: Seen, users: Mapping[str, frozenset[str]], names: Mapping[str, str]
) -> Report:
    found = []
    for one in known:
        told_at = seen.told.get((one.client.id, key.kid))
        found.append(_judged(key, one, told_at, users, names))
    strangers = sum(
        1
        for (document, reader), at in seen.fetched.items()
        if document == key.document and at >= key.since and not reader.startswith(ITSELF) and not users.get(reader)
    )
    order = {state: place for place, state in enumerate(STATES)}
    return Report(key, tuple(sorted(found, key=lambda one: (order[one.state], one.name.casefold()))), strangers)


def _judged(
    key: Key, one: _Known, told_at: float | None, users: Mapping[str, frozenset[str]], names: Mapping[str, str]
) -> Reader:
    if one.itself is None and not one.fetched and told_at is None:
        return _silent(one)

    def is_(state: str, why: str, at: float | None = None, place: str = "") -> Reader:
        beside = tuple(sorted(names[id] for id in users.get(place, ()) if id != one.client.id))
        return Reader(one.client.id, one.client.name, state, why, at, (place,) if place else (), beside, one.pinned)

    if one.itself is not None and one.itself >= key.since:
        return is_(SEEN, "itself", one.itself)
    since = {place: at for place, at in one.fetched.items() if at >= key.since}
    own = [place for place in since if len(users.get(place, ())) <= 1]
    if own:
        place = max(own, key=lambda place: since[place])
        return is_(SEEN, "address", since[place], place)
    if told_at is not None:
        return is_(TOLD, "said", told_at)
    if since:
        place = max(since, key=lambda place: since[place])
        return is_(PERHAPS, "shared", since[place], place)
    return is_(MISSING, "before", max((*one.fetched.values(), *([one.itself] if one.itself is not None else []))))


def _silent(one: _Known) -> Reader:
    """Somebody who fetched nothing that is known of, and of whom nothing was said: most of very many."""
    if one.client.is_saml:
        state, why = BY_HAND, "no_fetch"
    elif one.client.is_public:
        state, why = UNKNOWN, "devices"
    else:
        state, why = (MISSING, "never") if one.has_come else (UNKNOWN, "no_address")
    return Reader(one.client.id, one.client.name, state, why, None, (), (), one.pinned)
