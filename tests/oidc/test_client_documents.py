"""Client-ID metadata documents (draft-ietf-oauth-client-id-metadata-document-01): J1, S41, S42."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from clients.documents import hosts as known
from clients.documents import reading
from clients.documents.address import in_path, of_path
from clients.documents.address import read as read_address
from clients.errors import ChangedMeanwhile
from clients.self_registered import kept
from clients.self_registered.policy import Policy
from idp.accounts.person import Person
from idp.admin import applications, client_hosts
from idp.admin.actor import of_shell
from idp.http import OutboundFailed
from idp.oidc.client_documents import changing, guests
from tests.backends import Clock
from tests.oidc.documents import CALLBACK, HOST, RESOURCE, URL, Hosts, allow, app_of, visited
from tests.provider import App, Browser, Provider, new_key, public_jwk

Open = Callable[..., Provider]


@pytest.fixture
def provider(open_provider: Open) -> Provider:
    return open_provider(oauth={"client_id_documents": "hosts"})


@pytest.fixture
def hosts(provider: Provider) -> Hosts:
    allow(provider, resources=[RESOURCE], scopes=["openid", "profile", "email", "offline_access", "tools"])
    return visited(provider)


@pytest.fixture
def browser(provider: Provider) -> Browser:
    return provider.browser()


@pytest.mark.spec("CIMD 3")
def test_j1_a_program_that_nobody_registered_is_let_in_by_its_document(
    provider: Provider, hosts: Hosts, browser: Browser, ann: Person
) -> None:
    app = app_of(hosts.publish())
    page = browser.log_in(provider.authorize(browser, app, scope="openid tools offline_access", resource=RESOURCE))
    assert page.is_consent_page
    assert provider.services.registry.find_registered(URL) is None  # who only looks stores nothing
    code = browser.submit(page, "allow").code
    assert provider.services.registry.find_registered(URL) is not None
    told = provider.redeem(app, code, resource=RESOURCE).json
    assert told["scope"] == "openid tools offline_access"
    again = provider.refresh(app, told["refresh_token"]).json
    assert again["access_token"]
    assert hosts.asked == [URL]
    (event,) = provider.events("client:register")
    assert event.client_id == URL


@pytest.mark.spec("CIMD 5")
def test_j1_discovery_says_so_where_it_is_on(provider: Provider, open_provider: Open) -> None:
    name = "client_id_metadata_document_supported"
    for path in (".well-known/openid-configuration", ".well-known/oauth-authorization-server"):
        assert provider.browser().get(path).json[name] is True
        assert name not in open_provider().browser().get(path).json


def test_s41_off_means_that_nobody_is_asked(open_provider: Open) -> None:
    provider = open_provider()
    hosts = visited(provider)
    app = app_of(hosts.publish())
    answer = provider.authorize(provider.browser(), app)
    assert answer.is_error_page
    assert "client_documents_off" in answer.text
    assert provider.redeem(app, "dwc_x.y").json["error"] == "invalid_client"
    assert hosts.asked == []


def test_s41_only_hosts_that_an_admin_allowed_are_asked(provider: Provider, hosts: Hosts, browser: Browser) -> None:
    other = hosts.publish("https://other.example/client.json", redirect_uris=["https://other.example/cb"])
    answer = provider.authorize(browser, app_of(other))
    assert answer.is_error_page
    assert "Programs of other.example are not let in here." in answer.dom.text
    allow(provider, "other.example")
    assert provider.authorize(browser, app_of(other)).is_login_page
    client_hosts.refuse(provider.services, of_shell("test"), HOST)
    assert provider.authorize(browser, app_of(hosts.publish())).is_error_page
    assert hosts.asked == [other["client_id"]]


ADDRESSES = {
    "fragment": f"{URL}#x", "empty-fragment": f"{URL}#", "user": f"https://ann@{HOST}/client.json",
    "password": f"https://ann:pw@{HOST}/client.json", "dots": f"https://{HOST}/a/../client.json",
    "dot": f"https://{HOST}/./client.json", "encoded-dots": f"https://{HOST}/%2e%2e/client.json",
    "encoded-slash": f"https://{HOST}/a%2fclient.json", "no-path": f"https://{HOST}", "root": f"https://{HOST}/",
    "query": f"{URL}?a=b", "numbers": "https://203.0.113.9/client.json", "v6": "https://[2001:db8::1]/client.json",
    "capitals": "https://Agent.example/client.json", "capital-scheme": "HTTPS://agent.example/client.json",
    "other-script": "https://аgent.example/client.json", "http": f"http://{HOST}/client.json",
    "backslash": f"https://{HOST}\\@evil.example/client.json", "long": f"https://{HOST}/{'a' * 250}",
    "port-0": f"https://{HOST}:0/client.json", "port-text": f"https://{HOST}:x/client.json",
    "other-port": f"https://{HOST}:8443/client.json", "trailing-dot": f"https://{HOST}./client.json",
}  # fmt: skip


@pytest.mark.spec("CIMD 2")
@pytest.mark.parametrize("name", ADDRESSES)
def test_s41_an_address_that_could_be_read_in_two_ways_is_none(
    provider: Provider, hosts: Hosts, browser: Browser, name: str
) -> None:
    app = app_of(hosts.publish())
    answer = provider.authorize(browser, app, client_id=ADDRESSES[name])
    assert answer.is_error_page
    assert not answer.is_redirect
    assert hosts.asked == []


DOCUMENTS = {
    "another-id": {"client_id": f"https://{HOST}/other.json"}, "no-id": {"client_id": None},
    "secret": {"client_secret": "s"}, "secret-ends": {"client_secret_expires_at": 0},
    "basic": {"token_endpoint_auth_method": "client_secret_basic"},
    "post": {"token_endpoint_auth_method": "client_secret_post"},
    "secret-jwt": {"token_endpoint_auth_method": "client_secret_jwt"},
    "method-list": {"token_endpoint_auth_method": ["none"]},
    "redirect-elsewhere": {"redirect_uris": [CALLBACK, "https://evil.example/cb"]},
    "redirect-http": {"redirect_uris": [f"http://{HOST}/cb"]},
    "redirect-port": {"redirect_uris": [f"https://{HOST}:8443/cb"]},
    "redirect-below": {"redirect_uris": [f"https://x.{HOST}/cb"]},
    "redirect-userinfo": {"redirect_uris": [f"https://{HOST}@evil.example/cb"]},
    "redirect-scheme": {"redirect_uris": ["com.example.agent:/cb"]},
    "redirect-script": {"redirect_uris": ["javascript:alert(1)"]},
    "redirect-fragment": {"redirect_uris": [f"{CALLBACK}#x"]},
    "no-redirects": {"redirect_uris": None}, "empty-redirects": {"redirect_uris": []},
    "redirect-text": {"redirect_uris": CALLBACK}, "redirect-number": {"redirect_uris": [1]},
    "keys-elsewhere": {"token_endpoint_auth_method": "private_key_jwt", "jwks_uri": "https://evil.example/jwks"},
    "key-without": {"token_endpoint_auth_method": "private_key_jwt"},
    "name-object": {"client_name": {"a": 1}}, "name-bidi": {"client_name": "Agent\u202e"},
    "grant": {"grant_types": ["client_credentials"]},
}  # fmt: skip


@pytest.mark.spec("CIMD 3.1")
@pytest.mark.parametrize("name", DOCUMENTS)
def test_s41_a_document_keeps_to_the_rules_of_a_registration(
    provider: Provider, hosts: Hosts, browser: Browser, name: str
) -> None:
    app = app_of(hosts.publish())
    said = {**hosts.pages[URL], **DOCUMENTS[name]}
    hosts.pages[URL] = {key: value for key, value in said.items() if value is not None}
    answer = provider.authorize(browser, app)
    assert answer.is_error_page, answer.text
    assert "client_document" in answer.text


BODIES = {
    "none": b"", "text": b"hello", "list": b"[]", "number": b"1", "twice": b'{"client_id":"a","client_id":"b"}',
    "deep": b"[" * 3000, "latin": b'{"client_name":"\xe9"}', "nan": b'{"a":NaN}', "too-long": b" " * 5121,
}  # fmt: skip


@pytest.mark.parametrize("name", BODIES)
def test_s41_what_is_no_document_is_none(provider: Provider, hosts: Hosts, browser: Browser, name: str) -> None:
    app = app_of(hosts.publish())
    hosts.pages[URL] = BODIES[name]
    answer = provider.authorize(browser, app)
    assert answer.is_error_page
    assert "client_document" in answer.text


@pytest.mark.spec("CIMD 4.2")
def test_j1_a_document_counts_as_long_as_its_headers_say_within_bounds(
    provider: Provider, hosts: Hosts, browser: Browser, clock: Clock
) -> None:
    app = app_of(hosts.publish())
    for caching, seconds in (
        ({}, 3600), ({"cache-control": "max-age=600"}, 600), ({"cache-control": "no-store"}, 300),
        ({"cache-control": "public, max-age=99999999"}, 86_400), ({"cache-control": "max-age=900", "age": "300"}, 600),
        ({"cache-control": 'max-age="700"'}, 700), ({"cache-control": "s-maxage=900"}, 3600), ({"expires": "0"}, 300),
        ({"expires": "Wed, 21 Oct 2026 08:00:00 GMT", "date": "Wed, 21 Oct 2026 07:30:00 GMT"}, 1800),
    ):  # fmt: skip
        hosts.asked.clear()
        hosts.caching = dict(caching)
        assert provider.authorize(browser, app).is_login_page
        clock.advance(seconds - 1)
        assert provider.authorize(browser, app).is_login_page
        assert hosts.asked == [URL], caching
        clock.advance(2)
        assert provider.authorize(browser, app).is_login_page
        assert hosts.asked == [URL, URL], caching
        clock.advance(86_401)


def test_s41_a_document_that_fails_is_not_asked_for_again_at_once_and_nothing_of_it_is_kept(
    provider: Provider, hosts: Hosts, browser: Browser, clock: Clock
) -> None:
    app = app_of(hosts.publish())
    good, hosts.pages[URL] = hosts.pages[URL], None
    for _ in range(3):
        assert "client_document_unreadable" in provider.authorize(browser, app).text
    assert hosts.asked == [URL]
    hosts.pages[URL] = good
    clock.advance(11)
    assert provider.authorize(browser, app).is_login_page


def test_s41_a_flood_of_addresses_makes_us_ask_no_more_than_a_few(provider: Provider, hosts: Hosts) -> None:
    app = app_of(hosts.publish())
    for number in range(100):
        address = f"https://{HOST}/{number}.json"
        hosts.publish(address)
        provider.authorize(provider.browser(), app, client_id=address)
    assert len(hosts.asked) == 20
    assert provider.services.registry.list() == []
    for number in range(100):  # from many networks
        provider.authorize(provider.browser(f"203.0.{number}.7"), app, client_id=f"https://{HOST}/n{number}.json")
    assert len(hosts.asked) <= 60
    answer = provider.authorize(provider.browser("192.0.2.77"), app, client_id=f"https://{HOST}/more.json")
    assert "client_document_too_often" in answer.text


def test_s41_who_was_let_in_is_the_same_as_what_they_agreed_to(
    provider: Provider, hosts: Hosts, browser: Browser, ann: Person, clock: Clock
) -> None:
    """The document says another redirect URI after the consent: nobody is sent there without being asked anew."""
    hosts.caching = {"cache-control": "no-cache"}
    app = app_of(hosts.publish())
    provider.tokens(app, browser)
    assert provider.authorize(browser, app).code  # remembered
    moved = app_of(hosts.publish(redirect_uris=[f"https://{HOST}/elsewhere"]))
    clock.advance(301)
    page = provider.authorize(browser, moved)
    assert page.is_consent_page
    assert provider.authorize(browser, app).is_error_page  # the old one is registered no more
    assert browser.submit(page, "allow").location.startswith(f"https://{HOST}/elsewhere?")


def test_s41_a_change_that_is_none_asks_nobody_anew(
    provider: Provider, hosts: Hosts, browser: Browser, ann: Person, clock: Clock
) -> None:
    hosts.caching = {"cache-control": "no-cache"}
    app = app_of(hosts.publish())
    provider.tokens(app, browser)
    before = provider.services.registry.version
    hosts.publish(contacts=["it@agent.example"])
    clock.advance(301)
    assert provider.authorize(browser, app).code
    assert provider.services.registry.version > before
    clock.advance(301)
    version = provider.services.registry.version
    assert provider.authorize(browser, app).code
    assert provider.services.registry.version == version  # what says the same writes nothing


def test_s41_an_invalid_document_ends_what_was_let_in_and_a_server_that_is_down_does_not(
    provider: Provider, hosts: Hosts, browser: Browser, ann: Person, clock: Clock
) -> None:
    app = app_of(hosts.publish())
    token = provider.tokens(app, browser)["refresh_token"]
    good = hosts.pages[URL]
    hosts.pages[URL] = OutboundFailed("it did not answer in time")
    clock.advance(3601)
    assert provider.authorize(browser, app).is_error_page
    told = provider.refresh(app, token)
    assert told.status == 200
    clock.advance(11)
    hosts.pages[URL] = {**good, "client_id": f"https://{HOST}/other.json"}
    assert provider.refresh(app, told.json["refresh_token"]).json["error"] == "invalid_client"


GONE = {
    "404": None, "no-json": b"hello", "another-id": {"client_id": f"https://{HOST}/other.json"},
    "no-redirects": {"client_id": URL, "redirect_uris": []},
}  # fmt: skip


@pytest.mark.parametrize("name", GONE)
def test_s41_a_document_that_is_gone_ends_what_was_let_in_however_often_it_is_tried(
    provider: Provider, hosts: Hosts, browser: Browser, ann: Person, clock: Clock, name: str
) -> None:
    app = app_of(hosts.publish())
    token = provider.tokens(app, browser)["refresh_token"]
    hosts.pages[URL] = GONE[name]
    clock.advance(3601)
    for _ in range(3):  # within the pause, too
        assert provider.refresh(app, token).json["error"] == "invalid_client"
    clock.advance(11)
    assert provider.refresh(app, token).json["error"] == "invalid_client"
    assert len(hosts.asked) == 3


def test_s41_who_fills_the_pace_of_a_host_keeps_no_old_key_and_stops_nobody_who_was_let_in(
    provider: Provider, hosts: Hosts, browser: Browser, ann: Person, clock: Clock
) -> None:
    key, other = new_key(), new_key()
    document = hosts.publish(token_endpoint_auth_method="private_key_jwt", jwks={"keys": [public_jwk(key)]})
    app = app_of(document, key)
    token = provider.redeem(app, browser.submit(browser.log_in(provider.authorize(browser, app)), "allow").code)
    hosts.publish(token_endpoint_auth_method="private_key_jwt", jwks={"keys": [public_jwk(other)]})
    clock.advance(3601)
    for network in range(4):
        stranger = provider.browser(f"203.0.{network}.7" if network else "127.0.0.1")
        for number in range(21):
            provider.authorize(stranger, app, client_id=f"https://{HOST}/{network}-{number}.json")
    assert provider.refresh(app, token.json["refresh_token"]).json["error"] == "invalid_client"  # the old key
    clock.advance(3601)
    for network in range(4):
        for number in range(21):
            provider.authorize(
                provider.browser(f"203.0.{network}.7"), app, client_id=f"https://{HOST}/{network}-{number}.json"
            )
    assert provider.authorize(browser, app_of(hosts.pages[URL], other)).status == 200
    assert hosts.asked[-1] == URL


def test_s41_while_one_request_asks_others_go_on_with_what_was_good_a_moment_ago(
    provider: Provider, hosts: Hosts, browser: Browser, ann: Person, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    hosts.caching = {"cache-control": "no-cache"}
    app = app_of(hosts.publish())
    provider.tokens(app, browser)
    answers: list[Any] = []
    plain = hosts.get

    def slow(url: str, *given: Any, **more: Any) -> Any:
        if not answers:
            answers.append(None)
            answers[0] = provider.authorize(browser, app)
        return plain(url, *given, **more)

    monkeypatch.setattr(provider.services.outbound, "get", slow)
    clock.advance(301)
    assert provider.authorize(browser, app).code
    assert answers.pop().code  # it came while the other asked, who was let in
    assert hosts.asked == [URL, URL]
    clock.advance(300 + 61)  # aged for longer: it asks, too
    hosts.pages[URL] = None
    assert provider.authorize(browser, app).is_error_page
    assert answers.pop().is_error_page


def test_s41_a_document_counts_as_read_only_when_the_row_has_followed(
    provider: Provider, hosts: Hosts, browser: Browser, ann: Person, clock: Clock
) -> None:
    """An admin has set what cannot stand beside what the document says now: the old word does not go on."""
    app = app_of(hosts.publish())
    told = provider.tokens(app, browser)
    provider.services.registry.update(URL, {"fedcm": True})
    hosts.publish(redirect_uris=[f"https://{HOST}/elsewhere", "http://127.0.0.1/cb"])
    clock.advance(3601)
    for _ in range(2):
        assert provider.authorize(browser, app).is_error_page
        assert provider.refresh(app, told["refresh_token"]).json["error"] == "invalid_client"
        clock.advance(11)


def test_s41_a_row_that_somebody_changed_at_that_moment_is_read_again_with_the_next_request(
    provider: Provider, hosts: Hosts, browser: Browser, ann: Person, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = app_of(hosts.publish())
    provider.tokens(app, browser)
    hosts.publish(redirect_uris=[f"https://{HOST}/elsewhere"])
    clock.advance(3601)

    def too_late(*_: Any) -> None:
        raise ChangedMeanwhile({})

    with monkeypatch.context() as patched:
        patched.setattr(changing, "apply", too_late)
        provider.authorize(browser, app)
    assert provider.authorize(browser, app).is_error_page  # the redirect URI is the document's no more


@pytest.mark.parametrize(
    "url", ["https://evil.example/client.json", f"https://{HOST}/other.json"], ids=("host", "path")
)
def test_s41_another_ones_document_is_not_ones_own(
    provider: Provider, hosts: Hosts, browser: Browser, ann: Person, url: str
) -> None:
    allow(provider, "evil.example")
    provider.tokens(app_of(hosts.publish()), browser)
    copy = {**hosts.pages[URL]}
    hosts.pages[url] = copy  # to the letter
    answer = provider.authorize(browser, app_of(copy), client_id=url)
    assert answer.is_error_page
    assert "client_document" in answer.text


def test_s41_a_document_takes_the_place_of_no_registered_application(
    provider: Provider, hosts: Hosts, browser: Browser, crm: App
) -> None:
    """The id of one that is registered is never an address, and its name is lent to nobody."""
    assert not crm.id.startswith("https://")
    page = browser.log_in(provider.authorize(browser, app_of(hosts.publish(client_name="CRM"))))
    assert page.is_consent_page
    assert "Let agent.example in?" in page.dom.text


def test_s41_a_host_in_another_script_is_shown_as_it_is_written(
    provider: Provider, hosts: Hosts, browser: Browser, ann: Person
) -> None:
    url = "https://xn--gent-53d.example/client.json"  # аgent.example, with a Cyrillic letter
    allow(provider, "xn--gent-53d.example")
    document = hosts.publish(url, redirect_uris=["https://xn--gent-53d.example/cb"])
    page = browser.log_in(provider.authorize(browser, app_of(document)))
    assert "xn--gent-53d.example" in page.dom.text


def test_j1_a_program_with_a_key_proves_itself(
    provider: Provider, hosts: Hosts, browser: Browser, ann: Person, clock: Clock
) -> None:
    key = new_key()
    document = hosts.publish(token_endpoint_auth_method="private_key_jwt", jwks={"keys": [public_jwk(key)]})
    app = app_of(document, key)
    code = browser.submit(browser.log_in(provider.authorize(browser, app)), "allow").code
    assert provider.redeem(app_of(document, new_key()), code).json["error"] == "invalid_client"
    token = provider.redeem(app, code).json["refresh_token"]
    other = new_key()  # it rolls its key
    rolled = app_of(
        hosts.publish(token_endpoint_auth_method="private_key_jwt", jwks={"keys": [public_jwk(other)]}), other
    )
    clock.advance(3601)
    assert provider.refresh(rolled, token).status == 200
    assert provider.refresh(app, token).json["error"] == "invalid_client"


def test_s53_an_error_is_not_sent_to_a_program_that_nobody_has_let_in(
    provider: Provider, hosts: Hosts, browser: Browser
) -> None:
    app = app_of(hosts.publish())
    answer = provider.authorize(browser, app, response_type="token")
    assert not answer.is_redirect
    assert "unchecked_application" in answer.text


def test_x19_a_refused_host_ends_what_its_programs_had_and_allowed_again_they_ask_anew(
    provider: Provider, hosts: Hosts, browser: Browser, ann: Person, clock: Clock
) -> None:
    app = app_of(hosts.publish())
    told = provider.tokens(app, browser)
    assert provider.userinfo(told["access_token"]).status == 200
    assert client_hosts.refuse(provider.services, of_shell("test"), HOST).removed == 1
    assert provider.userinfo(told["access_token"]).status == 401
    assert provider.refresh(app, told["refresh_token"]).json["error"] == "invalid_client"
    assert provider.authorize(browser, app).is_error_page
    clock.advance(1)
    allow(provider)
    page = provider.authorize(browser, app)
    assert page.is_consent_page  # what was agreed to once is no yes for today
    assert provider.redeem(app, browser.submit(page, "allow").code).status == 200
    assert provider.refresh(app, told["refresh_token"]).status == 400


def test_s38_a_resource_that_is_taken_from_a_host_is_gone_at_once(
    provider: Provider, hosts: Hosts, browser: Browser, ann: Person
) -> None:
    app = app_of(hosts.publish())
    asked = {"scope": "openid tools offline_access", "resource": RESOURCE}
    code = browser.submit(browser.log_in(provider.authorize(browser, app, **asked)), "allow").code
    token = provider.redeem(app, code).json["refresh_token"]
    assert provider.refresh(app, token, resource=RESOURCE).status == 200
    allow(provider, scopes=["openid"])
    assert provider.services.registry.get(URL).metadata["scope"] == "openid"
    assert provider.authorize(browser, app, **asked).error == "invalid_target"


def test_s41_two_consents_at_once_and_a_host_that_is_refused_while_the_page_is_read(
    provider: Provider, hosts: Hosts, browser: Browser, ann: Person
) -> None:
    app = app_of(hosts.publish())
    page, other = browser.log_in(provider.authorize(browser, app)), provider.browser()
    second = other.log_in(provider.authorize(other, app))
    assert browser.submit(page, "allow").code
    assert other.submit(second, "allow").code
    client_hosts.forget(provider.services, of_shell("test"), HOST)
    answer = provider.authorize(browser, app)
    assert answer.is_error_page


def test_s41_a_host_that_is_refused_while_the_page_is_read_gets_nothing(
    provider: Provider, hosts: Hosts, browser: Browser, ann: Person
) -> None:
    page = browser.log_in(provider.authorize(browser, app_of(hosts.publish())))
    client_hosts.refuse(provider.services, of_shell("test"), HOST)
    answer = browser.submit(page, "allow")
    assert "code" not in answer.sent
    assert provider.services.registry.list() == []


def test_q5_an_application_of_ours_costs_no_statement_more(provider: Provider, crm: App, browser: Browser) -> None:
    provider.sign_in(browser, crm)
    provider.authorize(browser, crm)
    sql, verbs, answer = provider.counted(lambda: provider.authorize(browser, crm))
    assert answer.code
    assert verbs == ["put"]
    assert not [one for one in sql if "client_hosts" in one or "self_registered" in one]


def test_s42_a_host_that_leads_to_the_inside_is_not_asked(open_provider: Open) -> None:
    provider = open_provider(oauth={"client_id_documents": "hosts"})
    allow(provider)
    outbound: Any = provider.services.outbound
    outbound._resolver = lambda host, port: ["127.0.0.1"]
    answer = provider.authorize(provider.browser(), app_of(Hosts().publish()))
    assert "client_document_unreadable" in answer.text
    assert "127.0.0.1" not in answer.text


@pytest.mark.parametrize("segment", ["~", "~!", "~YQ", "~aHR0cHM6Ly9h=", "~aHR0cHM6Ly8"], ids=range(5))
def test_an_id_in_a_path_is_read_back_in_one_way_only(segment: str) -> None:
    assert of_path(segment) in (segment, "https://")
    assert of_path(in_path(URL)) == URL
    assert in_path("cabc") == of_path("cabc") == "cabc"


def test_j1_the_consent_page_says_who_asks_for_which_tool_and_until_when(
    provider: Provider, hosts: Hosts, browser: Browser, ann: Person
) -> None:
    app = app_of(hosts.publish())
    asked = {"scope": "openid offline_access", "resource": RESOURCE}
    page = browser.log_in(provider.authorize(browser, app, **asked))
    text = page.dom.text
    assert "A program of agent.example asks. It calls itself Agent." in text
    assert "Not verified" in text
    assert f"Use {RESOURCE} as you" in text
    assert "Its access ends at the latest:" in text
    assert browser.submit(page, "allow").code
    assert provider.authorize(browser, app, **asked).code  # remembered, for this tool
    less = provider.browser()
    assert "Its access ends when you sign out." in less.log_in(provider.authorize(less, app, prompt="consent")).dom.text


@pytest.mark.spec("RFC8252 8.6")
@pytest.mark.parametrize("uri", ["http://127.0.0.1/cb", "http://localhost:3000/cb", "http://[::1]/cb"], ids=range(3))
def test_j1_a_program_on_the_device_is_asked_about_each_time(
    provider: Provider, hosts: Hosts, browser: Browser, ann: Person, uri: str
) -> None:
    app = app_of(hosts.publish(redirect_uris=[uri]))
    page = browser.log_in(provider.authorize(browser, app))
    assert page.is_consent_page
    assert browser.submit(page, "allow").code
    assert provider.authorize(browser, app).is_consent_page
    if "localhost" not in uri:  # RFC 8252 §7.3
        assert provider.authorize(browser, app, redirect_uri=uri.replace("/cb", ":51234/cb")).is_consent_page


def test_j1_people_see_such_programs_in_a_list_of_their_own_and_end_all(
    provider: Provider, hosts: Hosts, browser: Browser, ann: Person, crm: App
) -> None:
    app = app_of(hosts.publish())
    told = provider.tokens(app, browser)
    asked = provider.add_client("Asks", consent="explicit")
    provider.sign_in(browser, asked)
    page = browser.get("access")
    assert "Programs that nobody here has checked" in page.dom.text
    assert HOST in page.dom.text
    browser.submit(page, "end-all", form=next(n for n, f in enumerate(page.dom.forms) if ("end-all" in str(f.buttons))))
    assert provider.refresh(app, told["refresh_token"]).json["error"] == "invalid_grant"
    assert provider.userinfo(told["access_token"]).status == 401
    assert "Programs that nobody here" not in browser.get("access").dom.text
    assert "Asks" in browser.get("access").dom.text
    assert provider.authorize(browser, app).is_consent_page


@pytest.mark.parametrize("consent", ["explicit", "implicit"])
def test_x19_a_program_that_becomes_another_keeps_nothing_that_nobody_finds_in_their_list(
    provider: Provider, hosts: Hosts, browser: Browser, ann: Person, clock: Clock, consent: str
) -> None:
    app = app_of(hosts.publish())
    told = provider.tokens(app, browser, scope="openid offline_access")
    if consent == "implicit":  # an admin has looked at it
        provider.services.registry.update(URL, {"self_registered": False, "consent": "implicit"})
    renamed = app_of(hosts.publish(client_name="Another"))
    clock.advance(3601)
    assert provider.refresh(renamed, told["refresh_token"]).json["error"] == "invalid_grant"
    assert provider.userinfo(told["access_token"]).status == 401
    page = browser.log_in(provider.authorize(browser, renamed))
    assert page.is_consent_page
    clock.advance(1)
    assert provider.redeem(renamed, browser.submit(page, "allow").code).status == 200


def test_x19_a_program_that_rolls_its_key_stays_in_the_list_with_what_it_has(
    provider: Provider, hosts: Hosts, browser: Browser, ann: Person, clock: Clock
) -> None:
    hosts.caching = {"cache-control": "no-cache"}
    key, other = new_key(), new_key()
    document = hosts.publish(token_endpoint_auth_method="private_key_jwt", jwks={"keys": [public_jwk(key)]})
    page = browser.log_in(provider.authorize(browser, app_of(document, key)))
    token = provider.redeem(app_of(document, key), browser.submit(page, "allow").code).json["refresh_token"]
    document = hosts.publish(token_endpoint_auth_method="private_key_jwt", jwks={"keys": [public_jwk(other)]})
    clock.advance(301)
    told = provider.refresh(app_of(document, other), token).json
    page = browser.get("access")
    assert HOST in page.dom.text
    browser.submit(page, "end-all", form=next(n for n, f in enumerate(page.dom.forms) if ("end-all" in str(f.buttons))))
    assert provider.refresh(app_of(document, other), told["refresh_token"]).json["error"] == "invalid_grant"


def test_x19_a_program_that_an_admin_removed_is_brought_back_by_nobody_else(
    provider: Provider, hosts: Hosts, browser: Browser, ann: Person, clock: Clock
) -> None:
    app, admin = app_of(hosts.publish()), of_shell("test")
    told = provider.tokens(app, browser)
    open_page = provider.authorize(browser, app, scope="openid profile email offline_access")
    assert open_page.is_consent_page
    applications.remove(provider.services, admin, provider.services.registry.get(URL))
    assert provider.userinfo(told["access_token"]).status == 401
    for _ in range(2):
        answer = provider.authorize(browser, app)
        assert answer.is_error_page
        assert "code" not in browser.submit(open_page, "allow").sent
        clock.advance(3)
    assert provider.services.registry.find_registered(URL) is None
    applications.restore(provider.services, admin, URL)
    assert provider.authorize(browser, app).is_error_page  # until the admin turns it on
    applications.turn_on(provider.services, admin, provider.services.registry.get(URL))
    page = provider.authorize(browser, app)
    assert page.is_consent_page  # what was agreed to before is no yes for today
    assert browser.submit(page, "allow").code


def test_x19_a_program_that_nobody_used_for_long_comes_back_with_the_next_yes(
    provider: Provider, hosts: Hosts, browser: Browser, ann: Person, clock: Clock
) -> None:
    app = app_of(hosts.publish())
    provider.tokens(app, browser)
    provider.services.registry.remove(URL)  # as the sweep does
    clock.advance(1)
    assert browser.submit(provider.authorize(browser, app), "allow").code
    assert provider.services.registry.find_registered(URL) is not None


def test_s42_what_we_would_ask_ourselves_is_never_on_the_loopback() -> None:
    here, own = "http://127.0.0.1/x", f"https://{HOST}/x"
    document = Hosts().publish(request_uris=[here, own], post_logout_redirect_uris=[here, own])
    said = reading.read(document, read_address(URL), Policy()).said
    assert said["request_uris"] == [own]
    assert said["post_logout_redirect_uris"] == [here, own]


def test_j1_two_words_for_one_host_at_the_same_moment_are_one(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where neither sees yet what the other writes (PostgreSQL)."""
    db = provider.services.db
    with monkeypatch.context() as patched, db.transaction() as tx:
        patched.setattr(known, "find", lambda *_: None)
        assert known.ask(tx, HOST, URL, by="ann", now=1.0)
        assert not known.ask(tx, HOST, URL, by="bob", now=2.0)
        for by in ("admin", "other"):
            assert known.decide(tx, HOST, known.ALLOWED, Policy(), by=by, now=3.0) is None
    host = known.find(db, HOST)
    assert host is not None
    assert (host.state, host.asked_by, host.decided_by) == (known.ALLOWED, "ann", "other")


def test_x19_to_end_all_or_to_refuse_a_host_stops_at_no_number(
    provider: Provider, hosts: Hosts, browser: Browser, ann: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "PAGE", 2)
    monkeypatch.setattr(known, "MOST", 2)
    held = []
    for number in range(5):
        app = app_of(hosts.publish(f"https://{HOST}/{number}.json"))
        page = provider.authorize(browser, app)
        page = page if page.is_consent_page else browser.log_in(page)
        held.append(provider.redeem(app, browser.submit(page, "allow").code).json["access_token"])
    admin = of_shell("test")
    assert client_hosts.end_grants(provider.services, admin, f"https://{HOST}/0.json") == 1
    assert [provider.userinfo(token).status for token in held] == [401, 200, 200, 200, 200]
    assert client_hosts.end_grants(provider.services, admin, "https://else.example/c.json") == 0
    assert client_hosts.end_grants(provider.services, admin) == 5
    assert {provider.userinfo(token).status for token in held} == {401}
    assert client_hosts.refuse(provider.services, admin, HOST).removed == 5
    assert provider.services.registry.list() == []


def test_s41_a_host_that_answers_at_any_address_is_remembered_for_a_moment_alone(
    provider: Provider, hosts: Hosts, browser: Browser, ann: Person, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guests, "OF_A_HOST", 2)
    hosts.caching = {"cache-control": "max-age=86400"}
    urls = [f"https://{HOST}/{number}.json" for number in range(3)]
    apps = [app_of(hosts.publish(url)) for url in urls]
    for app in apps:
        assert provider.authorize(browser, app).is_login_page
    hosts.asked.clear()
    clock.advance(301)
    for app in apps:
        assert provider.authorize(browser, app).is_login_page
    assert hosts.asked == urls[2:]
    provider.tokens(apps[2], browser)  # let in, it counts as long as it says, from its next reading on
    clock.advance(301)
    provider.authorize(browser, apps[2])
    hosts.asked.clear()
    clock.advance(1000)
    assert provider.authorize(browser, apps[2]).code
    assert hosts.asked == []
