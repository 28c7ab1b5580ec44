"""Text messages: queued as mail is; posted to a webhook, handed to a provider by SMPP, or kept in the outbox."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from idp import phone_numbers
from idp.http import OutboundFailed, OutboundRefused
from idp.mail import delivery, outbox
from idp.mail.delivery import Rejected, Sent, Undelivered
from idp.mail.messages import check

if TYPE_CHECKING:
    from idp.accounts.services import Services


def is_ready(services: Services) -> bool:
    """Whether text messages can leave at all."""
    sender = services.settings.sms.sender
    return bool(sender) and (sender != "console" or outbox.is_development(services.settings))


def send(
    services: Services,
    to: str,
    message: str,
    locale: str = "",
    values: Mapping[str, Any] = {},
    *,
    person_id: str | None = None,
) -> None:
    """Queue a text message to a number; what goes wrong is recorded, never raised. Errors: as `mail.send`."""
    check(message, values, services.issuer)
    sent = Sent(to, message, person_id, delivery.SMS_JOB)
    if not is_ready(services):
        delivery.failed(services, sent, "no sender is set: give [sms] one")
        return
    delivery.queue(services, sent, locale, values)


def leave(services: Services, content: Mapping[str, Any]) -> str:
    """Send one; answers what the other side said. Errors: `Undelivered`, `Rejected`."""
    from idp.mail import rendering

    to = plain_number(content["to"])
    text = rendering.short(services, content)
    return _SENDERS[services.settings.sms.sender](services, to, text, content)


def plain_number(number: str) -> str:
    """The number in its E.164 form. Errors: `Rejected` where it is none."""
    try:
        return phone_numbers.read(number)
    except ValueError:
        raise Rejected("that is not a phone number with its country code, such as +49 170 1234567") from None


def _by_webhook(services: Services, to: str, text: str, content: Mapping[str, Any]) -> str:
    sms = services.settings.sms
    body = {"id": content["id"], "to": to, "text": text, **({"from": sms.originator} if sms.originator else {})}
    headers = {"content-type": "application/json", "idempotency-key": content["id"]}
    if sms.token:
        headers["authorization"] = f"Bearer {sms.token}"
    try:
        fetched = services.outbound.post(sms.url, json.dumps(body, ensure_ascii=False).encode(), headers)
    except (OutboundFailed, OutboundRefused) as error:
        raise Undelivered(f"the SMS webhook: {error.reason}") from None
    if 200 <= fetched.status < 300:
        return f"the webhook answered {fetched.status}"
    # These say "not now" or "not you"; the other 4xx say "never this message".
    if fetched.status in (401, 403, 408, 425, 429) or fetched.status >= 500:
        raise Undelivered(f"the SMS webhook answered {fetched.status}")
    raise Rejected(f"the SMS webhook answered {fetched.status}")


def _by_smpp(services: Services, to: str, text: str, content: Mapping[str, Any]) -> str:
    from idp.mail import smpp  # an extra

    return smpp.leave(services.settings, to, text)


def _by_outbox(services: Services, to: str, text: str, content: Mapping[str, Any]) -> str:
    if not outbox.is_development(services.settings):
        raise Rejected("the sender console is for a development machine; set sms.sender to webhook or smpp")
    outbox.keep_text(services, to, content["message"], text)
    return "kept in the outbox of this machine"


def _by_nobody(services: Services, to: str, text: str, content: Mapping[str, Any]) -> str:
    raise Rejected("no sender is set: give [sms] one")


_SENDERS: Mapping[str, Callable[[Any, str, str, Mapping[str, Any]], str]] = {
    "": _by_nobody,
    "webhook": _by_webhook,
    "smpp": _by_smpp,
    "console": _by_outbox,
}
