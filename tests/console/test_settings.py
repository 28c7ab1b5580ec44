"""The room Settings: what holds on this machine, without what opens anything. B2, B3, S18."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from idp.accounts.roles import RoleGrant
from idp.admin import attention
from idp.background import look_as_doctor
from idp.config import Settings
from idp.config.masking import ADDRESSES, MASKED, SECRET, masked
from tests.console.conftest import Enter, give
from tests.provider import Browser, Provider

#: Settings that sound like a secret and are none.
_OPEN = frozenset(
    (
        ("keys", "master_key_file"), ("passwords", "min_length"), ("tokens", "access_token"), ("tokens", "id_token"),
        ("tokens", "code"), ("keys", "rotate_days"), ("keys", "publish_hours"), ("keys", "algorithms"),
        ("backup", "with_master_key"), ("keys", "new_keys_in"), ("keys", "pkcs11_token"), ("keys", "pkcs11_pin_file"),
        ("keys", "transit_token_file"), ("server", "tls_key"), ("kerberos", "keytab"),
    )
)  # fmt: skip


def _settings() -> list[tuple[str, str]]:
    return [(name, key) for name, field in Settings.model_fields.items() for key in field.annotation.model_fields]


def test_S18_a_setting_that_sounds_like_a_secret_is_masked_or_known_to_be_none() -> None:
    words = ("password", "secret", "token", "key", "command")
    for section, key in _settings():
        if any(word in key for word in words) and (section, key) not in _OPEN:
            assert (section, key) in SECRET, f"{section}.{key}: decide in idp/config/masking.py"
    assert set(_settings()) >= SECRET | ADDRESSES


def test_S18_an_address_that_may_carry_credentials_is_shown_without_them() -> None:
    shown = {
        "postgresql://anna:s3cret@db.example:5432/doorward": "postgresql://db.example:5432/…",
        "redis://:s3cret@[::1]:6379/0": "redis://::1:6379/…",
        "https://hooks.example/T000/s3cret?key=s3cret": "https://hooks.example/…",
        "https://hooks.example": "https://hooks.example",
        "unix:///run/s3cret@redis.sock": "unix://…",
        "sqlite:////var/lib/doorward.db": "sqlite:////var/lib/doorward.db",
        "s3cret": MASKED,
        "https://[s3cret": MASKED,
    }
    for given, told in shown.items():
        assert masked("storage", "database_url", given) == told
        assert "s3cret" not in str(masked("audit", "webhook", given))


def test_S18_no_secret_of_the_settings_stands_on_the_page(open_provider: Callable[..., Provider]) -> None:
    provider = open_provider(
        admin={"second_factor": False},
        mail={"host": "mail.example", "sender": "a@example.com", "username": "u", "password": "sesame-1"},
        sms={"sender": "webhook", "url": "https://sms.example/send/sesame-2", "token": "sesame-3"},
        audit={"webhook": "https://hooks.example/sesame-4", "webhook_secret": "sesame-5" * 4},
    )
    browser = _owner(provider)
    page = browser.get("admin/settings")
    assert page.status == 200
    assert "sesame" not in page.body.decode()
    assert "mail.example" in page.dom.text
    assert "https://hooks.example/…" in page.dom.text


def test_B2_what_differs_is_found_and_the_rest_has_its_default(owner: Browser) -> None:
    page = owner.get("admin/settings")
    assert "session.idle_minutes" in page.dom.text
    changed = owner.get("admin/settings?changed=1")
    assert "admin.second_factor" in changed.dom.text
    assert "session.idle_minutes" not in changed.dom.text
    found = owner.get("admin/settings?q=RETENTION")
    assert "audit.retention_days" in found.dom.text
    assert "admin.second_factor" not in found.dom.text
    assert "No setting is like that." in owner.get("admin/settings?q=%3Cscript%3E").dom.text


def test_B2_an_empty_list_of_rules_and_tables_are_told_as_they_are_written(
    open_provider: Callable[..., Provider],
) -> None:
    provider = open_provider(
        admin={"second_factor": False}, passwords={"expire_days": {"contractors": 90}},
        factors={"rules": [{"groups": ["finance"], "need": "second"}]},
    )  # fmt: skip
    page = _owner(provider).get("admin/settings?changed=1")
    assert "contractors = 90" in page.dom.text
    assert "groups = finance" in page.dom.text


def test_B3_what_the_checks_find_needs_attention_and_stands_in_settings(
    open_provider: Callable[..., Provider],
) -> None:
    provider = open_provider(admin={"second_factor": False}, sms={"sender": "smpp", "url": "smpp://127.0.0.1:2775"})
    browser = _owner(provider)
    assert "have not run since it started" in browser.get("admin/settings").dom.text
    attention.keep_of_doctor(provider.services, [attention.Finding("doctor", "clock: it is 9 s behind", fix="set it")])
    for path in ("admin", "admin/settings"):
        assert "clock: it is 9 s behind" in browser.get(path).dom.text
    attention.keep_of_doctor(provider.services, [attention.Finding("advice", "python: slow")])
    assert "python: slow" not in browser.get("admin").dom.text
    assert "python: slow" in browser.get("admin/settings").dom.text
    look_as_doctor(provider.services)
    assert "clock: it is 9 s behind" not in browser.get("admin").dom.text
    attention.keep_of_doctor(provider.services, [])
    assert "find nothing wrong" in browser.get("admin/settings").dom.text


@pytest.mark.parametrize(
    "grant", [RoleGrant("app_admin", frozenset(("c1",))), RoleGrant("help_desk")], ids=["app_admin", "help_desk"]
)
def test_C2_who_looks_after_a_part_sees_no_settings(enter: Enter, grant: RoleGrant) -> None:
    browser = enter("part", grant)
    assert browser.get("admin/settings").status in (403, 404)
    assert "/admin/settings" not in browser.get("admin").body.decode()


def _owner(provider: Provider) -> Browser:
    person = provider.add_person("boss")
    give(provider, person.id, RoleGrant("owner"))
    browser = provider.browser()
    browser.log_in(browser.get(""), "boss")
    return browser
