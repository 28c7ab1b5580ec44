"""Giving up an authenticator, but never the last way in, nor what the company's rules ask for (F10)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from idp.accounts import break_glass, factors
from idp.accounts.factors import Enrolled, backup_codes, kinds
from idp.accounts.person import Person
from idp.audit import Recorder
from idp.db import Transaction
from idp.login import authenticators, requirements
from idp.login.authn import PASSWORD, is_multi_factor
from idp.login.services import Services
from idp.texts import N_

LAST_WAY_IN = N_(
    "This is the only way into the account, which has no password. Add another passkey first, then remove this one."
)


@dataclass(frozen=True, slots=True)
class Removal:
    """What was removed, or why it was not. Both None: there is no such authenticator."""

    removed: Enrolled | None = None
    refused: str | None = None


def remove(
    services: Services, person: Person, factor_id: str, record: Recorder,
    told: Callable[[Transaction, Enrolled], object] | None = None,
) -> Removal:  # fmt: skip
    """Remove one; of two removals that race, the second one counts what the first has left.

    `told`: queues the mail about it, in the same transaction.
    """
    others = _other_ways(services, person)
    with services.db.transaction() as tx:
        held = factors.list_of(tx, person.id, lock=True)
        factor = next((one for one in held if one.id == factor_id), None)
        if factor is None:
            return Removal()
        refused = _refusal(services, person, held, factor, others)
        if refused is not None:
            return Removal(refused=refused)
        factors.remove(tx, person.id, factor.id)
        if len(held) == 1 and not break_glass.is_one(tx, person):
            backup_codes.drop(tx, person.id)
        detail = {"person_id": person.id, "factor": factor.id, "kind": factor.kind, "label": factor.label}
        record(tx, "factor:removed", detail)
        if told is not None:
            told(tx, factor)
    return Removal(removed=factor)


def check_removable(services: Services, person: Person, factor: Enrolled) -> str | None:
    """Why it must stay, for people; None where it may go."""
    held = factors.list_of(services.db, person.id)
    return _refusal(services, person, held, factor, _other_ways(services, person))


def _refusal(
    services: Services, person: Person, held: Iterable[Enrolled], factor: Enrolled, others: tuple[tuple[str, ...], ...]
) -> str | None:
    working = [one for one in held if kinds.works(services.settings, one)]
    proofs = [_proof(one) for one in working]
    left = [_proof(one) for one in working if one.id != factor.id]
    if not person.has_password and any(map(_opens_alone, proofs)) and not any(map(_opens_alone, left)):
        return LAST_WAY_IN
    level = _needed(services, person)
    if not level or not _meets(services, level, (*proofs, *others)) or _meets(services, level, (*left, *others)):
        return None
    return N_(
        "%(company)s asks for a second step, and this is the only one that does. Add another first, then remove this.",
        company=services.settings.brand.company,
    )


def _needed(services: Services, person: Person) -> str:
    """The strongest that the rules ask of this person anywhere."""
    now = services.clock()
    levels = [
        rule.need for rule in services.rules.current() if requirements.concerns(rule, person.groups, now, person.roles)
    ]
    return requirements.PHISHING_RESISTANT if requirements.PHISHING_RESISTANT in levels else max(levels, default="")


def _meets(services: Services, level: str, proofs: Iterable[tuple[str, ...]]) -> bool:
    by_mail = services.settings.factors.email_is_second
    return any(requirements.is_met(level, proof, email_is_second=by_mail) for proof in proofs)


def _proof(factor: Enrolled) -> tuple[str, ...]:
    """What somebody shows who signs in with it: alone where it is enough, else after the password."""
    shown = kinds.shown_by(factor)
    return shown if is_multi_factor(shown) else (PASSWORD, *shown)


def _other_ways(services: Services, person: Person) -> tuple[tuple[str, ...], ...]:
    """What the person could show without any authenticator, from one sign-in to the next: text messages, mail."""
    if not person.has_password:
        return ()
    lasting = [row.kind for row in kinds.KINDS.values() if row.lasts and not row.enrolled]
    found = [one for one in map(authenticators.get, lasting) if one.is_ready(services, person)]
    return tuple((PASSWORD, *one.methods) for one in found)


def _opens_alone(proof: tuple[str, ...]) -> bool:
    return bool(proof) and PASSWORD not in proof
