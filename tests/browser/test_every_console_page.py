"""Every page of the console as a browser draws it, in a company whose every text is an attack: B1, S59, X25.

One window walks all of them: nothing sticks out at 360 px, axe finds nothing at either width and in either scheme, and
nothing that somebody was called runs. A new page of the console is walked by itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from idp.accounts import roles
from idp.accounts.roles import RoleGrant
from tests.browser.windows import AXE, COLOURS, WCAG, Windows, log_in
from tests.console.hostile import Company, addresses
from tests.server import Server

NARROW, WIDE = 360, 1280
#: What of a page a browser would run that is not ours, how far it sticks out, and names that are squeezed to letters.
LOOK = """() => ({
  hacked: window.hacked,
  foreign: [...document.querySelectorAll("[onerror], [onload], [onmouseover], img[src='x'], script:not([src])")]
    .filter((one) => one.type !== "application/json").map((one) => one.outerHTML.slice(0, 80)),
  wide: document.documentElement.scrollWidth - innerWidth,
  out: [...document.querySelectorAll("main *")].filter((one) => {
    const box = one.getBoundingClientRect();
    return box.width && box.right > innerWidth + 1 && !one.closest(".scroll, pre, table, [class*=scroll]");
  }).slice(0, 3).map((one) => one.outerHTML.slice(0, 120)),
  thin: [...document.querySelectorAll(".table tbody :is(th, td)")].map((one) => [one, one.getBoundingClientRect()])
    .filter(([one, box]) => box.width < 120 && (one.tagName == "TH" || one.textContent.trim().length > 60 &&
      !one.querySelector("button")))
    .slice(0, 3).map(([one]) => one.outerHTML.slice(0, 80)),
})"""


@pytest.fixture(scope="module")
def server(run_pid: int) -> Iterator[Server]:
    """A provider whose console asks for no second factor."""
    made = Server(run_pid, admin={"second_factor": False})
    yield made
    made.close()


def test_B1_S59_every_page_in_every_light_at_every_width_with_hostile_names(server: Server, windows: Windows) -> None:
    services = server.services
    boss = server.add_person("boss")
    give = (RoleGrant("owner"),)
    roles.change(services.db, boss.id, give=give, by="test", now=services.clock(), record=lambda *_: None)
    owner = server.browser()
    owner.log_in(owner.get(""), "boss")
    company = Company(server, owner)
    kid = next(key.kid for key in services.ring.list_keys() if key.state == "active")
    windows.welcome.add(server.issuer)
    page = windows.open(NARROW)
    page.goto(server.issuer + "/admin")
    log_in(page, boss)
    page.wait_for_url("**/admin")
    wrong: list[str] = []
    for path in addresses(company, kid, briefly=True):
        if path.endswith(("/rows", "/export")):
            continue  # a file, which a browser keeps
        page.set_viewport_size({"width": NARROW, "height": 800})
        page.goto(server.issuer + path)
        wrong += [f"{path}: {one}" for one in _seen(page)]
        page.evaluate(AXE)
        wrong += [f"{path}, dark: {one}" for one in _axe(page, "dark", COLOURS)]
        page.set_viewport_size({"width": WIDE, "height": 800})
        wrong += [f"{path}: {one}" for one in _seen(page)]
        wrong += [f"{path}: {one}" for one in _axe(page, "light", WCAG)]
    assert not wrong, "\n".join(wrong)


def _seen(page: Any) -> list[str]:
    found = page.evaluate(LOOK)
    told = [f"runs {one}" for one in found["foreign"]]
    told += ["ran somebody's name"] if found["hacked"] is not None else []
    told += [f"squeezes the names of its rows: {found['thin']}"] if found["thin"] else []
    width = page.viewport_size["width"]
    return told + ([f"sticks out {found['wide']} px at {width}: {found['out']}"] if found["wide"] > 0 else [])


def _axe(page: Any, scheme: str, rules: Any) -> list[str]:
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    found = page.evaluate("runOnly => axe.run(document, {runOnly, resultTypes: ['violations']})", rules)
    return [f"{one['id']}: {[node['target'] for node in one['nodes']][:3]}" for one in found["violations"]]
