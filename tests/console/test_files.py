"""B4, O1: what the console gives as a file is made while it is sent, whatever its length."""

from __future__ import annotations

import os
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from sqlalchemy import text
from werkzeug.test import EnvironBuilder, run_wsgi_app

from idp.accounts.roles import RoleGrant
from idp.console.files import download
from tests.console.conftest import Enter, form_key
from tests.provider import Browser, Provider

MANY = 200_000


def begin(browser: Browser, path: str, **values: str) -> tuple[Iterator[bytes], dict[str, str]]:
    """Ask for a file and take nothing of it yet."""
    form = {**form_key(browser.get(path)), **values}
    cookie = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    builder = EnvironBuilder(
        path="/" + path, base_url=browser.issuer, method="POST", data=urlencode(form),
        content_type="application/x-www-form-urlencoded", headers={"Cookie": cookie, "Origin": browser.issuer},
    )  # fmt: skip
    pieces, status, headers = run_wsgi_app(browser.app, builder.get_environ())
    assert status.startswith("200"), status
    return iter(pieces), dict(headers)


def peak_of(pieces: Iterator[bytes]) -> tuple[int, int]:
    """(bytes of the file, bytes that were held at most)."""
    tracemalloc.start()
    try:
        size = sum(len(piece) for piece in pieces)
        return size, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def resident() -> int:
    """Bytes of memory that this process has."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_b4_a_file_holds_one_piece_at_a_time() -> None:
    line = "x" * 300 + "\n"
    made = download((line for _ in range(MANY)), "text/csv", "long.csv")
    size, peak = peak_of(made.pieces)
    assert (size, peak < 2_000_000) == (MANY * len(line), True)


def test_b4_a_file_is_asked_for_as_it_is_taken() -> None:
    asked = []

    def lines() -> Iterator[str]:
        for number in range(10):
            asked.append(number)
            yield "y" * 70_000

    pieces = download(lines(), "text/csv", "long.csv").pieces
    assert asked == []
    next(pieces)
    assert asked == [0]


def test_o1_the_record_leaves_before_all_of_it_is_read(provider: Provider, enter: Enter) -> None:
    auditor = enter("audrey", RoleGrant("auditor"))
    pieces, headers = begin(auditor, "admin/activity/export", format="csv")
    assert "Content-Length" not in headers
    assert headers["Content-Disposition"] == 'attachment; filename="record.csv"'
    assert next(pieces).startswith(b'"time","id",')


def test_o1_a_file_that_may_not_be_had_is_refused_before_it_begins(provider: Provider, enter: Enter) -> None:
    helper = enter("hal", RoleGrant("help_desk"))
    assert helper.get("admin/activity/export").status == 403


@pytest.mark.slow
def test_b4_two_hundred_thousand_events_take_no_memory_of_their_own(provider: Provider, enter: Enter) -> None:
    auditor = enter("audrey", RoleGrant("auditor"))
    provider.services.db.run(text(
        "INSERT INTO events (id, at, action, actor, address, detail) "
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000) "
        "SELECT printf('00%024d', i), 1.0 * i, 'thing:done', 'cli:x', '203.0.113.9', '{\"name\":\"some name\"}' FROM n"
    ))  # fmt: skip
    pieces, _ = begin(auditor, "admin/activity/export", format="csv")
    size, before, grown = 0, resident(), 0
    for piece in pieces:
        size += len(piece)
        grown = max(grown, resident() - before)
    assert size > MANY * 60
    assert grown < 12_000_000, grown
