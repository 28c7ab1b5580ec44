"""N5: forty programs with one wrong password wait on their connections alone; everybody else signs in."""

from __future__ import annotations

import threading
import time
from collections import Counter

import pytest

from idp.serving.gate import HOLD_SECONDS
from tests.provider import Answer
from tests.server import Server, race, unique

pytestmark = pytest.mark.slow


def test_n5_forty_at_once_with_one_wrong_password_leave_the_others_alone(server: Server) -> None:
    name, other = unique("ann"), unique("bob")
    server.add_person(name)
    server.add_person(other)
    app = server.add_client(unique("CRM"))
    stop, seen, waited = threading.Event(), Counter[int](), list[float]()
    pages = [(browser := server.browser(), server.authorize(browser, app)) for _ in range(40)]

    def attack(number: int) -> None:
        browser, page = pages[number]
        form = page.form.filled(None, {"login": name, "password": "Sommer2025! in Berlin"})
        while not stop.is_set():
            begun = time.monotonic()
            answer = browser.post("login", form)
            seen[answer.status] += 1
            if answer.status == 429:
                waited.append(time.monotonic() - begun)

    def honest() -> list[Answer]:
        try:
            return [server.sign_in(server.browser(), app, other) for _ in range(5)]
        finally:
            stop.set()

    *_, answers = race([*(lambda n=n: attack(n) for n in range(40)), honest])  # type: ignore[list-item,misc]
    assert [bool(answer.code) for answer in answers or []] == [True] * 5
    assert set(seen) <= {200, 429}  # never 503: no queue was filled
    assert min(waited) >= HOLD_SECONDS * 0.99
    rows = [event for event in server.events("session:failed") if "repeated" in event.detail or event.person_id]
    assert len([row for row in rows if row.detail.get("failures", 1) <= 5]) <= 5
