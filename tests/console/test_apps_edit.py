"""Settings are changed in a form made of the table of fields; no admin's change is overwritten. B5, C4, C6, R1."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from typing import Any

import pytest

from clients.certificate_names import NAMES
from clients.registry import Draft
from clients.saml_fields import SETTINGS
from idp.accounts.roles import RoleGrant
from idp.admin import applications
from idp.audit.searching import Wanted, latest
from idp.console.apps import fields
from idp.console.apps.labels import LABELS
from idp.saml.metadata.description import from_acs
from tests.backends import Clock
from tests.console.conftest import Enter, form_at
from tests.provider import PASSWORD, Answer, App, Browser, Provider

HOSTILE = """"><script>alert(1)</script><b id=x>'&{{7*7}}</textarea>"""


def page_of(browser: Browser, app: App) -> Answer:
    page = browser.get(f"admin/apps/{app.id}/edit")
    assert page.status == 200
    return page


def save(browser: Browser, page: Answer, app: App, values: Mapping[str, str]) -> Answer:
    return browser.submit(page, form=form_at(page, f"/admin/apps/{app.id}/edit"), **values)


def metadata(provider: Provider, app: App) -> Mapping[str, Any]:
    return provider.services.registry.get(app.id).metadata


def saml_app(provider: Provider) -> App:
    services = provider.services
    facts = from_acs("urn:desk", ["https://desk.example/acs"]).facts
    made = services.registry.register(Draft(name="Desk", kind="saml", metadata={"sp_metadata": facts}))
    return App(made.client, None)


def test_C6_journey_3_an_app_admin_changes_a_redirect_uri_sees_the_difference_and_undoes_it(
    provider: Provider, enter: Enter
) -> None:
    app = provider.add_client("CRM")
    visitor = enter("carol", RoleGrant("app_admin", (app.id,)))
    done = save(
        visitor, page_of(visitor, app), app, {"redirect_uris": "https://crm.example/cb\r\nhttps://new.example/cb"}
    )
    assert done.is_redirect
    after = visitor.follow(done)
    assert re.findall(r"<ins>(.*?)</ins>", after.text) == ["https://new.example/cb"]
    assert metadata(provider, app)["redirect_uris"] == ["https://crm.example/cb", "https://new.example/cb"]
    undo = next(n for n, form in enumerate(after.dom.forms) if "undo" in form.names())
    assert visitor.submit(after, form=undo).is_redirect
    assert metadata(provider, app)["redirect_uris"] == ["https://crm.example/cb"]
    events = latest(provider.services.db, Wanted(client_id=app.id, action="client:update"), 5)
    assert len(events) == 2
    assert all(event.actor.startswith("person:") and event.address for event in events)


@pytest.mark.parametrize(
    ("key", "typed", "value"),
    [
        ("access_token_lifetime", "10m", 600),
        ("consent", "explicit", "explicit"),
        ("id_token_claims", "true", True),
        ("claims_map", '{"employee_id": "employee_number"}', {"employee_id": "employee_number"}),
        ("contacts", "a@example.com\n\n b@example.com ", ["a@example.com", "b@example.com"]),
        ("scope", "openid email", "openid email"),
        ("client_name", "Customers", "Customers"),
        ("backchannel_logout_uri", "https://crm.example/out", "https://crm.example/out"),
    ],
)
def test_B5_each_sort_of_field_is_typed_and_taken_back(
    provider: Provider, owner: Browser, key: str, typed: str, value: Any
) -> None:
    app = provider.add_client("CRM")
    default = metadata(provider, app).get(key)
    assert save(owner, page_of(owner, app), app, {key: typed}).is_redirect
    assert metadata(provider, app)[key] == value
    if key != "client_name":
        assert save(owner, page_of(owner, app), app, {key: ""}).is_redirect
        assert metadata(provider, app).get(key) == default


@pytest.mark.parametrize(
    ("key", "typed", "said"),
    [
        ("redirect_uris", "http://crm.example/cb", "https"),
        ("redirect_uris", "", "at least one"),
        ("access_token_lifetime", "soon", "10m"),
        ("access_token_lifetime", "5", "30"),
        ("claims_map", "{", "JSON"),
        ("jwks_uri", "http://x.example", "https"),
        ("client_name", "", "1 to 200"),
        ("contacts", "nobody", "e-mail"),
        ("description", HOSTILE * 5, "1 to 200"),
    ],
)
def test_B5_what_is_wrong_stands_at_its_field_and_nothing_is_lost_or_changed(
    provider: Provider, owner: Browser, key: str, typed: str, said: str
) -> None:
    app = provider.add_client("CRM")
    before = provider.services.registry.edition(app.id)
    answer = save(owner, page_of(owner, app), app, {key: typed, "policy_uri": "https://kept.example/"})
    assert answer.status == 400
    told = re.search(rf'<p class="problem" id="{key}-problem">(.*?)</p>', answer.text, re.DOTALL)
    assert told is not None, answer.dom.text
    assert said in html.unescape(told[1])
    assert "https://kept.example/" in answer.text
    assert typed.strip() in html.unescape(answer.text)
    assert "<script>alert" not in answer.text
    assert provider.services.registry.edition(app.id) == before


def test_C4_a_change_that_somebody_else_made_meanwhile_is_not_overwritten(provider: Provider, owner: Browser) -> None:
    app = provider.add_client("CRM", access_token_lifetime=300)
    page = page_of(owner, app)
    provider.services.registry.update(app.id, {"access_token_lifetime": 900, "policy_uri": "https://theirs.example/"})
    base_form = {"access_token_lifetime": "600", "policy_uri": "", "tos_uri": "https://mine.example/"}
    refused = save(owner, page, app, base_form)
    assert refused.status == 409
    assert metadata(provider, app)["access_token_lifetime"] == 900
    assert "tos_uri" not in metadata(provider, app)
    beside = re.findall(r'<td class="pre"[^>]*>(.*?)</td>', refused.text)
    assert beside[beside.index("900") + 1] == "600"  # both values, side by side
    assert "https://theirs.example/" in beside
    # What was not touched is theirs in the form as well; sent once more, it is a decision.
    again = save(owner, refused, app, {"access_token_lifetime": "600", "policy_uri": "https://theirs.example/",
                                       "tos_uri": "https://mine.example/"})  # fmt: skip
    assert again.is_redirect
    found = metadata(provider, app)
    assert found["access_token_lifetime"] == 600
    assert found["policy_uri"] == "https://theirs.example/"
    assert found["tos_uri"] == "https://mine.example/"


def test_C4_a_form_without_an_edition_is_refused(provider: Provider, owner: Browser) -> None:
    app = provider.add_client("CRM")
    page = page_of(owner, app)
    answer = save(owner, page, app, {"edition": "", "base": "[1", "consent": "explicit"})
    assert answer.status == 409
    assert metadata(provider, app)["consent"] == "implicit"


def test_C2_an_app_admin_changes_no_other_application(provider: Provider, enter: Enter) -> None:
    mine, other = provider.add_client("Mine"), provider.add_client("Other")
    visitor = enter("carol", RoleGrant("app_admin", (mine.id,)))
    assert visitor.get(f"admin/apps/{other.id}/edit").status == 403
    page = page_of(visitor, mine)
    values = page.dom.forms[form_at(page, "/edit")].filled(None, {"consent": "explicit"})
    assert visitor.post(f"admin/apps/{other.id}/edit", values).status == 403
    assert metadata(provider, other)["consent"] == "implicit"
    auditor = enter("sam", RoleGrant("auditor"))
    assert auditor.get(f"admin/apps/{mine.id}/edit").status == 403
    assert auditor.post(f"admin/apps/{mine.id}/edit", values).status == 403


def test_R1_a_service_provider_is_set_by_the_fields_of_its_own_table(provider: Provider, owner: Browser) -> None:
    app = saml_app(provider)
    page = page_of(owner, app)
    assert not page.dom.find("textarea", id="redirect_uris")
    values = {"name_id_format": "email", "sign": "assertion", "attributes": '{"mail": "email"}', "skew_seconds": "60"}
    assert save(owner, page, app, values).is_redirect
    found = metadata(provider, app)
    assert found["sign"] == "assertion"
    assert found["name_id_format"].endswith("emailAddress")
    assert found["attributes"] == {"mail": "email"}
    wrong = save(owner, page_of(owner, app), app, {"encrypt": "required"})
    assert wrong.status == 400
    assert 'id="encrypt-problem"' in wrong.text


def test_B5_every_field_that_works_has_its_name_and_a_place_in_the_form(provider: Provider, owner: Browser) -> None:
    for app in (provider.add_client("CRM"), saml_app(provider)):
        known = fields.kinds_of(provider.services.registry.get(app.id))
        page = page_of(owner, app)
        for key in known:
            assert key in LABELS, f"{key} needs a line in idp/console/apps/labels.py"
            assert any(about.get("id") == key for _, about in page.dom.elements), key
    assert set(SETTINGS) <= set(LABELS)


def test_B1_values_that_are_code_are_shown_as_text(provider: Provider, owner: Browser) -> None:
    app = provider.add_client(HOSTILE, redirect_uris=["https://evil.example/cb"], description=HOSTILE)
    page = page_of(owner, app)
    assert "<script>alert" not in page.text
    assert not page.dom.find("b", id="x")
    assert save(owner, page, app, {}).is_redirect  # and come back as they were: nothing differs
    assert not latest(provider.services.db, Wanted(client_id=app.id, action="client:update"), 5)


def test_B5_what_was_typed_outlives_a_session_that_ended(provider: Provider, owner: Browser, clock: Clock) -> None:
    app = provider.add_client("CRM")
    page = page_of(owner, app)
    clock.advance(13 * 3600)  # older than an admin's sign-in may be
    answer = save(owner, page, app, {"consent": "explicit", "contacts": "a@example.com\nb@example.com"})
    assert metadata(provider, app)["consent"] == "implicit"
    while answer.is_redirect or answer.dom.find("input", name="password"):
        answer = owner.follow(answer) if answer.is_redirect else owner.submit(
            answer, form=next(n for n, f in enumerate(answer.dom.forms) if "password" in f.names()), password=PASSWORD
        )  # fmt: skip
    assert "Go on where you were" in answer.dom.text
    assert owner.submit(answer, form=form_at(answer, f"/admin/apps/{app.id}/edit")).is_redirect
    assert metadata(provider, app)["consent"] == "explicit"
    assert metadata(provider, app)["contacts"] == ["a@example.com", "b@example.com"]


def test_C3_what_an_application_proves_itself_by_asks_for_a_proof_of_the_last_minutes_and_so_does_its_undo(
    provider: Provider, owner: Browser, clock: Clock
) -> None:
    app = provider.add_client("CRM")
    page = page_of(owner, app)
    clock.advance(600)
    other = save(owner, page, app, {"consent": "explicit"})
    assert other.is_redirect  # the rest of the form does not ask
    change = {"token_endpoint_auth_method": "client_secret_post"}
    asked = save(owner, page_of(owner, app), app, change)
    assert asked.is_login_page
    assert metadata(provider, app)["token_endpoint_auth_method"] != "client_secret_post"
    owner.log_in(asked, "boss")
    assert save(owner, page_of(owner, app), app, change).is_redirect
    assert metadata(provider, app)["token_endpoint_auth_method"] == "client_secret_post"
    clock.advance(600)
    history = owner.get(f"admin/apps/{app.id}/history")
    undo = next(n for n, form in enumerate(history.dom.forms) if "undo" in form.names())
    assert owner.submit(history, form=undo).is_login_page
    assert metadata(provider, app)["token_endpoint_auth_method"] == "client_secret_post"


@pytest.mark.parametrize(("key", "text"), [
    ("tls_client_auth_subject_dn", "CN=thief"), ("may_act", "web"), ("may_impersonate", "web"),
    ("native_sso_group", "field"),
    ("exchange_resources", "https://api.example"),
    ("id_jag_audiences", '{"https://as.example": {"client_id": "crm", "scope": "read"}}'),
    ("introspection", "all"), ("client_assertion_audience", "legacy"),
    ("assertion_issuers", '{"https://hr.example": {"jwks_uri": "https://hr.example/jwks", "subject": "username"}}'),
])  # fmt: skip
def test_C3_S28_whom_an_application_may_be_or_pass_for_asks_for_a_proof_of_the_last_minutes(
    provider: Provider, owner: Browser, clock: Clock, key: str, text: str
) -> None:
    app = provider.add_client("CRM")
    before = metadata(provider, app).get(key)
    page = page_of(owner, app)
    clock.advance(600)
    assert save(owner, page, app, {key: text}).is_login_page
    assert metadata(provider, app).get(key) == before


def test_C3_every_field_of_how_an_application_proves_itself_is_sensitive() -> None:
    """And so is what reaches beyond it, but the addresses of APIs and the profile, which give nobody's rights."""
    fields_of = {key for key, label in LABELS.items() if label.part == "proof"}
    assert fields_of >= {"jwks", *NAMES}
    assert fields_of <= applications.PROOFS
    assert applications._BEYOND - {"resources", "profile"} <= applications.PROVED_AGAIN


def test_C2_an_app_admin_is_told_which_fields_reach_beyond_the_application(provider: Provider, enter: Enter) -> None:
    app = provider.add_client("CRM")
    visitor = enter("appy", RoleGrant("app_admin", (app.id,)))
    answer = save(visitor, page_of(visitor, app), app, {"resources": "https://payroll.example/api"})
    assert answer.status == 400
    assert "it reaches beyond this application" in answer.dom.text
    assert not metadata(provider, app).get("resources")


def test_Q1_an_ACS_is_added_in_the_form_and_what_is_wrong_with_one_stands_at_its_field(
    provider: Provider, owner: Browser
) -> None:
    """The fix of `acs` has a click as well as a command; what stays keeps its index."""
    app = saml_app(provider)
    both = "https://desk.example/acs\r\nhttps://new.desk.example/acs"
    assert save(owner, page_of(owner, app), app, {"acs": both}).is_redirect
    found = provider.services.registry.get(app.id).saml
    assert found is not None
    assert [(one.index, one.location) for one in found.acs] == [
        (0, "https://desk.example/acs"), (1, "https://new.desk.example/acs")]  # fmt: skip
    for typed in ("http://new.desk.example/acs", "", "https://new.desk.example/acs#x"):
        wrong = save(owner, page_of(owner, app), app, {"acs": typed})
        assert wrong.status == 400
        assert 'id="acs-problem"' in wrong.text
    assert provider.services.registry.get(app.id).saml == found
    assert not page_of(owner, provider.add_client("CRM")).dom.find("textarea", id="acs")
