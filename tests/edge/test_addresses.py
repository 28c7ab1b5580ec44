"""Whose address it is, behind proxies that write it in their own ways. N2, S14."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from idp.login import requirements
from idp.login.requirements import Circumstances
from idp.wire import UNREADABLE, Request
from tests.provider import PASSWORD, Provider

PROXY, CLIENT = "10.0.0.9", "203.0.113.7"
RULE = {"need": "second", "outside": ["127.0.0.0/8", "10.0.0.0/8"], "why": "From outside the company."}


def address(forwarded: str | None, *, proxies: list[str] | None = None, socket: str = PROXY, **environ: str) -> str:
    """What a request that came through `socket` is taken to come from."""
    import ipaddress

    networks = tuple(ipaddress.ip_network(each) for each in proxies or ["10.0.0.0/8"])
    made = {"REQUEST_METHOD": "GET", "REMOTE_ADDR": socket, **environ}
    if forwarded is not None:
        made["HTTP_X_FORWARDED_FOR"] = forwarded
    return Request(made, networks).remote_address


@pytest.mark.spec("RFC7239 6")
@pytest.mark.parametrize(
    ("forwarded", "expected"),
    [
        ("203.0.113.7:51008", CLIENT),  # Azure's gateways
        ("203.0.113.7", CLIENT),
        ('"203.0.113.7:51008"', CLIENT),
        ("[2001:db8::2]:443", "2001:db8::2"),
        ("[2001:db8::2]", "2001:db8::2"),
        ("2001:db8::2", "2001:db8::2"),
        ("2001:DB8:0:0::2", "2001:db8::2"),
        ("[::ffff:203.0.113.7]:80", CLIENT),
        ("fe80::1%eth0", "fe80::1"),  # a zone is of the proxy's machine, and any text
        (f"6.6.6.6, {CLIENT}:1", CLIENT),
        (f"6.6.6.6:1, {CLIENT}:80, 10.0.0.8:5", CLIENT),
        (f",,{CLIENT}", CLIENT),  # an empty line from the client, and the proxy's own after it
    ],
)
def test_N2_an_address_is_read_with_its_port_and_its_brackets(forwarded: str, expected: str) -> None:
    assert address(forwarded) == expected


@pytest.mark.spec("RFC7239 6.2")
@pytest.mark.parametrize(
    "hop",
    [
        "unknown", "_hidden", "garbage", "203.0.113.7:port", "203.0.113.7:", "[2001:db8::2]443", "[2001:db8::2", "::g",
        "203.0.113.07", "203.0.113.7:51008:1", "for=203.0.113.7", "999.1.1.1", "10.0.0.9.", "²03.0.113.7", "1", "-",
        "203.0.113.7:²", "203.0.113.7 10.0.0.1", "\x00", "", " ", ",", '""', "203.0.113.7:65536",
        "203.0.113.7:99999", "10.1.1.1\xa0", "\xa010.1.1.1",
    ],
)  # fmt: skip
def test_N2_what_cannot_be_read_is_nobodys_address_least_of_all_the_proxys(hop: str) -> None:
    assert address(hop) == UNREADABLE
    assert address(f"10.1.1.1, {hop}") == UNREADABLE, "what stands left of it may be the client's own words"
    assert address(f"{hop}, {CLIENT}") == CLIENT, "what the client wrote itself is not looked at"
    assert address(hop, socket=CLIENT) == CLIENT, "nobody but a proxy is believed"


def test_N2_without_a_word_from_the_proxy_it_is_the_proxy_itself() -> None:
    assert address(None) == PROXY
    assert address("10.0.0.8, 10.0.0.7") == "10.0.0.8"


@pytest.mark.spec("RFC7239 4")
def test_N2_the_forwarded_header_is_not_used() -> None:
    assert address(CLIENT, HTTP_FORWARDED="for=10.1.1.1") == CLIENT
    assert address(None, HTTP_FORWARDED="for=10.1.1.1") == PROXY


def test_N3_a_server_known_to_fold_the_names_is_not_believed() -> None:
    assert address("10.1.1.1", SERVER_SOFTWARE="Granian") == UNREADABLE
    assert address(CLIENT, SERVER_SOFTWARE="gunicorn/23.0.0") == CLIENT


@pytest.mark.parametrize("condition", [{"outside": ["0.0.0.0/0", "::/0"]}, {"networks": ["192.0.2.0/24"]}])
def test_N2_rules_by_network_ask_for_more_where_the_address_cannot_be_read(condition: dict[str, Any]) -> None:
    from idp.config import FactorRule

    rule = FactorRule(need="second", **condition)
    assert requirements.needed([rule], Circumstances([], "", "198.51.100.1", lambda: True, 0.0)).level == ""
    assert requirements.needed([rule], Circumstances([], "", UNREADABLE, lambda: True, 0.0)).level == "second"


@pytest.mark.parametrize(
    "forwarded", ["203.0.113.7:51008", "[2001:db8::2]:443", "unknown", "_secret, 10.1.1.1, x", "", ",,", "10.1.1.1, "]
)
def test_N2_a_rule_for_those_outside_holds_however_the_proxy_writes_them(
    open_provider: Callable[..., Provider], forwarded: str
) -> None:
    provider = open_provider(
        server={"issuer": "https://sso.example.test", "trusted_proxies": ["127.0.0.1/32"]}, factors={"rules": [RULE]}
    )
    provider.add_person()
    browser = provider.browser("127.0.0.1")
    browser.headers["X-Forwarded-For"] = forwarded
    page = browser.submit(browser.get(""), login="ann", password=PASSWORD)
    assert "From outside the company." in page.text
    inside = provider.browser("127.0.0.1")
    inside.headers["X-Forwarded-For"] = "10.1.1.1:51008"
    assert "From outside the company." not in inside.submit(inside.get(""), login="ann", password=PASSWORD).text
