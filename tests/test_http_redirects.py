"""Redirects of the outbound client: followed only where asked for, and each hop through the same guard (S42)."""

# ruff: noqa: F811 - pytest hands fixtures over by name

from __future__ import annotations

import io
import time
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from idp.http import Outbound, OutboundFailed, OutboundRefused, parse
from tests.test_http import (  # noqa: F401
    Canary,
    Site,
    allowing,
    canary,
    connects,
    reply,
    site,
)


def leading(location: str, status: int = 302, hops: int = 1) -> Any:
    """A server whose `/0`, `/1` … lead on, and whose last one answers."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        number = int(handler.path.rpartition("/")[2] or 0)
        if number < hops:
            reply(handler, b"moved", status, location=location or f"/{number + 1}")
        else:
            reply(handler, b"here", content_type="text/xml")

    return answer


@pytest.mark.spec("IIP-MD02")
@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_IIP_MD02_redirects_are_followed_where_asked_for(site: Site, status: int) -> None:
    site.answer = leading("", status, hops=5)
    fetched = allowing(site).get(f"{site.origin}/0", redirects=5)
    assert (fetched.status, fetched.body, fetched.content_type) == (200, b"here", "text/xml")
    assert [path for _, path, _, _ in site.asked] == ["/0", "/1", "/2", "/3", "/4", "/5"]


def test_redirects_end(site: Site) -> None:
    site.answer = leading("", hops=100)
    with pytest.raises(OutboundFailed, match="too many redirects"):
        allowing(site).get(f"{site.origin}/0", redirects=5)
    assert len(site.asked) == 6


@pytest.mark.parametrize("status", [300, 303, 304, 305])
def test_other_answers_of_the_300s_are_not_followed(site: Site, status: int) -> None:
    site.answer = leading("", status)
    with pytest.raises(OutboundFailed, match="redirect"):
        allowing(site).get(f"{site.origin}/0", redirects=5)
    assert len(site.asked) == 1


def test_nothing_is_followed_unless_asked_for(site: Site) -> None:
    site.answer = leading("")
    with pytest.raises(OutboundFailed, match="redirects are not followed"):
        allowing(site).get(f"{site.origin}/0")
    with pytest.raises(OutboundFailed, match="redirects are not followed"):
        allowing(site).post(f"{site.origin}/0", {})
    assert len(site.asked) == 2


@pytest.mark.parametrize(
    "place",
    ["http://127.0.0.1:{port}/", "https://localhost:{port}/", "https://[::1]:{port}/", "//127.0.0.1:{port}/x",
     "https://169.254.169.254/latest/meta-data/", "https://10.0.0.1/", "file:///etc/passwd",
     "gopher://127.0.0.1:{port}/",
     "https://user@127.0.0.1:{port}/", "https://2130706433:{port}/", "javascript:alert(1)", "http://[",
     "\\\\127.0.0.1\\x"],
)  # fmt: skip
def test_threat_22_a_redirect_is_guarded_as_the_first_request_is(
    site: Site,
    canary: Canary,
    connects: list[Any],
    place: str,
) -> None:
    site.answer = leading(place.format(port=canary.port), hops=1000)
    connects.clear()
    with pytest.raises((OutboundRefused, OutboundFailed)):
        allowing(site).get(f"{site.origin}/0", redirects=5)
    assert canary.hits == 0
    assert {port for _, port, *_ in connects} == {site.port}


def test_threat_22_somebody_outside_cannot_send_us_to_an_origin_that_only_the_settings_let_through(
    site: Site,
) -> None:
    outbound = Outbound([site.origin])
    target = parse(site.origin)
    assert outbound._vet(target, time.monotonic() + 1, True) == ["127.0.0.1"]
    with pytest.raises(OutboundRefused):
        outbound._vet(target, time.monotonic() + 1, False)


def test_a_redirect_from_https_to_http_is_refused() -> None:
    from idp.http.urls import next_url

    assert next_url("https://a.example/x/y", "../z") == "https://a.example/z"
    assert next_url("http://a.example/", "https://a.example/") == "https://a.example/"
    with pytest.raises(OutboundRefused, match="from https to http"):
        next_url("https://a.example/", "http://a.example/")


def test_the_cap_and_the_deadline_are_the_callers(site: Site) -> None:
    site.answer = lambda handler: reply(handler, b"x" * 200_000)
    outbound = allowing(site)
    with pytest.raises(OutboundFailed, match="longer than 65536 bytes"):
        outbound.get(site.origin)
    assert len(outbound.get(site.origin, max_bytes=200_000).body) == 200_000
    with pytest.raises(OutboundFailed, match="longer than 199999 bytes"):
        outbound.get(site.origin, max_bytes=199_999)


def test_what_is_big_goes_to_a_file_and_not_past_the_cap(site: Site) -> None:
    site.answer = lambda handler: reply(handler, b"x" * 5_000_000)
    file = io.BytesIO()
    fetched = allowing(site).download(site.origin, file.write, "text/xml", redirects=0, max_bytes=5_000_000, timeout=10)
    assert (fetched.status, fetched.body, len(file.getvalue())) == (200, b"", 5_000_000)
    file = io.BytesIO()
    with pytest.raises(OutboundFailed, match="longer than"):
        allowing(site).download(site.origin, file.write, "text/xml", redirects=0, max_bytes=1_000_000, timeout=10)
    assert len(file.getvalue()) <= 1_000_000


def test_a_file_that_cannot_be_written_is_a_failure(site: Site) -> None:
    def full(_: bytes) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(OutboundFailed):
        allowing(site).download(site.origin, full, "text/xml", redirects=0, max_bytes=100, timeout=10)
