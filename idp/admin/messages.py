"""How messages leave for people, which of them did not, and a test that goes the way that all of them go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from idp.admin.actor import Actor
from idp.admin.permissions import Permission
from idp.audit import Event
from idp.audit.searching import Wanted, latest
from idp.jobs import Job
from idp.mail import delivery, outbox, sms
from idp.mail.masks import masked_address, masked_number
from idp.protocols import Services

KINDS: Final[Mapping[str, str]] = {"mail": delivery.JOB, "sms": delivery.SMS_JOB}


class CannotLeave(Exception):
    """Nothing sends there. `section`, `key`: of the setting that is missing."""

    def __init__(self, section: str, key: str) -> None:
        super().__init__(f"nothing sends there: set {section}.{key} in the settings")
        self.section, self.key = section, key


class NoSuchMessage(LookupError):
    """No message with this id was given up."""


@dataclass(frozen=True, slots=True)
class Ways:
    """How messages leave: `mail` and `sms` name the server, and are '' where there is none.

    `outbox`: they are kept on this development machine, and reach nobody.
    """

    mail: str
    sender: str
    sms: str
    outbox: bool


def ways(services: Services, actor: Actor) -> Ways:
    """Errors: `NotAllowed`."""
    actor.check(Permission.MESSAGES_READ)
    mail, text = services.settings.mail, services.settings.sms
    place = f"{mail.host}:{mail.port} ({mail.tls})" if mail.host else ""
    return Ways(place, mail.sender, text.sender if sms.is_ready(services) else "", outbox.is_used(services.settings))


def recent(
    services: Services, actor: Actor, kind: str, *, failed: bool = False, many: int = 50, before: str = ""
) -> list[Event]:
    """The latest that left or did not, of `mail` or `sms`, the latest first; `before`: an event to begin behind.

    Errors: `NotAllowed`.
    """
    actor.check(Permission.MESSAGES_READ)
    wanted = Wanted(action=f"{kind}:failed" if failed else f"{kind}:*")
    return list(reversed(latest(services.db, wanted, many, before)))


def queued(services: Services, actor: Actor) -> tuple[list[Job], list[Job]]:
    """Those that wait for their turn or their next try, and those that were given up. Errors: `NotAllowed`."""
    actor.check(Permission.MESSAGES_READ)
    jobs = [job for job in services.jobs.pending() if job.name in KINDS.values()]
    return [job for job in jobs if job.state != "failed"], [job for job in jobs if job.state == "failed"]


def put_aside(services: Services, actor: Actor, job_id: str) -> None:
    """Forget one that was given up, so that nobody is reminded of it. Errors: `NotAllowed`, `NoSuchMessage`."""
    actor.check(Permission.MESSAGES_CHANGE)
    job = next((one for one in queued(services, actor)[1] if one.id == job_id), None)
    if job is None:
        raise NoSuchMessage(job_id)
    with services.db.transaction() as tx:
        actor.record(services)(tx, f"{job.name}:put_aside", {"job": job.id, "reason": job.error, "tries": job.tries})
    services.jobs.forget(job_id)


def send_test(services: Services, actor: Actor, to: str, locale: str) -> None:
    """Queue a test message to an address, or to a number that begins with +. What became of it is among `recent`.

    Errors: `NotAllowed`, `CannotLeave`.
    """
    actor.check(Permission.MESSAGES_CHANGE)
    is_number = to.startswith("+")
    if not (sms.is_ready(services) if is_number else delivery.is_ready(services)):
        raise CannotLeave(*(("sms", "sender") if is_number else ("mail", "host")))
    job = delivery.SMS_JOB if is_number else delivery.JOB
    with services.db.transaction() as tx:
        masked = masked_number(to) if is_number else masked_address(to)
        actor.record(services)(tx, f"{job}:tested", {"to": masked})
        delivery.queue(services, delivery.Sent(to, "test", job=job), locale, {}, tx=tx)
