"""What applications that registered themselves make us do and read: little, and nothing inside. S35, S42, X4."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from clients.errors import InvalidMetadata
from idp import background, reach
from idp.accounts.roles import RoleGrant
from idp.admin import programs
from idp.admin.actor import of_shell
from idp.admin.checking import reaching
from idp.http import Outbound
from idp.oidc import backchannel, encryption
from idp.oidc.client_auth.client_keys import client_keys
from idp.oidc.decoupled import asking, pending
from idp.oidc.decoupled.pending import Pending
from idp.oidc.registration.ending import MANY
from idp.oidc.registration.registering import CHANGES_AN_HOUR, TRIES_A_MINUTE
from idp.oidc.request_objects import by_reference
from tests.backends import Clock
from tests.oidc.test_registration import DAY, GOOD, initial, manage, registered, send
from tests.provider import App, Provider, new_key, public_jwk

READS: dict[str, Any] = {
    "jwks_uri": "https://10.0.0.1/jwks", "id_token_encrypted_response_alg": "RSA-OAEP-256",
}  # fmt: skip


def test_s35_tries_of_a_registration_token_are_paced_by_address(provider: Provider) -> None:
    told = registered(provider)
    for _ in range(TRIES_A_MINUTE):
        last = manage(provider, told, token="dwm_wrong")
    assert last.status == 429
    assert last.headers["Retry-After"] == "60"
    assert manage(provider, told).status == 429  # before anything is looked up


def test_s35_changes_of_one_application_are_paced(provider: Provider, clock: Clock) -> None:
    """Each has every process read all applications anew."""
    told = registered(provider)
    for n in range(CHANGES_AN_HOUR + 1):
        answer = manage(provider, told, "PUT", {**GOOD, "client_id": told["client_id"], "client_name": f"Shop {n}"})
        if answer.status == 200:
            told = answer.json
    assert (answer.status, answer.headers["Retry-After"]) == (429, "3600")
    assert manage(provider, told).json["client_name"] == f"Shop {CHANGES_AN_HOUR - 1}"
    clock.advance(3601)
    assert manage(provider, told, "PUT", {**GOOD, "client_id": told["client_id"]}).status == 200


@pytest.mark.parametrize("read", [READS, {"subject_type": "pairwise", "sector_identifier_uri": "https://10.0.0.1/x"}])
def test_s35_two_registrations_at_a_time_are_read_for_and_the_next_may_come_again(
    provider: Provider, read: dict[str, Any]
) -> None:
    slots = provider.services.part(reach.Slots)
    token, told = initial(provider), registered(provider)
    before = len(provider.events("client:register"))
    assert [slots.take() for _ in range(reach.AT_ONCE)] == [True] * reach.AT_ONCE
    answers = [
        send(provider, token, {**GOOD, **read}),
        manage(provider, told, "PUT", {**GOOD, **read, "client_id": told["client_id"]}),
    ]
    for answer in answers:
        assert (answer.status, answer.json["error"]) == (503, "temporarily_unavailable")
        assert answer.headers["Retry-After"] == "5"
    assert len(provider.events("client:register")) == before
    assert send(provider, token, GOOD).status == 201  # what reads nothing takes no place
    for _ in range(reach.AT_ONCE):
        slots.give_back()
    for _ in range(reach.AT_ONCE + 1):  # each gives its place back, also where it was refused
        assert send(provider, token, {**GOOD, **read}).status in (201, 400)


def test_s42_a_stranger_is_not_waited_for_and_the_settings_exceptions_are_not_theirs() -> None:
    ours = Outbound(["http://127.0.0.1:9"], timeout=60, resolver=lambda *_: ["127.0.0.1"])
    assert ours.for_strangers._timeout < 2
    assert not ours.for_strangers._allow
    assert Outbound(timeout=0.1).for_strangers._timeout == 0.1


def test_s35_what_a_stranger_publishes_is_read_once_in_a_while(provider: Provider, clock: Clock) -> None:
    asked: list[str] = []
    outbound = Outbound(resolver=lambda host, port: asked.append(host) or [])  # type: ignore[func-returns-value]
    services = replace(provider.services, outbound=outbound)
    values = {**READS, "jwks_uri": "https://shop.example/jwks"}
    for _ in range(3):
        list(encryption.problems(services, {**values, "self_registered": True}))
    assert asked == ["shop.example"]
    clock.advance(31)
    list(encryption.problems(services, {**values, "self_registered": True}))
    assert len(asked) == 2
    for _ in range(2):  # an admin's look is another's, and asks each time: it may have been mended since
        list(encryption.problems(services, values))
    assert len(asked) == 4


def test_s35_of_a_key_what_no_standard_knows_is_left_out(provider: Provider) -> None:
    key = public_jwk(new_key())
    told = registered(
        provider, token_endpoint_auth_method="private_key_jwt", jwks={"keys": [{**key, "junk": "x" * 5000}], "more": 1}
    )
    assert told["jwks"] == {"keys": [key]}
    shown = send(provider, initial(provider), {**GOOD, "jwks": {"keys": [{**key, "d": "AAAA"}]}})
    assert "private parts" in shown.json["error_description"]


# -- how long they stay -----------------------------------------------------------------------------------------------


def test_r7_an_application_that_refreshes_is_used_and_stays(
    open_provider: Callable[..., Provider], clock: Clock
) -> None:
    """A program on a device: it signs in once, proves itself by nothing, and then refreshes for months."""
    provider, days = open_provider(oauth={"registration_unused_days": 30}), 30
    provider.add_person("ann")
    browser = provider.browser()
    about = {"redirect_uris": ["http://127.0.0.1/cb"], "grant_types": ["authorization_code", "refresh_token"]}
    told, quiet = registered(provider, **about), registered(provider, **about)
    app = App(provider.services.registry.get(told["client_id"]), None)
    page = browser.log_in(provider.authorize(browser, app, scope="openid offline_access"))
    tokens = provider.redeem(app, browser.submit(page, "allow").code).json
    for _ in range(days // 7 + 2):
        clock.advance(7 * DAY)
        answer = provider.refresh(app, tokens["refresh_token"])
        assert answer.status == 200, answer.text
        tokens = answer.json
    background.sweep(provider.services)
    registry = provider.services.registry
    assert (registry.find(app.id) is None, registry.find(quiet["client_id"]) is None) == (False, True)
    clock.advance((days + 200) * DAY)  # and once it has nothing any more, it ends as well
    background.sweep(provider.services)
    background.sweep(provider.services)
    assert registry.find(app.id) is None


def test_r7_what_an_admin_vouched_for_or_gave_a_role_is_not_swept_and_holds_up_nobody(
    provider: Provider, clock: Clock
) -> None:
    token = initial(provider, most=100)
    vouched = [registered(provider, token)["client_id"] for _ in range(MANY)]
    for client_id in vouched:
        provider.services.registry.update(client_id, {"self_registered": None})
    clock.advance(1)
    quiet = registered(provider, token)["client_id"]
    clock.advance(400 * DAY)
    for _ in range(2):
        background.sweep(provider.services)
    registry = provider.services.registry
    assert all(registry.find(one) for one in vouched)
    assert registry.find(quiet) is None


def test_r7_a_program_with_a_role_is_not_swept(provider: Provider, clock: Clock) -> None:
    policy: Any = {"profiles": ("machine",), "grant_types": ("client_credentials",), "scopes": ("read",)}
    body = {"client_name": "Robot", "grant_types": ["client_credentials"]}
    told = send(provider, initial(provider, **policy), body).json
    client = provider.services.registry.get(told["client_id"])
    programs.change_roles(provider.services, of_shell("cli:test"), client, give=[RoleGrant("auditor")])
    clock.advance(400 * DAY)
    background.sweep(provider.services)
    assert provider.services.registry.find(client.id)


# -- what is inside ----------------------------------------------------------------------------------------------------


class Inside:
    """A server of the house, which the settings let us call."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.body = b"{}"
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked.append(self.path)
                self.send_response(200)
                self.send_header("Content-Length", str(len(outer.body)))
                self.end_headers()
                self.wfile.write(outer.body)

            def do_POST(self) -> None:
                self.do_GET()

            def log_message(self, *args: Any) -> None:
                """Quiet."""

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.origin = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def inside() -> Iterator[Inside]:
    made = Inside()
    yield made
    made.close()


@pytest.fixture
def house(open_provider: Callable[..., Provider], inside: Inside) -> Provider:
    return open_provider(
        server={"issuer": "http://127.0.0.1:8000"}, outbound={"allow": [inside.origin]},
        oauth={"registration": "open"},
    )  # fmt: skip


def _notified(provider: Provider, app: App) -> None:
    now = provider.services.clock()
    asked = Pending("p1", app.id, "", "openid", [], now, now + 60, "", "", {}, None)
    pending.keep(provider.services, asked)
    asking.keep_notice(provider.services, asked, "token", "id")
    asking.notify(provider.services, {"id": asked.id})


#: Metadata with an address in it, and what makes us call that.
CALLS: dict[str, tuple[dict[str, Any], Callable[[Provider, App], object]]] = {
    "keys": (
        {"token_endpoint_auth_method": "private_key_jwt", "jwks_uri": "{}/jwks"},
        lambda provider, app: client_keys(provider.services, app.client),
    ),
    "encryption": (
        {"jwks_uri": "{}/jwks", "id_token_encrypted_response_alg": "RSA-OAEP-256"},
        lambda provider, app: encryption.check(provider.services, app.client, "id_token"),
    ),
    "request_uri": (
        {"request_uris": ["{}/request"]},
        lambda provider, app: by_reference.fetch(provider.services, app.client, min(app.client.oidc.request_uris)),
    ),
    "logo": (
        {"logo_uri": "{}/logo"}, lambda provider, app: provider.browser().get(f"app-logo/{app.id}"),
    ),
    "logout": (
        {"backchannel_logout_uri": "{}/logout"},
        lambda provider, app: backchannel._remind(provider.services, {"client_id": app.id, "session_id": "s"}),
    ),
    "logout again": (
        {"backchannel_logout_uri": "{}/logout"},
        lambda provider, app: backchannel._send(
            provider.services, app.client, str(app.client.oidc.backchannel_logout_uri),
            {"person_id": "", "session_id": "s"},
        ),
    ),
    "check": (
        {"backchannel_logout_uri": "{}/logout"}, lambda provider, app: reaching.look(provider.services, app.client),
    ),
    "ciba": (
        {
            "grant_types": ["authorization_code", "urn:openid:params:grant-type:ciba"],
            "backchannel_token_delivery_mode": "ping", "backchannel_client_notification_endpoint": "{}/ciba",
        },
        _notified,
    ),
}  # fmt: skip


def _at(origin: str, metadata: dict[str, Any]) -> dict[str, Any]:
    return {
        key: value.format(origin) if isinstance(value, str) else [one.format(origin) for one in value]
        for key, value in metadata.items()
    }


@pytest.mark.parametrize("what", CALLS)
def test_s42_a_strangers_addresses_lead_to_nothing_inside_until_an_admin_vouches(
    house: Provider, inside: Inside, what: str
) -> None:
    metadata, call = CALLS[what]
    registry = house.services.registry
    app = house.add_client("Stranger", self_registered=True, **_at(inside.origin, metadata))
    with suppress(Exception):  # each says in its own words that nothing could be read
        call(house, app)
    assert inside.asked == []
    registry.update(app.id, {"self_registered": None})
    with suppress(Exception):
        call(house, App(registry.get(app.id), app.secret))
    assert inside.asked


@pytest.mark.parametrize("token", [True, False])
def test_s42_whoever_registers_is_not_told_what_is_inside_and_the_admin_is(
    house: Provider, inside: Inside, token: bool
) -> None:
    shown, found = initial(house) if token else "", []
    reasons = []
    for origin in (inside.origin, "https://10.0.0.1", "http://127.0.0.1:9", "https://[::1]"):
        answer = send(house, shown, {**GOOD, "subject_type": "pairwise", "sector_identifier_uri": f"{origin}/sector"})
        assert answer.status == 400
        (event,) = [one for one in house.events() if one.error_id and one.error_id in answer.text]
        reasons.append(event.detail["what"])
        words = answer.json["error_description"].replace(origin, "").replace(event.error_id or "-", "")
        found.append(words)
    assert inside.asked == []
    assert len(set(found)) == 1
    assert "cannot be read from here" in found[0]
    assert ["https is required" in one for one in reasons] == [True, False, True, False]
    assert "is not a public address" in reasons[1]


def test_s42_a_change_by_the_application_itself_reads_new_addresses_as_a_strangers(
    house: Provider, inside: Inside
) -> None:
    """Also of one that an admin has vouched for: the word was for what it had said before."""
    told = registered(house)
    house.services.registry.update(told["client_id"], {"self_registered": None})
    new = {"subject_type": "pairwise", "sector_identifier_uri": inside.origin + "/sector"}
    answer = manage(house, told, "PUT", {**GOOD, **new, "client_id": told["client_id"]})
    assert (answer.status, inside.asked) == (400, [])


# -- whose names they learn --------------------------------------------------------------------------------------------

DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
CLINIC: dict[str, Any] = {"subject_type": "pairwise", "redirect_uris": ["https://clinic.example/x"]}


def test_s48_without_a_redirect_nobody_is_in_the_sector_of_somebody_elses_host(provider: Provider) -> None:
    clinic = provider.add_client("Clinic", **CLINIC)
    apart = [
        provider.add_client("TV", **{**CLINIC, "grant_types": [DEVICE]}),
        provider.add_client("TV 2", subject_type="pairwise", grant_types=[DEVICE], redirect_uris=[]),
        provider.add_client("TV 3", subject_type="pairwise", grant_types=[DEVICE], redirect_uris=[]),
    ]
    assert clinic.client.oidc.sector == "clinic.example"
    assert [one.client.oidc.sector for one in apart] == [f"client:{one.id}" for one in apart]
    both = provider.add_client("Clinic TV", **{**CLINIC, "grant_types": ["authorization_code", DEVICE]})
    assert both.client.oidc.sector == "clinic.example"  # an admin says whose it is


@pytest.mark.parametrize(
    "beside",
    [
        {},
        {"sector_identifier_uri": "https://clinic.example/sector"},  # it lists that redirect URI
        {"sector_identifier_uri": "https://clinic.example/sector", "jwks_uri": "https://clinic.example/jwks"},
    ],
)
def test_s48_whoever_registers_itself_joins_no_sector_that_it_does_not_prove(
    provider: Provider, beside: dict[str, Any]
) -> None:
    token = initial(provider, grant_types=("authorization_code", "refresh_token", DEVICE))
    wanted = {**GOOD, **CLINIC, "grant_types": ["authorization_code", DEVICE], **beside}
    answer = send(provider, token, wanted)
    assert (answer.status, "sector_identifier_uri" in answer.text) == (400, True)
    assert "CIBA" in answer.json["error_description"]
    told = registered(provider, token, **CLINIC)  # by the code alone it is at the clinic that a name arrives
    provider.services.registry.update(told["client_id"], {"self_registered": None})
    changed = manage(provider, told, "PUT", {**wanted, "client_id": told["client_id"]})
    assert changed.status == 400


def test_s48_a_sectors_list_names_the_keys_of_who_needs_no_redirect(house: Provider, inside: Inside) -> None:
    about: dict[str, Any] = {
        "subject_type": "pairwise", "grant_types": [DEVICE], "redirect_uris": [],
        "sector_identifier_uri": inside.origin + "/sector", "jwks_uri": inside.origin + "/jwks",
    }  # fmt: skip
    inside.body = b'["https://clinic.example/cb"]'
    with pytest.raises(InvalidMetadata, match=r"lacks .*/jwks"):
        house.add_client("TV", **about)
    inside.body = f'["{inside.origin}/jwks"]'.encode()
    assert house.add_client("TV", **about).client.oidc.sector == "127.0.0.1"
