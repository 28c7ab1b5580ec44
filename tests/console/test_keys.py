"""Keys and certificates in the console. K1, C3, B5."""

from __future__ import annotations

import pytest

from idp.accounts.roles import RoleGrant
from tests.backends import Clock
from tests.console.conftest import Enter
from tests.provider import Answer, App, Browser, Provider
from tests.saml.relying import facts, register


def _form(page: Answer) -> dict[str, str]:
    return dict(next(form for form in page.dom.forms if form.action.endswith("/admin/keys")).fields)


def _press(visitor: Browser, do: str, kid: str = "", **more: str) -> Browser:
    """A press on one of the page's buttons."""
    page = visitor.get("admin/keys")
    fields = {**_form(page), "do": do, "kid": kid, **more}
    visitor.post("admin/keys", fields)
    return visitor


def test_K1_an_owner_publishes_the_next_key_and_it_signs_when_applications_can_know_it(
    provider: Provider, owner: Browser, clock: Clock
) -> None:
    ring = provider.services.ring
    before = {key.kid for key in ring.list_keys()}
    _press(owner, "rotate")
    (made, *_) = [key for key in ring.list_keys() if key.kid not in before and key.alg == "RS256"]
    assert made.state == "next"
    page = owner.get("admin/keys")
    assert "Every server sees it within seconds." in page.dom.text
    assert made.kid in page.dom.text
    _press(owner, "promote", made.kid)
    assert "Applications may not have it yet" in owner.answers[-1].dom.text
    assert owner.answers[-1].status == 409
    # What may break sign-ins is asked about first, and says what it does.
    _press(owner, "force", made.kid)
    assert "refuse every sign-in by it until they do" in owner.answers[-1].dom.text
    assert next(k for k in ring.list_keys() if k.kid == made.kid).state == "next"
    _press(owner, "force", made.kid, sure="1")
    assert "Not every server has seen the last change yet" in owner.answers[-1].dom.text
    clock.advance(6)
    _press(owner, "force", made.kid, sure="1")
    assert next(k for k in ring.list_keys() if k.kid == made.kid).state == "active"
    assert provider.events("key:promote")[-1].actor.startswith("person:u")


def test_K1_a_certificate_goes_the_same_way(provider: Provider, owner: Browser, clock: Clock) -> None:
    owner.get("saml/metadata")
    _press(owner, "certificate_prepare")
    made = next(c for c in provider.services.certificates.published("signing") if c.state == "next")
    page = owner.get("admin/keys")
    assert "-----BEGIN CERTIFICATE-----" in page.dom.text
    _press(owner, "certificate_promote", made.kid)
    assert "Applications may not have it yet" in owner.answers[-1].dom.text
    clock.advance(2 * 86400)
    owner.log_in(owner.get("admin/keys"), "boss")
    _press(owner, "certificate_promote", made.kid)
    assert provider.services.certificates.active("signing").kid == made.kid
    _press(owner, "certificate_withdraw", made.kid, sure="1")
    assert "This certificate signs." in owner.answers[-1].dom.text


def test_C3_keys_ask_for_a_proof_of_the_last_minutes_and_the_press_is_not_lost(
    provider: Provider, owner: Browser, clock: Clock
) -> None:
    page = owner.get("admin/keys")
    clock.advance(600)
    asked = owner.post("admin/keys", {**_form(page), "do": "rotate", "kid": ""})
    assert asked.dom.find("input", name="password")
    assert not provider.events("key:rotate")
    answered = owner.log_in(asked, "boss")
    resumed = owner.follow(answered)
    assert "Go on where you were" in resumed.dom.text
    owner.submit(resumed, form=next(n for n, f in enumerate(resumed.dom.forms) if "do" in dict(f.fields)))
    assert provider.events("key:rotate")


def test_C2_an_admin_looks_at_keys_and_has_no_buttons(provider: Provider, enter: Enter) -> None:
    admin = enter("admin", RoleGrant("admin"))
    page = admin.get("admin/keys")
    assert page.status == 200
    assert not [f for f in page.dom.forms if f.action.endswith("/admin/keys")]


def _crm(provider: Provider, address: str = "198.51.100.7") -> tuple[App, Browser]:
    """An application, and the machine that it runs on, which has proven itself."""
    app, server = provider.add_client("CRM"), provider.browser(address)
    data, headers = provider.proof(app)
    data = [*data, ("grant_type", "authorization_code"), ("code", "x"), ("redirect_uri", app.redirect_uri)]
    server.open("POST", "oauth/token", data, headers, cookies=False)
    return app, server


def _next(provider: Provider, owner: Browser) -> str:
    before = {key.kid for key in provider.services.ring.list_keys()}
    _press(owner, "rotate")
    return next(k.kid for k in provider.services.ring.list_keys() if k.kid not in before and k.alg == "RS256")


def test_K2_the_page_says_who_has_not_fetched_the_next_key_and_lets_it_sign_when_all_have(
    provider: Provider, owner: Browser, clock: Clock
) -> None:
    _, server = _crm(provider)
    kid = _next(provider, owner)
    assert "0 of 1 applications have it · 1 without it" in owner.get("admin/keys").dom.text
    assert "1 application has not fetched the next key." in owner.get("admin").dom.text
    clock.advance(2 * 86400)
    owner.log_in(owner.get("admin/keys"), "boss")
    _press(owner, "promote", kid)
    refused = owner.answers[-1]
    assert refused.status == 409
    assert "1 application is not known to have it, and would refuse every sign-in by it: CRM" in refused.dom.text
    assert provider.services.ring.signer("RS256").kid != kid
    server.open("GET", "oauth/jwks", cookies=False)
    page = owner.get(f"admin/keys/{kid}")
    assert "A guess: a fetch came from its address 198.51.100.7." in page.dom.text
    assert "application has not fetched" not in owner.get("admin").dom.text
    _press(owner, "promote", kid)
    assert provider.services.ring.signer("RS256").kid == kid


def test_K2_an_application_is_kept_on_the_old_key_and_told_by_hand_with_one_press_each(
    provider: Provider, owner: Browser
) -> None:
    app, _ = _crm(provider)
    old = provider.services.ring.signer("RS256").kid
    kid = _next(provider, owner)

    def press(do: str) -> str:
        page = owner.get(f"admin/keys/{kid}")
        form = next(n for n, f in enumerate(page.dom.forms) if any(do in button for button in f.buttons))
        return owner.follow(owner.submit(page, do, form)).dom.text

    assert f"stays on {old[:8]}" in press("pin")
    assert provider.services.ring.signer("RS256", app.id).kid == old
    assert [pin.holder for pin in provider.services.ring.pins()] == [app.id]
    assert "stays on" not in press("unpin")
    assert "An admin says so." in press("tell")
    assert "No fetch ever came" in press("untell")
    assert [event.action for event in provider.events()][-4:] == ["key:pin", "key:unpin", "key:told", "key:untold"]


def test_K2_a_promotion_is_rolled_back_with_one_press_and_the_history_has_it(
    provider: Provider, owner: Browser, clock: Clock
) -> None:
    old = provider.services.ring.signer("RS256").kid
    kid = _next(provider, owner)
    clock.advance(6)
    _press(owner, "force", kid, sure="1")
    page = owner.get("admin/keys")
    assert "Back to the one before" in page.dom.text
    clock.advance(600)
    asked = owner.post("admin/keys", {**_form(page), "do": "rollback", "kid": kid})
    assert asked.dom.find("input", name="password"), "keys ask for a proof of the last minutes"
    assert provider.services.ring.signer("RS256").kid == kid
    owner.log_in(asked, "boss")
    _press(owner, "rollback", kid)
    assert provider.services.ring.signer("RS256").kid == old
    assert next(k.state for k in provider.services.ring.list_keys() if k.kid == kid) == "next"
    told = owner.get("admin/keys").dom.text
    assert "key:rolled_back" in told
    assert "boss" in told


def test_K2_a_service_provider_that_was_given_the_certificate_by_hand_is_told_so_with_the_steps(
    provider: Provider, owner: Browser
) -> None:
    client = register(provider, "Wiki", facts("https://wiki.example/metadata"))
    kid = provider.services.certificates.prepare("signing", "rsa").kid
    text = owner.get(f"admin/keys/{kid}").dom.text
    assert "To be told by hand" in text
    assert "It is not known to read our metadata." in text
    assert "1 application must be given the next certificate by hand." in owner.get("admin").dom.text
    page = owner.get(f"admin/keys/{kid}")
    form = next(n for n, f in enumerate(page.dom.forms) if any("tell" in button for button in f.buttons))
    owner.submit(page, "tell", form)
    assert "To be told by hand" not in owner.get(f"admin/keys/{kid}").dom.text
    assert provider.events("key:told")[-1].client_id == client.id


def test_K1_each_key_has_its_life_drawn_in_words_and_in_a_table(
    provider: Provider, owner: Browser, clock: Clock
) -> None:
    owner.get("saml/metadata")
    kid = _next(provider, owner)
    _press(owner, "certificate_prepare")
    page = owner.get("admin/keys")
    lives = page.dom.find("svg", class_="life")
    keys = [key for key in provider.services.ring.list_keys() if key.state != "removed"]
    held = [one for one in provider.services.certificates.everything() if one.use == "signing"]
    assert len(lives) == len(keys) + len(held)
    assert all(one["role"] == "img" and "from" in one["aria-label"] for one in lives)
    words = " ".join(one["aria-label"] for one in lives)
    assert "signs from" in words
    assert "planned until" in words
    assert "until an admin ends it" in words
    assert page.text.count(kid[:8]) >= 4  # next, active, retiring have a row each in the table, beside its own line
    assert "(planned)" in page.dom.text


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "=HYPERLINK(1)", '"onload=alert(1)'])
def test_K2_a_hostile_name_is_text(provider: Provider, owner: Browser, name: str) -> None:
    provider.add_client(name, redirect_uris=["https://a.example/cb"])
    kid = _next(provider, owner)
    assert "<script>alert" not in owner.get(f"admin/keys/{kid}").text


def test_K2_a_key_that_is_gone_and_odd_numbers_are_answered(provider: Provider, owner: Browser) -> None:
    assert owner.get("admin/keys/unknown").status == 404
    kid = provider.services.ring.signer("RS256").kid
    assert owner.get(f"admin/keys/{kid}?state=nonsense&from=-1").status == 200
    assert owner.get(f"admin/keys/{kid}?from=999999").status == 200


def test_C2_an_auditor_reads_who_has_a_key_and_has_no_buttons(provider: Provider, enter: Enter) -> None:
    _crm(provider)
    auditor = enter("auditor", RoleGrant("auditor"))
    page = auditor.get(f"admin/keys/{provider.services.ring.signer('RS256').kid}")
    assert page.status == 200
    assert "CRM" in page.dom.text
    assert not [form for form in page.dom.forms if "/admin/keys/" in form.action]
