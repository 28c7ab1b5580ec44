"""The first page of the console, and its search box. B2, B3."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest

from idp.accounts.roles import RoleGrant
from idp.admin import applications, attention, certificates
from idp.admin.actor import of_shell
from idp.audit import Event, record
from tests.backends import Clock
from tests.console.conftest import Enter
from tests.provider import Answer, Browser, Provider


def test_B3_sign_ins_and_failures_are_drawn_with_their_figures(
    provider: Provider, owner: Browser, clock: Clock
) -> None:
    crm = provider.add_client("CRM")
    provider.add_person("ann")
    provider.sign_in(provider.browser(), crm, "ann")
    stranger = provider.browser("198.51.100.7")
    stranger.log_in(stranger.get(""), "ann", "wrong")
    record(provider.services.db, Event("session:started"), clock() - 3 * 86400)
    page = owner.get("admin")
    assert "2 sign-ins, 1 failed" in page.dom.text  # the owner's own is one of them
    assert len(page.dom.find("rect")) == 48
    assert "CRM" in page.dom.text
    assert "session:failed" in page.dom.text
    assert "3 sign-ins, 1 failed" in owner.get("admin?span=week").dom.text


def test_B3_the_page_says_what_needs_attention_and_when_nothing_does(
    provider: Provider, enter: Enter, clock: Clock
) -> None:
    owner = enter("boss", RoleGrant("owner"))
    assert "There is one owner alone." in owner.get("admin").dom.text
    enter("second", RoleGrant("owner"))
    owner.get("saml/metadata")  # the first certificate is made
    clock.advance(3620 * 86400)
    services = provider.services
    services.ring.tick()
    owner = provider.browser()
    owner.log_in(owner.get(""), "boss")
    page = owner.get("admin")
    assert "There is one owner alone." not in page.dom.text
    assert "The SAML certificate that signs ends in" in page.dom.text
    assert "No mail server is set" in page.dom.text


def test_B3_what_takes_long_is_looked_at_in_the_background_and_kept(provider: Provider, owner: Browser) -> None:
    provider.add_client("Gone", backchannel_logout_uri="https://nowhere.invalid/logout")
    assert "Gone: an address of it cannot be reached." not in owner.get("admin").dom.text
    attention.examine(provider.services)
    assert "Gone: an address of it cannot be reached." in owner.get("admin").dom.text


def test_R6_B3_a_secret_that_is_used_and_ends_soon_needs_attention(provider: Provider, owner: Browser) -> None:
    told, shell, services = "CRM: the secret that it uses ends soon.", of_shell("test"), provider.services
    app = provider.add_client("CRM", "machine")

    def overview() -> Answer:
        attention.examine(services)
        return owner.get("admin")

    applications.add_secret(services, shell, services.registry.get(app.id), 5 * 86400)
    assert told not in overview().dom.text  # nobody uses it: whoever does has changed over
    assert provider.client_credentials(app).status == 200
    services.uses.flush()
    page = overview()
    assert told in page.dom.text
    assert f'href="/admin/apps/{app.id}/secrets"' in page.text
    (old,) = [one for one in services.registry.get(app.id).secrets if one.expires_at is not None]
    applications.end_secret(services, shell, services.registry.get(app.id), old.id)
    assert told not in overview().dom.text


def test_C2_whoever_looks_after_a_part_sees_nothing_of_the_whole(provider: Provider, enter: Enter) -> None:
    crm = provider.add_client("CRM")
    admin = enter("appy", RoleGrant("app_admin", (crm.id,)))
    page = admin.get("admin")
    assert page.status == 200
    assert "sign-ins" not in page.dom.text
    assert "owner" not in page.dom.text


def test_B2_one_box_finds_people_applications_and_errors(provider: Provider, owner: Browser) -> None:
    crm = provider.add_client("Customer desk")
    ann = provider.add_person("ann", name="Ann Bell")
    assert "Ann Bell" in owner.get("admin/search?q=bell").dom.text
    assert "Ann Bell" in owner.get(f"admin/search?q={ann.id}").dom.text
    assert "Customer desk" in owner.get("admin/search?q=desk").dom.text
    assert crm.id in owner.get(f"admin/search?q={crm.id}").dom.text
    found = owner.get("admin/search?q=e-abcde%20fghjk")
    assert found.location == f"{provider.issuer}/admin/activity/E-ABCDE-FGHJK"
    assert "Nothing was found" in owner.get("admin/search?q=zzzzzz").dom.text


@pytest.mark.parametrize("query", ["%3Cscript%3E", "%25", "_", "%00", "'", "%E2%80%AE"])
def test_what_was_typed_into_the_box_is_text(owner: Browser, query: str) -> None:
    page = owner.get(f"admin/search?q={query}")
    assert page.status == 200
    assert "<script>alert" not in page.text


def test_C2_the_box_finds_only_what_one_looks_after(provider: Provider, enter: Enter) -> None:
    provider.add_person("ann", name="Ann Bell", groups=("Sales",))
    provider.add_person("eve", name="Eve Bell", groups=("Board",))
    crm = provider.add_client("CRM desk")
    provider.add_client("Pay desk")
    desk = enter("desk", RoleGrant("help_desk", ("Sales",)))
    found = desk.get("admin/search?q=bell").dom.text
    assert "Ann Bell" in found
    assert "Eve Bell" not in found
    admin = enter("appy", RoleGrant("app_admin", (crm.id,)))
    found = admin.get("admin/search?q=desk").dom.text
    assert "CRM desk" in found
    assert "Pay desk" not in found


def test_B2_the_box_leads_straight_to_a_sign_in_a_key_and_a_certificate(
    provider: Provider, owner: Browser, enter: Enter
) -> None:
    ann = provider.add_person("ann", groups=("Sales",))
    browser = provider.browser()
    browser.log_in(browser.get(""), "ann")
    session_id = provider.events("session:started")[-1].session_id
    led = owner.get(f"admin/search?q={session_id}").location
    assert led == f"{provider.issuer}/admin/people/{ann.id}"
    other = enter("other", RoleGrant("help_desk", ("Board",)))
    assert "/admin/people/" not in other.get(f"admin/search?q={session_id}").location

    (key, *_) = provider.services.ring.list_keys()
    assert owner.get(f"admin/search?q={key.kid}").location == f"{provider.issuer}/admin/keys"
    owner.get("saml/metadata")
    (certificate, *_) = certificates.published(provider.services)
    printed = certificates.fingerprint(certificate)
    for typed in (printed, printed.replace(":", "").lower(), f"SHA-256: {printed}", printed.replace(":", " ")):
        led = owner.get(f"admin/search?{urlencode({'q': typed})}").location
        assert led == f"{provider.issuer}/admin/keys", typed
    page = other.get(f"admin/search?{urlencode({'q': printed})}")
    assert (page.status, page.location) == (200, "")


def test_B2_groups_are_found_by_any_part_of_their_name(provider: Provider, owner: Browser, enter: Enter) -> None:
    provider.add_person("ann", groups=("Sales Nord", "Nord"))
    page = owner.get("admin/search?q=nORD")
    assert page.dom.text.index("Nord") < page.dom.text.index("Sales Nord")  # the one called so stands first
    crm = provider.add_client("CRM")
    assert "Sales Nord" not in enter("appy", RoleGrant("app_admin", (crm.id,))).get("admin/search?q=nord").dom.text
