"""What programs ask every host for is answered, and where there is nothing it is nobody's mistake (N37, N39)."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from PIL import Image
from pydantic import ValidationError

from idp.config import Settings
from idp.config.brand import Brand
from tests.backends import Clock
from tests.provider import Provider

ICONS = ("apple-touch-icon.png", "apple-touch-icon-precomposed.png")
SECURITY = ".well-known/security.txt"


def errors(provider: Provider) -> list[str]:
    provider.services.faults.flush()
    return [event.action for event in provider.events() if event.action.startswith("error:")]


@pytest.mark.parametrize("path", ICONS)
def test_n39_a_phone_that_keeps_the_page_gets_a_picture(provider: Provider, path: str) -> None:
    answer = provider.browser().get(path)
    assert (answer.status, answer.headers["Content-Type"]) == (200, "image/png")
    assert Image.open(io.BytesIO(answer.body)).size == (180, 180)
    assert errors(provider) == []


def test_n39_the_company_s_own_picture_is_taken_where_a_phone_can_show_it(
    open_provider: Callable[..., Provider], tmp_path: Path
) -> None:
    for name, is_own in (("logo.png", True), ("logo.svg", False), ("gone.png", False)):
        provider = open_provider(brand={"logo": name})
        if name != "gone.png":
            provider.settings.path(name).write_bytes(b"our own")
        assert (provider.browser().get(ICONS[0]).body == b"our own") is is_own


@pytest.mark.spec("RFC 9309 §2.2")
def test_n39_nothing_is_for_a_search_engine(provider: Provider) -> None:
    answer = provider.browser().get("robots.txt")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/plain; charset=utf-8")
    assert answer.text == "User-agent: *\nDisallow: /\n"


@pytest.mark.spec("RFC 9116 §2.5")
def test_security_txt_names_the_contact_and_ends_within_a_year(
    open_provider: Callable[..., Provider], clock: Clock
) -> None:
    provider = open_provider(brand={"security_contact": "mailto:security@example.com", "language": "de"})
    answer = provider.browser().get(SECURITY)
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/plain; charset=utf-8")
    fields = dict(line.split(": ", 1) for line in answer.text.splitlines())
    assert fields["Contact"] == "mailto:security@example.com"
    assert fields["Canonical"] == "https://login.example/.well-known/security.txt"
    assert fields["Preferred-Languages"] == "de, en"
    assert clock() < datetime.fromisoformat(fields["Expires"]).timestamp() < clock() + 365 * 86400
    assert "," not in fields["Expires"]


def test_security_txt_without_a_contact_is_not_there_and_not_on_record(provider: Provider) -> None:
    answer = provider.browser().get(SECURITY)
    assert (answer.status, answer.body) == (404, b"")
    assert errors(provider) == []


@pytest.mark.parametrize("path", [*ICONS, "robots.txt", SECURITY])
def test_they_stand_at_the_root_of_the_host_wherever_the_issuer_is(
    open_provider: Callable[..., Provider], path: str
) -> None:
    provider = open_provider(
        server={"issuer": "https://login.example/idp"}, brand={"security_contact": "https://example.com/security"}
    )
    assert provider.browser().open("GET", f"https://login.example/{path}").status == 200


@pytest.mark.parametrize(
    "contact", ["security@example.com", "http://example.com", "mailto:", "mailto:a b", "tel:1\nX: y"]
)
def test_what_is_no_contact_of_the_standard_is_refused_as_the_settings_are_read(contact: str) -> None:
    with pytest.raises(ValidationError, match="security_contact"):
        Brand(security_contact=contact)
    assert Settings.model_fields["brand"].annotation is Brand
