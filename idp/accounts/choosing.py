"""What a new password must be: long enough for what else the person signs in with, and none that they had (P2, P3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from idp import language, mail
from idp.accounts import history
from idp.accounts.device_text import describe
from idp.accounts.person import Person
from idp.accounts.places import describe as describe_place
from idp.accounts.policy import Policy
from idp.accounts.sign_in_rules.rule import PHISHING_RESISTANT, SECOND, Rule, is_about, starts_at
from idp.texts import N_

if TYPE_CHECKING:
    from idp.accounts.services import Services
    from idp.db import Transaction
    from idp.wire import Request

MISMATCH = N_("The two passwords differ. Type the same one twice.")
USED = N_("You had this password before. Choose a new one.")
MAX_APPS = 500  # whose names count as easy to guess
_DAY = 86400.0


def policy_for(services: Services, person: Person) -> Policy:
    """The rules for this person's next password."""
    policy = services.password_policy
    names = tuple(services.app_names(MAX_APPS))
    shortest = min(policy.min_length, services.settings.passwords.min_length_with_second)
    length = shortest if always_needs_second(services, person) else policy.min_length
    return policy.fitted(length, names)


def problems(services: Services, person: Person, password: str, confirm: str) -> list[str]:
    """Why this new password is not taken, in words for the person; empty where it is. Errors: `Busy`.

    Every page where somebody chooses one asks here, so here a password that nobody chooses is refused, too (U5).
    """
    fixed = services.directory.fixed(person)
    if fixed:
        return fixed
    if password != confirm:
        return [MISMATCH]
    found = policy_for(services, person).problems(password, person)
    return found or ([USED] if history.is_reused(services, person, password) else [])


def always_needs_second(services: Services, person: Person) -> bool:
    """Whether a rule asks this person for a second factor at every sign-in, wherever and for whatever (P2).

    A code by e-mail makes no password shorter: it proves no possession (NIST SP 800-63B-4 §3.1.3.1).
    """
    if services.settings.factors.email_is_second:
        return False
    return any(_always_holds(services, rule, person) for rule in services.rules.current())


def _always_holds(services: Services, rule: Rule, person: Person) -> bool:
    if rule.apps or rule.networks or rule.outside or rule.device != "any":
        return False
    if rule.need not in (SECOND, PHISHING_RESISTANT):
        return False
    if not is_about(rule, person.groups, person.roles):
        return False
    begins = starts_at(rule)
    grace = max(begins, person.created_at) + rule.grace_days * _DAY if rule.grace_days else begins
    return services.clock() >= grace


def tell(services: Services, request: Request, tx: Transaction, person: Person) -> None:
    """Mail the person that the password is a new one (A5), in the transaction that makes it so."""
    page = language.of_page(services, request)
    about = {
        "time": services.clock(), "device": describe(request.user_agent),
        "place": describe_place(services, request.remote_address, language.of_person(services, person.claims, page)),
    }  # fmt: skip
    mail.tell(services, person, "password_changed", about, page=page, tx=tx)
