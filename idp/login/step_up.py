"""What the rules ask of somebody here beyond what was shown (the step-up), gathered for `policy`, which decides."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from idp.accounts import break_glass, expiry, factors
from idp.accounts.factors import backup_codes
from idp.accounts.factors.kinds import KINDS
from idp.accounts.person import Person
from idp.accounts.recovery import resets
from idp.login import authenticators, requirements
from idp.login.authn import ADMIN_CODE, PASSWORD, amounts_to
from idp.login.browser import devices
from idp.login.browser.sessions import Session
from idp.login.flow import Flow
from idp.login.policy import NOTHING, StepUp
from idp.login.requirements import Circumstances, Need
from idp.login.services import Services
from idp.wire import Request


def of_session(services: Services, request: Request, flow: Flow, session: Session | None) -> StepUp:
    """For somebody who is signed in. No look at the store unless more is needed."""
    if session is None or not flow.demands.is_for(session.person_id):
        return NOTHING
    rules = services.rules.current()
    wishes = any(not amounts_to(session.methods, value) for value in flow.demands.preferred[:1])
    if not rules and not flow.demands.strength and not wishes and ADMIN_CODE not in session.methods:
        return NOTHING
    need = requirements.needed(rules, Circumstances(
        session.groups, flow.client_id, request.remote_address,
        lambda: devices.is_let_off(services, request, session.person_id), services.clock(), session.roles,
    ))  # fmt: skip
    if need.due:
        # Counted from the person's first day, which the session does not carry; so looked up where it matters.
        person = services.directory.find(session.person_id)
        need = needed_at(services, _place(services, request, person), flow, person) if person is not None else need
    if need != requirements.NONE and "owner" in session.roles and break_glass.find(services.db, session.person_id):
        return _in_emergency(services, session.person_id)
    return _step_up(services, need, session.person_id)


def of_person(services: Services, request: Request, flow: Flow, person: Person, methods: tuple[str, ...]) -> StepUp:
    """For somebody who has just proven a part, with what they set up themselves; by the rules of this moment."""
    services.rules.refresh()
    return of_place(services, _place(services, request, person), flow, person, methods)


def of_newcomer(services: Services, request: Request, flow: Flow) -> Need:
    """What the rules ask of somebody who has no account here yet: those that are for everybody."""
    services.rules.refresh()
    here = Circumstances((), flow.client_id, request.remote_address, lambda: False, services.clock())
    return requirements.needed(services.rules.current(), here)


@dataclass(frozen=True)
class Place:
    """From where somebody signs in, and when: what rules look at beside the person and the application.

    `is_let_off`: whether the device was let off the second step; asked only where a rule, or a setting, wants to know.
    """

    address: str
    is_let_off: Callable[[], bool]
    at: float


def _place(services: Services, request: Request, person: Person) -> Place:
    is_let_off = partial(devices.is_let_off, services, request, person.id)
    return Place(request.remote_address, is_let_off, services.clock())


def of_place(services: Services, place: Place, flow: Flow, person: Person, methods: tuple[str, ...]) -> StepUp:
    """The same for a sign-in that is only thought of."""
    if break_glass.is_one(services.db, person):
        return _in_emergency(services, person.id)
    need = needed_at(services, place, flow, person)
    due = expiry.password_due(services, person, place.at) if PASSWORD in methods else None
    is_over = bool(flow.renews) or (due is not None and due.is_over)
    if not need.level and _asks_for_own(services, place, flow, person, renews=is_over):
        need = replace(need, level=requirements.SECOND)
    return _step_up(services, need, person.id, password_expired=is_over, by_mail=_by_mail(services, person))


def needed_at(services: Services, place: Place, flow: Flow, person: Person) -> Need:
    """What the rules ask of somebody there; of a break-glass account nothing but what it takes anyway (U5)."""
    if break_glass.is_one(services.db, person):
        return EMERGENCY
    here = Circumstances(
        person.groups, flow.client_id, place.address, place.is_let_off, place.at, person.roles
    )  # fmt: skip
    return requirements.needed(services.rules.current(), here, person.created_at)


def days_off(services: Services, request: Request, flow: Flow, person: Person) -> int:
    """For how many days a device may be let off the second step here, if the person likes (T1); 0 where it may not."""
    if break_glass.is_one(services.db, person):
        return 0
    setting, rules = services.settings.factors, services.rules.current()
    here = Circumstances(
        person.groups, flow.client_id, request.remote_address, lambda: True, services.clock(), person.roles
    )  # fmt: skip
    if not setting.remember_days or requirements.needed(rules, here, person.created_at).level:
        return 0
    if setting.personal == "always" and has_own(services, person.id):
        return 0  # asked on every device, so a tick would change nothing
    is_asked = requirements.needed(rules, replace(here, is_known_device=lambda: False), person.created_at).level
    return setting.remember_days if is_asked or setting.personal == "unknown-device" else 0


def _asks_for_own(services: Services, place: Place, flow: Flow, person: Person, *, renews: bool) -> bool:
    """Whether the person set up a second factor, and it is asked for here. `renews`: the password is changed next."""
    if renews or flow.demands.max_age is not None or flow.demands.fresh_after is not None:
        return has_second(services, person)  # who must prove it anew must prove all of it
    when = services.settings.factors.personal
    if when == "never" or (when == "unknown-device" and place.is_let_off()):
        return False
    return has_own(services, person.id)


def has_own(services: Services, person_id: str) -> bool:
    """Whether the person set up a second factor, and knows.

    A passkey that their browser made without a question is asked for once there are backup codes as well (F5).
    """
    held = factors.list_of(services.db, person_id)
    if any("unasked" not in factor.data for factor in held):
        return True
    return bool(held) and backup_codes.made_at(services.db, person_id) is not None


def has_second(services: Services, person: Person) -> bool:
    """Whether a stolen password is not all of it: what the person set up, or the messages that a rule takes for it."""
    if has_own(services, person.id):
        return True
    rules, now = services.rules.current(), services.clock()
    if not any(requirements.concerns(rule, person.groups, now, person.roles) for rule in rules):
        return False
    by_mail, shown = services.settings.factors.email_is_second, authenticators.available(services, person)
    return any(
        requirements.is_met(requirements.SECOND, (PASSWORD, *shown[kind]), email_is_second=by_mail)
        for kind in shown
        if KINDS[kind].lasts
    )


def may_be_put_off(services: Services, person_id: str, need: Need, methods: tuple[str, ...]) -> bool:
    """Whether somebody who showed `methods`, less than is needed, would be let in for now: who has nothing to show.

    As `policy` decides at a sign-in: only within the time that the rule leaves, and never for who has a second factor.
    """
    if need.due <= services.clock():
        return False
    person = services.directory.find(person_id)
    if person is None:
        return False
    levels = {need.level} if requirements.is_met(requirements.SECOND, methods) else {need.level, requirements.SECOND}
    by_mail, shown = _by_mail(services, person), authenticators.available(services, person)
    return not any(
        requirements.is_met(level, (*methods, *more), email_is_second=by_mail)
        for level in levels
        for more in shown.values()
    )


def _by_mail(services: Services, person: Person) -> bool:
    """Whether a code by mail is a second step for this person here.

    Not where the password came by a message and there is something better: a mailbox would be both (ASVS 6.4.3).
    """
    if not services.settings.factors.email_is_second:
        return False
    return not (resets.is_by_message(services, person) and has_own(services, person.id))


def _step_up(
    services: Services, need: Need, person_id: str, *, password_expired: bool = False, by_mail: bool | None = None
) -> StepUp:
    def available() -> Mapping[str, tuple[str, ...]]:
        person = services.directory.find(person_id)
        return authenticators.available(services, person) if person is not None else {}

    by_mail = services.settings.factors.email_is_second if by_mail is None else by_mail
    return StepUp(need, available, authenticators.enrollable(services), by_mail, password_expired)


def _in_emergency(services: Services, person_id: str) -> StepUp:
    """Whoever has the password alone must not set up the second factor that is missing."""
    return replace(_step_up(services, EMERGENCY, person_id, by_mail=False), enrollable={})


def may_change_security(services: Services, session: Session) -> bool:
    """Whether the proof is fresh, and was made with a second factor where there is one (P7; ASVS 7.5.1)."""
    if services.clock() - session.auth_time > FRESH:
        return False
    if requirements.is_met(requirements.SECOND, session.methods):
        return True
    person = services.directory.find(session.person_id)
    if person is None or not has_second(services, person):
        return True
    # A code by mail does where somebody has nothing better and the company takes it.
    by_mail = services.settings.factors.email_is_second and not has_own(services, person.id)
    if requirements.is_met(requirements.SECOND, session.methods, email_is_second=by_mail):
        return True
    # Passkeys of a former host name cannot be shown here: to wait for them would ask for a sign-in for ever.
    proofs = [(*session.methods, *more) for more in authenticators.available(services, person).values()]
    return not any(requirements.is_met(requirements.SECOND, proof, email_is_second=by_mail) for proof in proofs)


#: What a break-glass account takes, whatever rules say of networks, devices and applications, and of old passwords: a
#: second factor of its own that works when mail and text messages do not (U5).
EMERGENCY = Need(requirements.SECOND)

FRESH = 300  # seconds since the proof that changes of mail, factors and password ask for
