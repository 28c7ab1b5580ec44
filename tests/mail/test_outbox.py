"""The outbox of a development machine, and that there is none anywhere else."""

from __future__ import annotations

import stat
from collections.abc import Callable
from typing import Any

import pytest

from idp import mail
from idp.mail import outbox
from tests.mail.conftest import deliver
from tests.mail.server import MailServer
from tests.provider import Browser, Provider

LOCAL = {"issuer": "http://127.0.0.1:8000"}
RESET = {"link": "http://127.0.0.1:8000/setup/dwl_x", "minutes": 30, "name": "<b>Ann"}


@pytest.fixture
def provider(open_provider: Callable[..., Provider]) -> Provider:
    return open_provider(server=LOCAL)


def send(provider: Provider, to: str = "ann@example.com") -> None:
    mail.send(provider.services, to, "reset_password", "en", RESET)


def test_without_a_mail_server_messages_of_this_machine_are_read_on_a_page(
    provider: Provider, browser: Browser
) -> None:
    assert "Nothing was sent" in browser.get("dev/outbox").dom.text
    send(provider)
    deliver(provider)
    page = browser.get("dev/outbox")
    assert page.status == 200
    assert "To ann@example.com" in page.dom.text
    assert "Hello <b>Ann," in page.dom.text
    assert page.dom.find("a", href=RESET["link"])
    (link,) = [a["href"] for a in page.dom.find("a", target="_blank") if "outbox" in a["href"]]
    shown = browser.get(link)
    assert "Hello &lt;b&gt;Ann," in shown.text
    policy = shown.headers["Content-Security-Policy"]
    assert "sandbox" in policy
    assert "script-src" not in policy
    assert "default-src 'none'" in policy
    assert browser.get("dev/outbox/nothing").status == 404
    assert not browser.get("help").dom.find("a", href="/dev/outbox")  # the developer's, and never offered (N33)


def test_the_outbox_keeps_the_newest_fifty_and_to_itself(provider: Provider) -> None:
    for n in range(53):
        send(provider, f"p{n}@example.com")
    deliver(provider)
    kept = outbox.newest(provider.services)
    assert len(kept) == 50
    assert len(list((provider.settings.data_dir / "outbox").iterdir())) == 50
    folder = provider.settings.data_dir / "outbox"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {0o600}


@pytest.mark.parametrize("path", ["dev/outbox", "dev/outbox/x"])
def test_there_is_no_outbox_but_on_a_development_machine(
    open_provider: Callable[..., Provider], server: MailServer, path: str
) -> None:
    settings: list[dict[str, Any]] = [
        {},  # https://login.example
        {"server": LOCAL, "mail": server.settings},
        {"server": {"issuer": "https://login.example"}, "sms": {"sender": "console"}},
    ]
    for sections in settings:
        provider = open_provider(**sections)
        answer = provider.browser("127.0.0.1").get(path)
        assert answer.status == 404
        assert answer.error_id
        assert "outbox" not in provider.browser().get("help").text


def test_nobody_of_the_network_looks_into_a_development_machines_outbox(
    open_provider: Callable[..., Provider],
) -> None:
    provider = open_provider(server={**LOCAL, "host": "0.0.0.0"})
    send(provider)
    deliver(provider)
    assert provider.browser("192.0.2.7").get("dev/outbox").status == 404
    assert provider.browser("127.0.0.1").get("dev/outbox").status == 200


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8000", "127.0.0.1.evil.example", ""])
def test_a_name_that_was_pointed_here_reads_nothing(provider: Provider, browser: Browser, host: str) -> None:
    send(provider)
    deliver(provider)
    answer = browser.get("dev/outbox", environ={"HTTP_HOST": host})
    assert answer.status == 404
    assert "ann@example.com" not in answer.text
