"""Whether a person may enter an application by a grant that shows them no page: as at any other sign-in (X23)."""

from __future__ import annotations

import json
from dataclasses import dataclass

from clients.access import decide
from clients.client import Client
from idp.errors import OAuthError
from idp.login import requirements, step_up
from idp.login.requirements import Circumstances, Need
from idp.protocols import Services


@dataclass(frozen=True, slots=True)
class Proof:
    """A person, and how and when they proved who they are. `groups`, `roles`: JSON, as rows have them.

    `is_word`: another issuer says so (jwt-bearer), which is no proof here, whenever it was given.
    """

    person_id: str
    groups: str
    roles: str
    auth_time: float
    methods: tuple[str, ...]
    is_word: bool = False


def check_person(services: Services, by: Client, proof: Proof) -> None:
    """The person may use the application, and proved themselves as strongly as the rules ask there.

    Errors: `OAuthError` (RFC 8693 §2.2.2).
    """
    services.rules.refresh()
    groups, roles = tuple(json.loads(proof.groups)), tuple(json.loads(proof.roles))
    decision = decide(by, proof.person_id, groups, services.clock())
    if not decision.allowed:
        raise denied("The person may not use this application.", expected="access", got=decision.reason,
                     fix=f"Let the person open it: doorward client access {by.id}")  # fmt: skip
    # Where the person is, is not known here: whatever depends on the network or the device is asked for.
    here = Circumstances(groups, by.id, "", lambda: False, services.clock(), roles)
    need = requirements.needed(services.rules.current(), here)
    if not (_is_fresh(services, proof, need) and _is_enough(services, proof, need)):
        raise denied("The person proved themselves less than the rules ask for this application.",
                     expected=need.level or f"a proof of the last {int(need.max_age)} s", got=" ".join(proof.methods),
                     fix="Let the person sign in to it once, as the rules ask.")  # fmt: skip


def denied(description: str, *, expected: str, got: str, fix: str) -> OAuthError:
    """RFC 8693 §2.2.2: what is unacceptable by policy is an invalid request, too."""
    return OAuthError(
        "invalid_request", description, field="subject_token", expected=expected, got=got, fix=fix,
        kind="exchange_policy",
    )  # fmt: skip


def _is_fresh(services: Services, proof: Proof, need: Need) -> bool:
    return not need.max_age or (not proof.is_word and services.clock() - proof.auth_time <= need.max_age)


def _is_enough(services: Services, proof: Proof, need: Need) -> bool:
    """Whether it is strong enough, or would be let pass for now at a sign-in there."""
    by_mail = services.settings.factors.email_is_second
    if requirements.is_met(need.level, proof.methods, email_is_second=by_mail):
        return True
    return not proof.is_word and step_up.may_be_put_off(services, proof.person_id, need, proof.methods)
