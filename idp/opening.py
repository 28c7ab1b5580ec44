"""Everything that an installation has, opened: all of it for a server, for a command what it comes to use.

The half of the composition root that needs no page and no route. A command that lists people has no use for SAML, for
keys or for the job queue, and importing them would take longer than the list: so each part is made by a function that
imports what it needs, and `deferred` puts off calling it until somebody asks the part for something.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast
from urllib.parse import urlsplit

from idp import catalogue
from idp.accounts.directory import Directory
from idp.audit import Errors, Faults
from idp.audit.chain import proofs
from idp.db import Database, Transaction
from idp.protocols import Services
from keys import sealing
from keys.master import read_master_key

if TYPE_CHECKING:
    from clients.client import Client
    from clients.errors import Problem
    from clients.ports import Record
    from clients.registry import Registry
    from idp.accounts.passwords import Verifier
    from idp.accounts.policy import Policy as PasswordPolicy
    from idp.accounts.sign_in_rules import Rules
    from idp.config import Settings
    from idp.http import Outbound
    from idp.jobs import Jobs
    from idp.login.flood import Flood
    from idp.login.services import ProtocolHandler
    from idp.login.throttle import Throttle
    from idp.login.upstream import Upstream
    from idp.state import State
    from keys.rotation import Policy as KeyPolicy

HOUR, DAY = 3600.0, 86400.0
Part = TypeVar("Part")


class Deferred:
    """Stands for a part until it is asked for something; then makes it, once."""

    __slots__ = ("_made", "_make")

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make, self._made = make, None

    def __getattr__(self, name: str) -> Any:
        return getattr(_made(self), name)

    def __getitem__(self, key: Any) -> Any:
        return _made(self)[key]


def _made(part: Deferred) -> Any:
    if part._made is None:
        part._made = part._make()
    return part._made


def _at_first_use(make: Callable[[], Part]) -> Part:
    return cast(Part, Deferred(make))


def _at_once(make: Callable[[], Part]) -> Part:
    return make()


def is_open(part: Any) -> bool:
    """Whether a part has been made: one that was not needs no closing."""
    return not isinstance(part, Deferred) or part._made is not None


def create_services(settings: Settings, clock: Callable[[], float] = time.time, *, deferred: bool = False) -> Services:
    """Open everything that an initialised installation has; `deferred`: most parts at their first use.

    Errors: `ConfigError`, `BadMasterKey`, `WrongMasterKey`, `Unavailable`.
    """
    part = _at_first_use if deferred else _at_once
    log = part(lambda: _log(settings, of_command=deferred))
    db = Database(settings.database_url)
    sealer = _sealer(settings, db)
    errors = Errors(db, clock, settings.audit.errors_per_minute, log)
    state = part(lambda: _state(settings, db, sealer, clock))
    ring = part(lambda: _ring(settings, db, sealer, clock))
    registry = part(lambda: _registry(settings, db, clock, lambda: services))

    def jobs() -> Jobs:
        made = _jobs(db, clock)
        if deferred:  # the work is registered on the way to the queue: nobody else comes by
            _register(services, made)
        return made

    services = Services(
        settings=settings, db=db, state=state, sealer=sealer, ring=ring, registry=registry, errors=errors, clock=clock,
        log=log, jobs=part(jobs),
        certificates=part(lambda: _certificates(settings, db, sealer, clock)),
        directory=_directory(settings, db, sealer, clock),
        passwords=part(lambda: _verifier(settings)),
        password_policy=part(lambda: _password_policy(settings)),
        throttle=part(lambda: _throttle(settings, state, sealer)),
        flood=part(_flood),
        outbound=part(lambda: _outbound(settings)),
        faults=Faults(db, clock, errors.may_store, log, catalogue.told_as),
        notices=part(lambda: _notices(db, clock)),
        uses=part(lambda: _uses(db)),
        rules=part(lambda: _rules(settings, db, clock)),
        protocols=part(_protocols),
        upstream=part(_upstream),
        app_names=lambda most: (entry.name for entry in registry.list(limit=most)),
        probes={"keys": lambda: ring.algorithms()},
    )  # fmt: skip
    if not deferred:
        _register(services, services.jobs)
    return services


def close(services: Services) -> None:
    """Let go of what was opened."""
    if is_open(services.passwords):
        services.passwords.close()
    if is_open(services.state):
        services.state.close()
    services.db.close()


def master_key(settings: Settings) -> bytes:
    """The master key from wherever the settings say. Errors: `BadMasterKey`."""
    keys = settings.keys
    file = settings.path(keys.master_key_file) if keys.master_key_file else settings.data_dir / "master.key"
    return read_master_key(keys.master_key, file, keys.master_key_command)


def key_policy(settings: Settings) -> KeyPolicy:
    """When keys roll, from the settings; a key outlives the longest token that it may have signed."""
    from keys.rotation import Policy

    longest = max(settings.tokens.access_token, settings.tokens.id_token, int(DAY))
    return Policy(
        algs=tuple(settings.keys.algorithms),
        rotate_after=settings.keys.rotate_days * DAY,
        publish_before=settings.keys.publish_hours * HOUR,
        token_lifetime_max=float(longest),
    )


# -- the parts -------------------------------------------------------------------------------------------------------


def _log(settings: Settings, *, of_command: bool) -> Any:
    """The log. A command says itself what it found, to a person who reads the same terminal, so it has errors alone."""
    from idp import logs

    is_asked_for = settings.log.level == "debug"
    quiet = settings.log.model_copy(update={"level": "error"})
    return logs.configure(quiet if of_command and not is_asked_for else settings.log)


def _sealer(settings: Settings, db: Database) -> sealing.Sealer:
    sealer = sealing.load(db, master_key(settings))
    proofs.prove_with(db, sealer.mac_key(proofs.PURPOSE))
    return sealer


def _state(settings: Settings, db: Database, sealer: sealing.Sealer, clock: Callable[[], float]) -> State:
    from idp.state import open_state
    from idp.state.sealed import SealedState

    return SealedState(open_state(settings.storage.state_url, db, clock), sealer, clock)


def _ring(settings: Settings, db: Database, sealer: sealing.Sealer, clock: Callable[[], float]) -> Any:
    from idp import key_holders
    from keys.ring import Ring

    return Ring(db, sealer, clock, key_policy(settings), holders=key_holders.of(settings))


def _certificates(settings: Settings, db: Database, sealer: sealing.Sealer, clock: Callable[[], float]) -> Any:
    from idp import key_holders
    from keys.certificates import CertificateRing

    name = urlsplit(settings.server.issuer).hostname or ""
    return CertificateRing(db, sealer, clock, name=name, holders=key_holders.of(settings))


def _registry(settings: Settings, db: Database, clock: Callable[[], float], whole: Callable[[], Services]) -> Registry:
    from clients.registry import Registry
    from idp.config import is_loopback

    is_local = is_loopback(urlsplit(settings.server.issuer).hostname or "")
    return Registry(
        db, clock, allow_loopback=is_local, look=lambda values: _outside(whole(), values), guests=_Guests(whole)
    )  # fmt: skip


class _Guests:
    """Clients that their documents make known; the registry is made before what they need."""

    def __init__(self, services: Callable[[], Services]) -> None:
        self._services = services

    def find(self, client_id: str) -> Client | None:
        from idp.oidc.client_documents import guests

        return guests.find(self._services(), client_id)

    def settle(self, client_id: str, record: Record) -> None:
        from idp.oidc.client_documents import guests

        guests.settle(self._services(), client_id, record)


def _outside(services: Services, values: Mapping[str, Any]) -> Iterable[Problem]:
    from clients.errors import Problem
    from idp import reach
    from idp.oidc import encryption, sectors

    addresses = [name for name in (sectors.FIELD, "jwks_uri") if values.get(name)]
    slots = services.part(reach.Slots) if addresses and reach.is_stranger(values) else None
    if slots is not None and not slots.take():
        return [Problem(addresses[0], "others are read at this moment; try again in a few seconds", is_wrong=False)]
    try:
        return [*sectors.problems(services, values), *encryption.problems(services, values)]
    finally:
        if slots is not None:
            slots.give_back()


def _rules(settings: Settings, db: Database, clock: Callable[[], float]) -> Rules:
    from idp.accounts.sign_in_rules import Rules

    return Rules(db, settings.factors.rules, clock)


def _directory(settings: Settings, db: Database, sealer: sealing.Sealer, clock: Callable[[], float]) -> Directory:
    def replaced(tx: Transaction, person_id: str, old: str, now: float) -> None:
        from idp.accounts import history

        history.keep(tx, sealer, person_id, old, now, settings.passwords.history)

    def guarded(tx: Transaction, person_id: str, how: Any) -> bool:
        from idp.accounts.recovery import contacts
        from idp.federation import links

        if how != "on":
            contacts.guard(tx, person_id, "restrict" if how == "off" else how, clock())
        return how in ("on", "off") and links.decide(tx, person_id)

    from idp.accounts import pairwise

    return Directory(
        db, clock, ended=lambda tx, person_id, why: _end_all(tx, person_id, clock(), why), replaced=replaced,
        guarded=guarded, forgotten=_forget, known_as=lambda text: pairwise.read(sealer, text),
    )  # fmt: skip


def _end_all(tx: Transaction, person_id: str, now: float, why: str) -> None:
    """What a disabled account or a new password ends: every session, family of tokens and personal token, at once."""
    from idp.accounts import tokens
    from idp.login.browser import sessions
    from idp.oidc import ledger

    sessions.end_all(tx, person_id, now, why)
    ledger.revoke_person(tx, person_id, now, why)
    tokens.end_all(tx, person_id)


def _forget(tx: Transaction, person_id: str) -> None:
    """What rooms beside accounts keep of a person who is removed."""
    from idp.federation import links
    from idp.login import consent
    from idp.login.browser import elsewhere
    from idp.provisioning import keeping
    from idp.signals import keeping as signals

    keeping.forget(tx, person_id)
    signals.forget(tx, person_id)  # it asks what they have opened, so before that is forgotten
    consent.forget(tx, person_id)
    elsewhere.forget(tx, person_id)
    links.forget(tx, person_id)


def _verifier(settings: Settings) -> Verifier:
    from idp.accounts.passwords import Verifier

    passwords = settings.passwords
    return Verifier(
        threads=passwords.threads, queue=passwords.queue, memory_kib=passwords.memory_kib,
        time_cost=passwords.time_cost,
    )  # fmt: skip


def _password_policy(settings: Settings) -> PasswordPolicy:
    from idp.accounts.policy import Policy, read_blocklist

    passwords = settings.passwords
    blocklist = read_blocklist(settings.path(passwords.blocklist)) if passwords.blocklist else frozenset()
    return Policy(passwords.min_length, (settings.brand.company, "doorward"), blocklist)


def _flood() -> Flood:
    from idp.login.flood import Flood

    return Flood()


def _throttle(settings: Settings, state: State, sealer: sealing.Sealer) -> Throttle:
    from idp.login.throttle import Throttle

    throttle = settings.throttle
    return Throttle(
        state, sealer.mac_key("throttle"), failures=throttle.failures, pauses_minutes=throttle.pauses_minutes,
        max_consecutive=throttle.max_consecutive,
    )  # fmt: skip


def _outbound(settings: Settings) -> Outbound:
    from idp.http import Outbound

    ca = settings.outbound.ca
    return Outbound(settings.outbound.allow, str(settings.path(ca)) if ca else None)


def _jobs(db: Database, clock: Callable[[], float]) -> Jobs:
    from idp.jobs import Jobs

    return Jobs(db, clock)


def _register(services: Services, jobs: Jobs) -> None:
    """What each job is. `jobs` is the queue of `services`, which is being made just now where parts are deferred."""
    from dataclasses import replace

    from idp import mail
    from idp.accounts import recovery, registering
    from idp.admin import batches, planned_ends, record_checks, reviews
    from idp.admin.checking import addresses
    from idp.oidc import backchannel
    from idp.oidc.decoupled import asking
    from idp.saml.logout import propagation
    from idp.signals import pushing

    opened = replace(services, jobs=jobs)
    rooms = (
        backchannel, asking, propagation, mail, recovery, registering, batches, planned_ends, record_checks, addresses,
        reviews, pushing,
    )  # fmt: skip
    for room in rooms:
        room.register(opened)


def _notices(db: Database, clock: Callable[[], float]) -> Any:
    from idp.accounts.notices import Notices

    return Notices(db, clock)


def _uses(db: Database) -> Any:
    from idp.accounts.own.uses import Uses

    return Uses(db)


def _upstream() -> Upstream:
    from idp.federation.upstream import UPSTREAM

    return UPSTREAM


def _protocols() -> Mapping[str, ProtocolHandler]:
    from idp.admin.trial import PROTOCOL as TRIAL
    from idp.admin.trial_handler import HANDLER as TRIAL_HANDLER
    from idp.first_party import door
    from idp.oidc.authorization_request import PROTOCOL as OIDC
    from idp.oidc.decoupled.handler import HANDLER as DEVICE_HANDLER
    from idp.oidc.decoupled.handler import PROTOCOL as DEVICE
    from idp.oidc.protocol_handler import HANDLER as OIDC_HANDLER
    from idp.saml.protocol import PROTOCOL as SAML
    from idp.saml.protocol_handler import HANDLER as SAML_HANDLER

    return {
        OIDC: OIDC_HANDLER, SAML: SAML_HANDLER, door.PROTOCOL: door.DOOR, TRIAL: TRIAL_HANDLER, DEVICE: DEVICE_HANDLER,
    }  # fmt: skip
