"""An address of another product, or a mistyped one: whose side it is, and our address. Q1, Q5."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from time import thread_time
from urllib.parse import urlencode

import pytest

from idp import reached
from idp.admin import problems
from idp.admin.actor import of_shell
from idp.app import ROUTES
from idp.audit import Event, tail
from idp.web.strayed import ENDPOINTS
from tests.provider import Provider, basic

ASKED = {"client_id": "x", "redirect_uri": "https://crm.example/cb", "response_type": "code", "scope": "openid"}
BROWSERS = [
    # path, what it sends, the endpoint of ours
    ("oauth2/authorize", ASKED, "/oauth/authorize"),
    ("authorize", ASKED, "/oauth/authorize"),
    ("oauth/authorize/go", ASKED, "/oauth/authorize"),
    ("realms/company/protocol/openid-connect/auth", ASKED, "/oauth/authorize"),
    ("auth/realms/company/protocol/openid-connect/auth", ASKED, "/oauth/authorize"),
    ("9f1/oauth2/v2.0/authorize", ASKED, "/oauth/authorize"),
    ("application/o/authorize/", ASKED, "/oauth/authorize"),
    ("as/authorization.oauth2", {}, "/oauth/authorize"),
    ("login/oauth/authorise", {}, "/oauth/authorize"),
    ("realms/company/protocol/openid-connect/logout", {"id_token_hint": "x"}, "/oauth/logout"),
    ("connect/endsession", {}, "/oauth/logout"),
    ("adfs/ls/", {"SAMLRequest": "x"}, "/saml/sso"),
    ("simplesaml/saml2/idp/SSOService.php", {"SAMLRequest": "x"}, "/saml/sso"),
    ("realms/company/protocol/saml", {"SAMLRequest": "x"}, "/saml/sso"),
    ("idp/profile/SAML2/Redirect/SLO", {"SAMLRequest": "x"}, "/saml/slo"),
    ("idp/profile/SAML2/Unsolicited/SSO", {"providerId": "https://wiki.example/metadata"}, "/saml/start/CLIENT_ID"),
    ("adfs/ls/idpinitiatedsignon.aspx", {"loginToRp": "https://wiki.example/metadata"}, "/saml/start/CLIENT_ID"),
    ("realms/company/protocol/saml/clients/wiki", {}, "/saml/start/CLIENT_ID"),
]  # fmt: skip
PROGRAMS = [
    ("POST", "oauth/v2/token", {"grant_type": "authorization_code"}, "/oauth/token"),
    ("POST", "token", {"grant_type": "authorization_code", "client_id": "x"}, "/oauth/token"),
    ("POST", "realms/company/protocol/openid-connect/token", {}, "/oauth/token"),
    ("GET", "realms/company/protocol/openid-connect/userinfo", {}, "/oauth/userinfo"),
    ("GET", "realms/company/protocol/openid-connect/certs", {}, "/oauth/jwks"),
    ("GET", "oauth2/v1/keys", {}, "/oauth/jwks"),
    ("GET", "realms/company/.well-known/openid-configuration", {}, "/.well-known/openid-configuration"),
    ("GET", "oauth/.well-known/openid-configuration", {}, "/.well-known/openid-configuration"),
    ("POST", "oauth2/introspect", {"token": "x"}, "/oauth/introspect"),
    ("GET", "FederationMetadata/2007-06/FederationMetadata.xml", {}, "/saml/metadata"),
    ("GET", "saml2/idp/metadata.php", {}, "/saml/metadata"),
]


def kept(provider: Provider) -> Event:
    """The only error of the record."""
    (event,) = [event for event in tail(provider.services.db, 50) if event.error_id]
    return event


@pytest.mark.parametrize(("path", "sent", "ours"), BROWSERS, ids=[one[0] for one in BROWSERS])
def test_Q1_a_browser_at_an_endpoint_of_another_product_is_told_whose_side_it_is(
    provider: Provider, path: str, sent: dict[str, str], ours: str
) -> None:
    app = provider.add_client("CRM")
    sent = {**sent, "client_id": app.id} if "client_id" in sent else sent
    page = provider.browser().get(f"{path}?{urlencode(sent)}")
    assert page.status == 404
    event = kept(provider)
    assert str(event.error_id) in page.text
    assert provider.services.issuer + ours in page.text  # for its developer; anybody reads it in our discovery
    assert event.client_id == (app.id if "client_id" in sent else None)
    (one,) = problems.findings_of(event)
    assert (one.side, one.expected) == ("application", provider.services.issuer + ours)
    assert one.got == f"/{path}"
    assert provider.services.issuer in one.fix
    assert one.field == ENDPOINTS[ours][1]


@pytest.mark.parametrize(("method", "path", "sent", "ours"), PROGRAMS, ids=[one[1] for one in PROGRAMS])
def test_Q1_a_program_at_an_endpoint_of_another_product_is_answered_in_json(
    provider: Provider, method: str, path: str, sent: dict[str, str], ours: str
) -> None:
    browser = provider.browser()
    answer = browser.post(path, sent) if method == "POST" else browser.get(path)
    assert answer.status == 404
    assert answer.error == "invalid_request"
    event = kept(provider)
    told = answer.json["error_description"]
    assert provider.services.issuer + ours in told
    assert str(event.error_id) in told
    (one,) = problems.findings_of(event)
    assert (one.side, one.field) == ("application", ENDPOINTS[ours][1])
    assert one.expected.startswith(provider.services.issuer)


@pytest.mark.parametrize("path", ["nowhere", "wp-login.php", "auth", "keys", "portal/keys", ".git/config", "me"])
def test_Q1_an_address_that_no_application_asks_for_is_a_page_that_is_not_there(provider: Provider, path: str) -> None:
    page = provider.browser().get(path)
    assert page.status in (404, 405)
    assert [event.action for event in tail(provider.services.db, 5)][-1] in (
        "error:not_found",
        "error:method_not_allowed",
    )


def test_Q4_a_secret_in_the_place_of_the_id_is_not_kept(provider: Provider) -> None:
    app = provider.add_client("CRM")
    provider.browser().get(f"oauth2/authorize?client_id={app.secret}&response_type=code")
    assert str(app.secret) not in str(kept(provider))


def test_Q1_every_endpoint_that_is_named_is_there() -> None:
    known = {route.path for route in ROUTES}
    assert {one.replace("CLIENT_ID", "<client_id>") for one in ENDPOINTS} <= known


def test_Q1_an_application_that_is_turned_off_is_named_with_the_command(provider: Provider) -> None:
    app = provider.add_client("CRM")
    provider.services.registry.disable(app.id)
    page = provider.authorize(provider.browser(), app)
    assert page.status == 400
    for one in problems.findings_of(kept(provider)):
        assert (one.side, one.field) == ("doorward", "enabled")
        assert one.fix == f"CRM is turned off here; if it shall be on: doorward client enable {app.id}"


@pytest.mark.parametrize("said", ["saml", "saml/metadat", "/realms", "/v1", "metadata", "/", "%C3%A9saml"])
def test_Q1_a_path_of_any_length_costs_its_length_once(provider: Provider, said: str) -> None:
    """Seconds of this thread: the square of the length would be a minute of it, for a stranger's one request."""
    browser = provider.browser()
    browser.get("nowhere")
    begun = thread_time()
    page = browser.get("x/" + said * (60_000 // len(said)))
    assert thread_time() - begun < 2
    assert page.status == 404


@pytest.mark.parametrize(
    "path", ["x/saml-idp/the.metadata", "SAML2/Metadata/idp", "x/FEDERATIONMETADATA/y", "a/descriptor"]
)
def test_Q1_metadata_is_known_by_its_words(provider: Provider, path: str) -> None:
    provider.browser().get(path)
    (one,) = problems.findings_of(kept(provider))
    assert one.expected == provider.services.issuer + "/saml/metadata"


JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("way", "path"),
    [
        ("basic", "oauth2/token"),
        ("basic", "token"),
        ("json", "oauth/v2/token"),
        ("json", "token"),
        ("query", "oauth2/token"),
        ("assertion", "token"),
    ],
)
def test_Q1_a_program_that_says_who_it_is_in_another_way_than_the_form_is_the_applications_own(
    provider: Provider, path: str, way: str
) -> None:
    app = provider.add_client("CRM")
    grant = {"grant_type": "client_credentials"}
    claims = urlsafe_b64encode(json.dumps({"iss": app.id, "sub": app.id}).encode()).decode().rstrip("=")
    provider.browser().open("POST", *{
        "basic": (path, grant, basic(app.id, str(app.secret))),
        "json": (path, json.dumps({**grant, "client_id": app.id, "client_secret": app.secret}).encode(), JSON),
        "query": (f"{path}?client_id={app.id}", grant, {}),
        "assertion": (path, {**grant, "client_assertion": f"e30.{claims}.x"}, {}),
    }[way])  # fmt: skip
    event = kept(provider)
    assert event.client_id == app.id
    assert str(app.secret) not in str(event)
    (problem,) = problems.of_application(provider.services, of_shell("ann"), app.client)
    assert problem.error_id == event.error_id


@pytest.mark.parametrize("path", ["oauth/token", "oauth/par", "oauth/introspect", "oauth/revoke"])
def test_Q1_json_at_an_endpoint_with_a_client_id_in_it_is_the_applications_own(provider: Provider, path: str) -> None:
    app = provider.add_client("CRM")
    body = json.dumps({"client_id": app.id, "client_secret": app.secret, "token": "x"}).encode()
    answer = provider.browser().open("POST", path, body, JSON, cookies=False)
    assert answer.status in (400, 401)
    event = kept(provider)
    assert event.client_id == app.id
    assert str(app.secret) not in str(event)


def test_Q1_a_get_at_the_token_endpoint_is_the_applications_own(provider: Provider) -> None:
    app = provider.add_client("CRM")
    provider.browser().open("GET", "oauth/token", None, basic(app.id, str(app.secret)))
    assert kept(provider).client_id == app.id


@pytest.mark.parametrize("said", ["nobody", "x" * 5000, "\0", "ü"])
def test_Q1_an_id_that_no_application_has_makes_nobodys_error(provider: Provider, said: str) -> None:
    provider.browser().open("POST", "oauth2/token", {"grant_type": "x"}, basic(said, "s"))
    assert kept(provider).client_id is None


@pytest.mark.parametrize("head", ["/sso", "/a/b-c.d"])
def test_Q1_a_path_before_one_of_ours_is_named(provider: Provider, head: str) -> None:
    provider.browser().get(f"{head[1:]}/oauth/userinfo")
    assert head in str(kept(provider).detail)


@pytest.mark.parametrize("head", ["/$(id)", "/x;id", "/'`id`", "/x y", "/" + "x" * 300])
def test_Q1_advice_is_made_of_no_path_that_only_a_stranger_writes(provider: Provider, head: str) -> None:
    """It says what server.issuer is set to."""
    assert reached.path_added(provider.services, f"{head}/oauth/userinfo", ["/oauth/userinfo"]) is None
    assert reached.path_added(provider.services, "/sso/oauth/userinfo", ["/oauth/userinfo"]) is not None
