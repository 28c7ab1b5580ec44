"""H1: Redis is away when somebody presses "Sign in": the page says what to do, and what was typed is not lost."""

from __future__ import annotations

from playwright.sync_api import Browser, expect

from tests.backends import Redis
from tests.provider import PASSWORD
from tests.server import running, unique


def test_H1_reloading_the_page_sends_what_was_typed_once_more(chromium: Browser, run_pid: int) -> None:
    redis, name = Redis(run_pid), unique("ann")
    with running(run_pid, storage={"state_url": redis.url}) as server:
        server.add_person(name)
        page = chromium.new_context(java_script_enabled=False).new_page()
        page.goto(server.issuer + "/")
        page.fill("#login", name)
        page.fill("#password", PASSWORD)
        redis.stop()
        page.click("button[type=submit] >> nth=0")
        expect(page.get_by_role("heading", level=1)).to_have_text("Please try again in a moment")
        expect(page.locator("body")).to_contain_text("reload this page: your browser sends what you typed once more")
        redis.start()
        page.reload()
        expect(page.get_by_role("heading", level=1)).to_have_text("Your apps")
        page.context.close()
    redis.stop()
