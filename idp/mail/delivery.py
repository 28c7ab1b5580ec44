"""The job that delivers one message: by SMTP or an SMS sender, or into the outbox of a development machine."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from idp.audit import Event, record
from idp.db import Unavailable
from idp.ids import new_id
from idp.jobs import JobsUnavailable
from idp.language import lookup
from idp.mail import outbox
from idp.mail.masks import masked_address, masked_number
from idp.meters.notes import Meters
from idp.texts import Text, translate

if TYPE_CHECKING:
    from idp.accounts.services import Services
    from idp.db import Transaction

JOB = "mail"
SMS_JOB = "sms"
PURPOSE = "mail"
RETRIES = 32  # with the doubling wait, capped at an hour: one day
BEFORE_RETRY = 10.0  # seconds
LEASE = 180.0  # seconds; a server may take its time for each of the steps
DAY = 86400.0
NO_SERVER = "no mail server is set: give [mail] a host"
NO_QUEUE = "the queue could not be reached"


@dataclass(frozen=True, slots=True)
class Sent:
    """A message and whom it goes to. `to`: an address or a number, '' for nobody; `person_id`: whose it is."""

    to: str
    message: str
    person_id: str | None = None
    job: str = JOB


class Undelivered(Exception):
    """It did not leave; the queue tries again. The text names no address and nothing of the message.

    `means`: whose fault and what to do, as findings are kept; None where nobody knows.
    """

    def __init__(self, reason: str, means: Mapping[str, Any] | None = None) -> None:
        super().__init__(reason)
        self.means = means


class Rejected(Exception):
    """The other side will never take it, so there is no second try. `reason` in words for the help desk.

    `means`: as of `Undelivered`.
    """

    def __init__(self, reason: str, means: Mapping[str, Any] | None = None) -> None:
        super().__init__(reason)
        self.reason, self.means = reason, means


def register(services: Services) -> None:
    """Let the queue know how messages leave."""
    for job in (JOB, SMS_JOB):
        services.jobs.register(
            job, partial(deliver, services, job), retries=RETRIES, retry_delay=BEFORE_RETRY, lease=LEASE
        )


def is_ready(services: Services) -> bool:
    """Whether mail can leave at all: a server is set, or this is a development machine with its outbox."""
    return leaves(services) or outbox.is_used(services.settings)


def leaves(services: Services) -> bool:
    """Whether mail leaves this machine: a server is set. The outbox of a development machine reaches nobody."""
    return bool(services.settings.mail.host)


def queue(
    services: Services, sent: Sent, locale: str, values: Mapping[str, Any], *, tx: Transaction | None = None
) -> str:
    """Write a message down to be delivered; answers why it is not, '' where it is.

    `tx`: the transaction of the change that it tells of: both are there, or neither. Without one, what goes wrong is
    logged and recorded, never raised.
    """
    if sent.job == JOB and not is_ready(services):
        failed(services, sent, NO_SERVER, tx=tx)
        return NO_SERVER
    content = _content(services, sent, locale, values)
    sealed = services.sealer.seal(PURPOSE, json.dumps(content, separators=(",", ":")).encode(), sent.job.encode())
    try:
        services.jobs.enqueue(sent.job, {"id": content["id"], "sealed": sealed}, tx=tx)
    except JobsUnavailable as error:
        services.log.error("mail_not_queued", message=sent.message, reason=str(error)[:200])
        failed(services, sent, NO_QUEUE)
        return NO_QUEUE
    return ""


def send_now(services: Services, sent: Sent, locale: str, values: Mapping[str, Any] = {}) -> str:
    """Past the queue, for an admin who waits; answers what the other side said. Errors: `Rejected`, `Undelivered`."""
    content = _content(services, sent, locale, values)
    try:
        said = _leave(services, sent.job, content)
    except (Rejected, Undelivered) as problem:  # no line in the log: whoever waits reads it
        is_final = {"final": True} if isinstance(problem, Rejected) else {}
        _record(services, "failed", sent, {**_why(str(problem), problem.means), **is_final})
        raise
    _record(services, "sent", sent, {"said": said})
    return said


def _content(services: Services, sent: Sent, locale: str, values: Mapping[str, Any]) -> dict[str, Any]:
    now = services.clock()
    useful = values["minutes"] * 60.0 if "minutes" in values else DAY
    return {
        "id": new_id(now), "at": now, "until": now + useful, "to": sent.to, "message": sent.message,
        "locale": locale, "values": _said(services, locale, values), "person_id": sent.person_id,
    }  # fmt: skip


def _said(services: Services, locale: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Texts that still carry their values are written out in the reader's language: the queue keeps plain JSON."""
    language = lookup((locale,)) or services.settings.brand.language
    return {name: translate(language, value) if isinstance(value, Text) else value for name, value in values.items()}


def deliver(services: Services, job: str, payload: Mapping[str, Any]) -> None:
    """Send one queued message. Errors: `Undelivered`, so that the queue tries again."""
    content = json.loads(services.sealer.open(PURPOSE, payload["sealed"], job.encode()))
    id, sent = content["id"], Sent(content["to"], content["message"], content["person_id"], job)
    if not sent.to or services.state.get(_sent_key(id)):  # for nobody; or a process was killed after it had sent this
        return
    if services.clock() >= content["until"]:
        failed(services, sent, "it came too late to be of use")
        return
    try:
        said = _leave(services, job, content)
    except Rejected as rejected:
        _refused(services, sent, rejected)
        return
    except Undelivered as problem:
        if services.state.add(f"mail:failed:{id}", 1, DAY):  # told once, not with every try
            failed(services, sent, f"{problem}; trying again", means=problem.means)
        raise
    services.state.put(_sent_key(id), 1, DAY)
    _record(services, "sent", sent, {"said": said})


def _leave(services: Services, job: str, content: Mapping[str, Any]) -> str:
    """Answers what the other side said."""
    if job == SMS_JOB:
        from idp.mail import sms

        return sms.leave(services, content)
    from idp.mail import rendering, smtp  # smtplib, ssl and the templates are loaded where mail leaves

    letter = rendering.letter(services, content)
    if not services.settings.mail.host and outbox.is_used(services.settings):
        outbox.keep(services, content["to"], content["message"], letter)
        return "kept in the outbox of this machine"
    return smtp.leave(services, content["to"], letter)


def failed(
    services: Services,
    sent: Sent,
    reason: str,
    *,
    tx: Transaction | None = None,
    means: Mapping[str, Any] | None = None,
) -> None:  # fmt: skip
    """Record for the help desk that a message did not leave; `means`: whose fault, and what to do."""
    services.log.warning("message_failed", kind=sent.job, message=sent.message, reason=reason)
    event = _event("failed", sent, _why(reason, means))
    if tx is not None:
        record(tx, event, services.clock())
    else:
        _record_event(services, event)


def _refused(services: Services, sent: Sent, rejected: Rejected) -> None:
    """As `failed`; that nothing will be tried again is kept beside the reason, for whoever counts those (B3)."""
    services.log.warning("message_failed", kind=sent.job, message=sent.message, reason=rejected.reason)
    _record_event(services, _event("failed", sent, {**_why(rejected.reason, rejected.means), "final": True}))


def _why(reason: str, means: Mapping[str, Any] | None) -> Mapping[str, Any]:
    return {"reason": reason, **({"findings": [means]} if means is not None else {})}


def _record(services: Services, outcome: str, sent: Sent, more: Mapping[str, Any]) -> None:
    services.part(Meters).count("messages", sent.job, outcome)
    _record_event(services, _event(outcome, sent, more))


def _event(outcome: str, sent: Sent, more: Mapping[str, Any]) -> Event:
    masked = masked_number(sent.to) if sent.job == SMS_JOB else masked_address(sent.to)
    detail = {"message": sent.message, "to": masked, **more}
    return Event(f"{sent.job}:{outcome}", actor="system", person_id=sent.person_id, detail=detail)


def _record_event(services: Services, event: Event) -> None:
    with contextlib.suppress(Unavailable):  # the log has it, and the message itself is not to be sent twice for this
        record(services.db, event, services.clock())


def _sent_key(id: str) -> str:
    return f"mail:sent:{id}"
