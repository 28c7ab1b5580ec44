"""Keys and certificates in the console. K1, C3, B5."""

from __future__ import annotations

from idp.accounts.roles import RoleGrant
from tests.backends import Clock
from tests.console.conftest import Enter
from tests.provider import Answer, Browser, Provider


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
