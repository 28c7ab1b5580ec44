"""Rich authorization requests (RFC 9396): asked for at every endpoint, agreed to in detail, and never widened. S39."""

from __future__ import annotations

import json
from typing import Any

import pytest

from clients.errors import InvalidMetadata
from idp.accounts.person import Person
from idp.admin import details_types
from idp.admin.actor import of_shell
from idp.oidc import authorization_details
from idp.oidc.grants import jwt_bearer, token_exchange
from tests.oidc import asked, assertions, details, devices
from tests.oidc.details import API, STORE, payment, text
from tests.oidc.test_hot_paths import reads
from tests.oidc.test_pushed_requests import come, done, push, reference
from tests.oidc.test_request_objects import ask, made
from tests.oidc.test_token_exchange import claims_of, exchange
from tests.provider import Answer, App, Browser, Provider, new_key

FORMATS = pytest.mark.parametrize("form", ["opaque", "jwt"])
ONE = payment()
WRONG = "invalid_authorization_details"


@pytest.fixture
def shop(provider: Provider, ann: Person) -> App:
    """An application that may ask for payments; nobody is asked for consent to its scopes."""
    details.add_type(provider)
    return details.add_app(provider)


def consent_page(provider: Provider, browser: Browser, app: App, **said: Any) -> Answer:
    page = provider.authorize(browser, app, **said)
    return browser.log_in(page) if page.is_login_page else page


@pytest.mark.spec("RFC9396 7")
@pytest.mark.spec("RFC9396 9.1")
@pytest.mark.spec("RFC9396 9.2")
@FORMATS
def test_S39_a_payment_is_shown_agreed_to_and_told_wherever_the_token_is_looked_at(
    provider: Provider, browser: Browser, ann: Person, form: str
) -> None:
    details.add_type(provider)
    shop = details.add_app(provider, access_token_format=form)
    page = consent_page(provider, browser, shop, authorization_details=text(ONE))
    assert page.is_consent_page  # though it is an admin who agrees to its scopes
    assert "Pay 45.00 EUR to Merchant A" in page.dom.text
    answer = provider.redeem(shop, browser.submit(page, "allow").code).json
    assert answer["authorization_details"] == [ONE]
    assert provider.introspect(shop, answer["access_token"])["authorization_details"] == [ONE]
    if form == "jwt":
        assert claims_of(answer["access_token"])["authorization_details"] == [ONE]
    again = provider.refresh(shop, answer["refresh_token"]).json
    assert again["authorization_details"] == [ONE]
    assert provider.introspect(shop, again["access_token"])["authorization_details"] == [ONE]
    assert provider.introspect(shop, again["refresh_token"])["authorization_details"] == [ONE]


@pytest.mark.spec("RFC9396 7.1")
@FORMATS
def test_S39_what_a_detail_leaves_out_is_filled_in_before_anybody_agrees_to_it(
    provider: Provider, browser: Browser, ann: Person, form: str
) -> None:
    more = {
        "account": {"type": "string", "default": "DE02 1203 0000"},
        "actions": {"type": "array", "default": ["pay"]},
    }
    properties = {**details.SCHEMA["properties"], **more}  # type: ignore[dict-item]
    required = ["type", "amount", "to", "account"]
    details.add_type(provider, schema={**details.SCHEMA, "properties": properties, "required": required})
    shop, whole = details.add_app(provider, access_token_format=form), {**ONE, "account": "DE02 1203 0000"}
    page = consent_page(provider, browser, shop, authorization_details=text(ONE))
    assert "DE02 1203 0000" in page.dom.text
    answer = provider.redeem(shop, browser.submit(page, "allow").code, authorization_details=text(ONE)).json
    assert answer["authorization_details"] == [{**whole, "actions": ["pay"]}]
    assert provider.introspect(shop, answer["access_token"])["authorization_details"] == answer["authorization_details"]
    # What the application says itself stands.
    page = consent_page(
        provider, browser, shop, authorization_details=text({**ONE, "account": "FR76", "actions": ["x"]})
    )
    code = browser.submit(page, "allow").code
    assert provider.redeem(shop, code, authorization_details=text(ONE)).error == WRONG  # never another than agreed to
    page = consent_page(provider, browser, shop, authorization_details=text(ONE, whole))
    code = browser.submit(page, "allow").code
    assert len(provider.redeem(shop, code).json["authorization_details"]) == 1  # one and the same


def test_S39_a_default_is_as_its_own_schema_says(provider: Provider) -> None:
    wrong = {"amount": {"type": "object", "default": 5}}
    properties = {**details.SCHEMA["properties"], **wrong}  # type: ignore[dict-item]
    with pytest.raises(InvalidMetadata, match="the default of amount"):
        details.add_type(provider, schema={**details.SCHEMA, "properties": properties})


def test_S39_no_detail_was_agreed_to_before(provider: Provider, browser: Browser, shop: App) -> None:
    assert browser.submit(consent_page(provider, browser, shop, authorization_details=text(ONE)), "allow").code
    same = dict(reversed(ONE.items()))  # the order of names is nothing
    for other in (ONE, same, payment("45.01"), payment(to="Merchant B"), payment(actions=["initiate"])):
        assert provider.authorize(browser, shop, authorization_details=text(other)).is_consent_page
        silent = provider.authorize(browser, shop, authorization_details=text(other), prompt="none")
        assert silent.error == "consent_required"
    page = provider.authorize(browser, shop, authorization_details=text(ONE, payment("9")))
    assert page.is_consent_page
    assert "Pay 9 EUR" in page.dom.text
    assert provider.authorize(browser, shop).code  # without any, as before


def test_what_was_agreed_to_is_bounded_and_shown_on_the_persons_own_page(
    provider: Provider, browser: Browser, shop: App, ann: Person
) -> None:
    from idp.login import consent

    for number in range(consent.MAX_DETAILS + 2):
        page = consent_page(provider, browser, shop, authorization_details=text(payment(str(number))))
        browser.submit(page, "allow")
    names = consent.given(provider.services, ann.id)[shop.id]
    assert len([one for one in names if one.startswith("detail:")]) <= consent.MAX_DETAILS
    assert "openid" in names
    assert "In detail: payment" in browser.get("access").dom.text


def test_S39_what_an_application_sends_stays_text_is_bounded_and_nothing_of_it_is_hidden(
    provider: Provider, browser: Browser, ann: Person
) -> None:
    details.add_type(provider)
    details.add_type(provider, "plain", sentences={})
    shop = details.add_app(provider, authorization_details_types=["payment", "plain"])
    hostile = payment('<script>alert("x")</script>', to="Merchant\u202e A")
    other = {**payment(to="{amount.value}" + "b" * 150), "type": "plain"}
    page = consent_page(provider, browser, shop, authorization_details=text(hostile, other))
    assert "<script>alert" not in page.text
    assert 'Pay <script>alert("x")</script> EUR to Merchant A' in page.dom.text.replace("  ", " ")
    assert "\u202e" not in page.text
    assert "{amount.value}" + "b" * 150 in page.dom.text  # a value is no template, and stands in full below
    for where in ("amount.value", "amount.currency", "to", "plain"):
        assert where in page.dom.text, where


def test_people_are_asked_in_their_language(provider: Provider, browser: Browser, shop: App) -> None:
    browser.headers["Accept-Language"] = "de"
    page = consent_page(provider, browser, shop, authorization_details=text(ONE))
    assert "45.00 EUR an Merchant A zahlen" in page.dom.text
    browser = provider.browser()
    browser.headers["Accept-Language"] = "fr"  # there is none: the admin gave two
    page = consent_page(provider, browser, shop, authorization_details=text(ONE))
    assert "Pay 45.00 EUR to Merchant A" in page.dom.text


NESTED: Any = "x"
for _ in range(8):
    NESTED = {"a": NESTED}


@pytest.mark.spec("RFC9396 5")
@pytest.mark.parametrize(
    "sent",
    [
        pytest.param("{", id="no JSON"),
        pytest.param(json.dumps(ONE), id="an object"),
        pytest.param("[]", id="none"),
        pytest.param("[1]", id="no object"),
        pytest.param('[{"amount": 1}]', id="no type"),
        pytest.param('[{"type": 5}]', id="a type that is no text"),
        pytest.param(text({**ONE, "type": "loan"}), id="an unknown type"),
        pytest.param(text({**ONE, "type": "<b>\u00e9"}), id="an odd type"),
        pytest.param(text({**ONE, "more": 1}), id="an unknown field"),
        pytest.param(text({"type": "payment", "to": "A"}), id="a field is missing"),
        pytest.param(text({**ONE, "to": 5}), id="a field of another kind"),
        pytest.param(text({**ONE, "actions": "initiate"}), id="actions as a text"),
        pytest.param(text({**ONE, "actions": []}), id="no actions"),
        pytest.param(text({**ONE, "locations": ["https://elsewhere.example/"]}), id="a foreign location"),
        pytest.param(text(ONE, ONE), id="twice"),
        pytest.param(text(*[payment(str(n)) for n in range(11)]), id="too many"),
        pytest.param(text({**ONE, "to": NESTED}), id="too deep"),
        pytest.param(text({**ONE, "actions": ["a"] * 70}), id="too many values"),
        pytest.param(text({**ONE, "to": "a\nb"}), id="a control character"),
        pytest.param('[{"type":"payment","amount":{"value":"1","value":"1000"},"to":"A"}]', id="a name twice"),
        pytest.param('[{"type":"payment","amount":{"value":1e999},"to":"A"}]', id="a number out of range"),
        pytest.param('[{"type":"payment","amount":{"value":NaN},"to":"A"}]', id="no number"),
        pytest.param("[" * 5000, id="brackets"),
        pytest.param(text({**ONE, "to": "x" * 9000}), id="too long"),
    ],
)
def test_S39_what_is_malformed_or_unknown_is_refused_before_anybody_is_asked(
    provider: Provider, browser: Browser, shop: App, sent: str
) -> None:
    answer = provider.authorize(browser, shop, authorization_details=sent)
    assert (answer.error, answer.is_redirect) == (WRONG, True), answer.sent
    assert push(provider, shop, authorization_details=sent).error == WRONG


@pytest.mark.spec("RFC9396 10")
def test_S39_a_type_is_offered_once_registered_and_each_application_asks_for_its_own(
    provider: Provider, browser: Browser, ann: Person, crm: App
) -> None:
    document = "/.well-known/openid-configuration"
    assert "authorization_details_types_supported" not in browser.get(document).json
    early = details.add_app(provider, "Early")
    assert provider.authorize(browser, early, authorization_details=text(ONE)).error == WRONG
    details.add_type(provider)
    assert browser.get(document).json["authorization_details_types_supported"] == ["payment"]
    assert provider.authorize(browser, early, authorization_details=text(ONE)).is_login_page
    assert provider.authorize(browser, crm, authorization_details=text(ONE)).error == WRONG
    other = provider.another()
    details_types.remove(other.services, of_shell("tests"), "payment")  # by another process
    provider.services.registry.refresh()
    assert "authorization_details_types_supported" not in browser.get(document).json
    assert provider.authorize(browser, early, authorization_details=text(ONE)).error == WRONG


@pytest.mark.spec("RFC9396 3")
def test_S39_pushed_and_signed_requests_carry_them(provider: Provider, browser: Browser, ann: Person) -> None:
    details.add_type(provider)
    shop = details.add_app(provider, key=new_key())
    uri = reference(provider, shop, authorization_details=text(ONE))
    page = done(browser, come(provider, browser, shop, uri, authorization_details=text(payment("1"))))
    assert provider.redeem(shop, browser.submit(page, "allow").code).json["authorization_details"] == [ONE]
    two = payment("2")
    signed = made(provider, shop, authorization_details=[two])  # as an array (RFC 9101 §4)
    page = ask(browser, shop, request=signed, authorization_details=text(ONE))
    assert "Pay 2 EUR" in page.dom.text
    assert provider.redeem(shop, browser.submit(page, "allow").code).json["authorization_details"] == [two]


def test_S39_a_device_and_an_application_that_asks_elsewhere_get_what_was_agreed_to(
    provider: Provider, browser: Browser, ann: Person
) -> None:
    details.add_type(provider)
    box = details.add_app(provider, "Box", grant_types=[devices.GRANT], redirect_uris=[])
    assert devices.ask(provider, box, authorization_details=text({**ONE, "to": 1})).error == WRONG
    device = devices.begun(provider, box, authorization_details=text(ONE))
    page = devices.come(browser, device)
    assert "Pay 45.00 EUR to Merchant A" in page.dom.text
    browser.submit(page, "allow")
    assert devices.poll(provider, box, device).json["authorization_details"] == [ONE]
    bank = asked.add(provider, authorization_details_types=["payment"])
    assert asked.ask(provider, bank, authorization_details=text({**ONE, "to": 1})).error == WRONG
    began = asked.begun(provider, bank, authorization_details=text(ONE))
    page = asked.come(provider, browser)
    assert "Pay 45.00 EUR to Merchant A" in page.dom.text
    browser.submit(page, "allow")
    assert asked.poll(provider, bank, began).json["authorization_details"] == [ONE]


@FORMATS
def test_S39_a_program_of_its_own_asks_at_the_token_endpoint(provider: Provider, form: str) -> None:
    details.add_type(provider)
    robot = details.add_app(provider, "Robot", "machine", scope="jobs", access_token_format=form)
    answer = provider.client_credentials(robot, authorization_details=text(payment(locations=[API]))).json
    assert answer["authorization_details"] == [payment(locations=[API])]
    seen = provider.introspect(robot, answer["access_token"])
    assert (seen["authorization_details"], seen["aud"]) == ([payment(locations=[API])], [API])
    assert provider.client_credentials(robot, authorization_details=text({**ONE, "x": 1})).error == WRONG


def test_S39_an_assertion_stands_for_nobody_who_agreed(provider: Provider, ann: Person) -> None:
    details.add_type(provider)
    said = {"scope": "files", "grant_types": [jwt_bearer.GRANT_TYPE],
            "assertion_issuers": {assertions.ISSUER: assertions.TRUSTED}}  # fmt: skip
    robot = details.add_app(provider, "Robot", "machine", **said)
    form = {"grant_type": jwt_bearer.GRANT_TYPE, "assertion": assertions.of(provider, "ann")}
    assert provider.post("oauth/token", robot, {**form, "authorization_details": text(ONE)}).error == WRONG
    assert provider.post("oauth/token", robot, form).status == 200


def test_S39_no_detail_goes_through_the_browser(provider: Provider, browser: Browser, ann: Person) -> None:
    details.add_type(provider)
    kinds = ["code", "id_token token", "code id_token"]
    app = details.add_app(provider, response_types=kinds, grant_types=["authorization_code", "implicit"])
    answer = provider.authorize(browser, app, response_type="id_token token", authorization_details=text(ONE))
    assert answer.error == WRONG
    page = consent_page(provider, browser, app, response_type="code id_token", authorization_details=text(ONE))
    assert provider.redeem(app, browser.submit(page, "allow").code).json["authorization_details"] == [ONE]


BOTH = payment(actions=["initiate", "status"], locations=[API, STORE])


@pytest.mark.spec("RFC9396 6")
@pytest.mark.spec("RFC9396 6.1")
@pytest.mark.parametrize(
    ("wanted", "may"),
    [
        pytest.param([BOTH], True, id="the same"),
        pytest.param([{**BOTH, "actions": ["status"]}], True, id="fewer actions"),
        pytest.param([{**BOTH, "locations": [API]}], True, id="fewer locations"),
        pytest.param([{**BOTH, "actions": ["initiate", "status", "cancel"]}], False, id="more actions"),
        pytest.param([{k: v for k, v in BOTH.items() if k != "actions"}], False, id="actions left out"),
        pytest.param([{**BOTH, "to": "Merchant B"}], False, id="another field"),
        pytest.param([{**BOTH, "amount": {"value": "1", "currency": "EUR"}}], False, id="another amount"),
        pytest.param([{**BOTH, "type": "loan"}], False, id="another type"),
        pytest.param([{**BOTH, "privileges": ["admin"]}], False, id="a field beside"),
        pytest.param([BOTH, {**BOTH, "actions": ["status"]}], False, id="one payment as two"),
        pytest.param([ONE], False, id="another detail"),
    ],
)
def test_S39_a_part_may_be_asked_for_and_never_more(
    provider: Provider, browser: Browser, shop: App, wanted: list[dict[str, Any]], may: bool
) -> None:
    page = consent_page(
        provider, browser, shop, scope="files offline_access", prompt="consent", authorization_details=text(BOTH)
    )
    code = browser.submit(page, "allow").code
    answer = provider.redeem(shop, code, authorization_details=text(*wanted))
    if not may:
        assert (answer.status, answer.error) == (400, WRONG)
        answer = provider.redeem(shop, code)  # the code is still good for what was agreed to
        assert answer.json["authorization_details"] == [BOTH]
        assert provider.refresh(shop, answer.json["refresh_token"], authorization_details=text(*wanted)).error == WRONG
        return
    assert answer.json["authorization_details"] == wanted
    assert provider.introspect(shop, answer.json["access_token"])["authorization_details"] == wanted
    # What one use asks for takes nothing from the next.
    again = provider.refresh(shop, answer.json["refresh_token"]).json
    assert again["authorization_details"] == [BOTH]
    repeated = provider.refresh(shop, answer.json["refresh_token"], authorization_details=text(*wanted)).json
    assert repeated["authorization_details"] == [BOTH]  # a lost response is answered as it was, word for word


@pytest.mark.spec("RFC9396 9.1")
@FORMATS
def test_S39_resource_indicators_filter_them_and_each_api_is_told_its_own(
    provider: Provider, browser: Browser, ann: Person, form: str
) -> None:
    details.add_type(provider)
    shop = details.add_app(provider, access_token_format=form)
    for_api, for_store, for_any = payment("1", locations=[API]), payment("2", locations=[STORE]), payment("3")
    asked_for = text(for_api, for_store, for_any)
    page = consent_page(
        provider, browser, shop, scope="files offline_access", prompt="consent", authorization_details=asked_for
    )
    first = provider.redeem(shop, browser.submit(page, "allow").code, resource=API).json
    assert first["authorization_details"] == [for_api, for_any]
    seen = provider.introspect(shop, first["access_token"])
    assert (seen["aud"], seen["authorization_details"]) == ([API], [for_api, for_any])
    both = provider.refresh(shop, first["refresh_token"]).json
    assert both["authorization_details"] == [for_api, for_store, for_any]
    assert provider.introspect(shop, both["access_token"])["aud"] == [API, STORE]
    types = ["payment"]
    store = provider.add_client(
        "Store", "machine", scope="x", resources=[STORE], introspection="audience", authorization_details_types=types
    )
    assert provider.introspect(store, both["access_token"])["authorization_details"] == [for_store, for_any]
    assert (
        provider.refresh(shop, both["refresh_token"], resource=API, authorization_details=text(for_store)).error
        == WRONG
    )


def test_S39_a_type_of_an_api_is_for_whoever_may_use_that_api(
    provider: Provider, browser: Browser, ann: Person
) -> None:
    details.add_type(provider, resources=(API,))
    shop = details.add_app(provider, authorization_details_types=[], resources=[API, STORE])
    page = consent_page(provider, browser, shop, scope="files", authorization_details=text(ONE))
    answer = provider.redeem(shop, browser.submit(page, "allow").code).json
    assert answer["authorization_details"] == [ONE]
    assert provider.introspect(shop, answer["access_token"])["aud"] == [API]
    elsewhere = payment(locations=[STORE])
    assert provider.authorize(browser, shop, authorization_details=text(elsewhere)).error == WRONG
    other = details.add_app(provider, "Other", authorization_details_types=[], resources=[STORE])
    assert provider.authorize(browser, other, authorization_details=text(ONE)).error == WRONG
    named = details.add_app(provider, "Named", resources=[STORE])
    assert provider.authorize(browser, named, authorization_details=text(ONE)).error == WRONG


@FORMATS
def test_S39_what_an_admin_takes_away_is_gone_from_tokens_too(
    provider: Provider, browser: Browser, ann: Person, form: str
) -> None:
    details.add_type(provider)
    shop = details.add_app(provider, access_token_format=form)
    page = consent_page(provider, browser, shop, authorization_details=text(ONE))
    tokens = provider.redeem(shop, browser.submit(page, "allow").code).json
    provider.services.registry.update(shop.id, {"authorization_details_types": None})
    assert "authorization_details" not in provider.introspect(shop, tokens["access_token"])
    assert "authorization_details" not in provider.refresh(shop, tokens["refresh_token"]).json


@FORMATS
def test_S39_S37_an_exchange_gives_on_what_the_token_has_and_what_its_own_application_may_have(
    provider: Provider, browser: Browser, ann: Person, form: str
) -> None:
    details.add_type(provider)
    own = {"scope": "files", "grant_types": [token_exchange.GRANT_TYPE], "access_token_format": form}
    back = details.add_app(provider, "Back", "machine", **own)
    plain = details.add_app(provider, "Plain", "machine", authorization_details_types=[], **own)
    shop = details.add_app(provider, may_act=[back.id, plain.id], access_token_format=form)
    for_api, for_store = payment("1", locations=[API]), payment("2", locations=[STORE])
    page = consent_page(provider, browser, shop, scope="files", authorization_details=text(for_api, for_store))
    token = provider.redeem(shop, browser.submit(page, "allow").code).json["access_token"]
    answer = exchange(provider, back, token, resource=API).json
    assert answer["authorization_details"] == [for_api]
    assert provider.introspect(back, answer["access_token"])["authorization_details"] == [for_api]
    again = exchange(provider, back, answer["access_token"], resource=API, authorization_details=text(for_store))
    assert again.error == WRONG
    assert exchange(provider, back, token, resource=API, authorization_details=text(payment("9"))).error == WRONG
    assert "authorization_details" not in exchange(provider, plain, token, resource=API).json


@pytest.mark.parametrize(
    "value", ["x" * 2001, ["x" * 2001], 10**2001, {"n" * 118: "x"}], ids=["text", "text of a list", "number", "name"]
)
def test_S39_what_would_be_cut_on_the_page_is_refused(provider: Provider, ann: Person, value: Any) -> None:
    details.add_type(provider, schema={"type": "object"})
    shop, browser = details.add_app(provider), provider.browser()
    refused = provider.authorize(browser, shop, authorization_details=text(payment(to=value)))
    assert refused.error == WRONG


def test_S39_what_may_be_sent_at_most_is_shown_whole(provider: Provider, browser: Browser, ann: Person) -> None:
    details.add_type(provider, schema={"type": "object"})
    name, value = "n" * 117, "y" * 2000
    page = consent_page(
        provider, browser, details.add_app(provider), authorization_details=text(payment(to={name: value}))
    )
    assert f"to.{name}" in page.text
    assert value in page.text


@pytest.mark.parametrize(
    ("wanted", "granted"),
    [({"n": True}, {"n": 1}), ({"n": 1.0}, {"n": 1}), ([0], [False])],
    ids=["true", "1.0", "false"],
)
def test_S39_what_is_equal_to_python_alone_is_another_detail(wanted: Any, granted: Any) -> None:
    assert authorization_details.is_within([payment(to=granted)], [payment(to=granted)])
    assert not authorization_details.is_within([payment(to=wanted)], [payment(to=granted)])


def test_S39_a_part_is_as_its_schema_says_as_well(provider: Provider, browser: Browser, ann: Person) -> None:
    properties = {**details.SCHEMA["properties"], "actions": {"type": "array", "minItems": 2}}  # type: ignore[dict-item]
    details.add_type(provider, schema={**details.SCHEMA, "properties": properties})
    shop = details.add_app(provider)
    whole = payment(actions=["read", "write"])
    page = consent_page(provider, browser, shop, authorization_details=text(whole))
    token = provider.redeem(shop, browser.submit(page, "allow").code).json["refresh_token"]
    assert provider.refresh(shop, token, authorization_details=text(payment(actions=["read"]))).error == WRONG
    assert provider.refresh(shop, token, authorization_details=text(whole)).json["authorization_details"] == [whole]


def test_who_asks_for_nothing_in_detail_costs_no_more(
    provider: Provider, browser: Browser, shop: App, crm: App
) -> None:
    tokens = provider.tokens(crm, browser)
    provider.authorize(browser, crm)
    sql, verbs, _ = provider.counted(lambda: provider.authorize(browser, crm))
    assert (len(reads(sql)), len(verbs)) == (1, 1)
    sql, _, _ = provider.counted(lambda: provider.introspect(crm, tokens["access_token"]))
    assert len(reads(sql)) == 1
    provider.browser().get("/.well-known/openid-configuration")
    sql, _, _ = provider.counted(lambda: browser.get("/.well-known/openid-configuration"))
    assert sql == []
