"""Text messages: to a webhook, by SMPP, and on a development machine. F4."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from idp.mail import outbox, sms
from tests.mail.conftest import deliver
from tests.mail.server import SmsCentre
from tests.provider import Provider
from tests.receiver import Receiver

CODE = {"code": "135790", "minutes": 10}
TEXT = (
    "135790 is your code for Example. It works for 10 minutes. Nobody of Example ever asks you for it."
    "\n\n@login.example #135790"
)
TO = "+49 170 1234567"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.close()


def open_with(open_provider: Callable[..., Provider], receiver: Receiver | None = None, **settings: Any) -> Provider:
    allow = {"outbound": {"allow": [receiver.origin]}} if receiver is not None else {}
    return open_provider(sms=settings, brand={"company": "Example"}, **allow)


def send(provider: Provider, to: str = TO) -> int:
    sms.send(provider.services, to, "sign_in_code", "en", CODE, person_id="u1")
    return deliver(provider)


def test_F4_a_webhook_gets_json_and_our_token(open_provider: Callable[..., Provider], receiver: Receiver) -> None:
    provider = open_with(
        open_provider, receiver, sender="webhook", url=receiver.origin + "/sms", token="t0k", originator="Example"
    )
    assert send(provider) == 0
    (body,) = [json.loads(body) for body in receiver.bodies]
    assert body.pop("id")
    assert body == {"to": "+491701234567", "text": TEXT, "from": "Example"}
    assert receiver.content_types == ["application/json"]
    assert receiver.headers[0]["Authorization"] == "Bearer t0k"
    (event,) = provider.events("sms:sent")
    assert event.person_id == "u1"
    assert event.detail == {"message": "sign_in_code", "to": "…67", "said": "the webhook answered 200"}
    assert "135790" not in str(event)


@pytest.mark.parametrize(("status", "again"), [(500, 1), (503, 1), (429, 1), (401, 1), (400, 0), (422, 0), (302, 1)])
def test_F4_what_the_webhook_refuses_is_tried_again_where_that_helps(
    open_provider: Callable[..., Provider], receiver: Receiver, status: int, again: int
) -> None:
    receiver.status = status
    provider = open_with(open_provider, receiver, sender="webhook", url=receiver.origin + "/sms", token="t0k")
    assert send(provider) == again
    (event,) = provider.events("sms:failed")
    assert str(status) in event.detail["reason"]
    assert event.detail["to"] == "…67"


def test_S42_the_webhook_is_asked_through_the_guard(open_provider: Callable[..., Provider], receiver: Receiver) -> None:
    provider = open_with(open_provider, sender="webhook", url=receiver.origin + "/sms")
    assert send(provider) == 1
    assert receiver.bodies == []
    assert "https is required" in provider.events("sms:failed")[0].detail["reason"]


@pytest.mark.parametrize("to", ["0170 1234567", "+49", "+49170123456789012", "+49 170 CALL", "", "+0123456789"])
def test_what_is_not_a_number_gets_nothing(open_provider: Callable[..., Provider], receiver: Receiver, to: str) -> None:
    provider = open_with(open_provider, receiver, sender="webhook", url=receiver.origin + "/sms")
    assert send(provider, to) == 0
    assert receiver.bodies == []
    assert len(provider.events("sms:failed")) == (1 if to else 0)


def test_the_console_is_the_outbox_of_a_development_machine(open_provider: Callable[..., Provider]) -> None:
    provider = open_provider(server={"issuer": "http://127.0.0.1:8000"}, sms={"sender": "console"})
    assert send(provider) == 0
    (kept,) = outbox.newest(provider.services)
    assert (kept.to, kept.html) == ("+491701234567", "")
    assert "135790" in kept.text
    assert "Text message" in provider.browser().get("dev/outbox").dom.text


def test_the_console_sends_nothing_elsewhere(open_provider: Callable[..., Provider]) -> None:
    provider = open_with(open_provider, sender="console")
    assert not sms.is_ready(provider.services)
    assert send(provider) == 0
    assert not (provider.settings.data_dir / "outbox").exists()


@pytest.fixture
def centre() -> Iterator[SmsCentre]:
    made = SmsCentre("sword")
    yield made
    with contextlib.suppress(OSError):
        made.close()


def by_smpp(open_provider: Callable[..., Provider], centre: SmsCentre, token: str = "sword") -> Provider:
    return open_with(
        open_provider, sender="smpp", url=centre.url, username="doorward", token=token, originator="Example"
    )


def test_F4_smpp_hands_over_the_text(open_provider: Callable[..., Provider], centre: SmsCentre) -> None:
    provider = by_smpp(open_provider, centre)
    assert send(provider) == 0
    assert centre.messages == [("Example", "491701234567", TEXT)]
    assert provider.events("sms:sent")[0].detail["said"] == "SMPP message id-1"


def test_F4_smpp_sends_long_and_foreign_texts_in_parts(
    open_provider: Callable[..., Provider], centre: SmsCentre
) -> None:
    provider = by_smpp(open_provider, centre)
    sms.send(provider.services, TO, "sign_in_code", "en", {**CODE, "app": "x"})
    object.__setattr__(provider.settings.brand, "company", "验证 " * 40)
    assert deliver(provider) == 0
    assert len(centre.messages) > 1
    assert "".join(text for _, _, text in centre.messages).count("验证") == 80
    assert len(provider.events("sms:sent")) == 1


@pytest.mark.parametrize(("status", "again"), [(0x0B, 0), (0x58, 1), (0x08, 1)])
def test_F4_what_smpp_refuses_is_tried_again_where_that_helps(
    open_provider: Callable[..., Provider], centre: SmsCentre, status: int, again: int
) -> None:
    centre.status = status
    provider = by_smpp(open_provider, centre)
    assert send(provider) == again
    assert f"{status:#x}" in provider.events("sms:failed")[0].detail["reason"]


def test_F4_a_wrong_smpp_password_is_told_without_it(
    open_provider: Callable[..., Provider], centre: SmsCentre, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    provider = by_smpp(open_provider, centre, "wr0ng")
    assert send(provider) == 1
    reason = provider.events("sms:failed")[0].detail["reason"]
    assert "SMPP server" in reason
    assert "wr0ng" not in reason + caplog.text
    assert "doorward.smpp" not in {record.name for record in caplog.records}
    assert centre.messages == []


def test_F4_an_sms_centre_that_is_down_is_tried_again(
    open_provider: Callable[..., Provider], centre: SmsCentre
) -> None:
    provider = by_smpp(open_provider, centre)
    centre.close()
    assert send(provider) == 1
    assert "SMPP server" in provider.events("sms:failed")[0].detail["reason"]
