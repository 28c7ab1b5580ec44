"""Takes the pictures of `docs/console.md`, one of each page of the console: `make screenshots`. Look at them first.

`python docs/console_pictures.py /admin/people "/admin/keys/<kid>"` takes those of some pages alone.
"""

from __future__ import annotations

import io
import os
import shutil
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from docs.console import IMAGES, NO_PICTURE, picture_of  # noqa: E402
from idp.accounts import roles  # noqa: E402
from idp.accounts.roles import RoleGrant  # noqa: E402
from idp.console.views import PAGES  # noqa: E402
from tests.browser.windows import log_in  # noqa: E402
from tests.console.hostile import places  # noqa: E402
from tests.console.larkfield import Larkfield  # noqa: E402
from tests.server import Server, running  # noqa: E402

MAX_BYTES = 40_000
WIDTH, TALLEST = 1120, 1000  # pixels
SEED = "88"  # of a company whose names are written in letters that every machine can draw
#: What a page shows when it is asked for something.
QUERIES = {
    "/admin/search": "?q=anna", "/admin/apps/<id>/preview": "?person=anna.berg",
    "/admin/apps/<id>/claims": "?person=anna.berg",
    "/admin/rules/try": "?person=anna.berg&app=Larkfield+CRM&address=198.51.100.7",
}  # fmt: skip


def larkfield(server: Server) -> tuple[Larkfield, Any, str]:
    """The company, its first owner, and the key that signs."""
    done = server.cli("demo-data", "--people", "24", "--apps", "12", "--events", "30000", "--seed", SEED)
    if done.returncode:
        raise SystemExit(done.stderr)
    services = server.services
    boss = server.add_person("olivia", name="Olivia Owner")
    give = (RoleGrant("owner"),)
    roles.change(services.db, boss.id, give=give, by="init", now=services.clock(), record=lambda *_: None)
    owner = server.browser()
    owner.log_in(owner.get(""), "olivia")
    kid = next(key.kid for key in services.ring.list_keys() if key.state == "active")
    return Larkfield(server, owner, boss), boss, kid


def walk(page: Page, server: Server, paths: Iterable[str]) -> Iterator[str]:
    """These pages in turn, as they stand in the window."""
    company, boss, kid = larkfield(server)
    page.goto(server.issuer + "/admin")
    log_in(page, boss)
    page.wait_for_url("**/admin")
    for path in paths:
        answer = page.goto(server.issuer + places(path, company, kid)[0] + QUERIES.get(path, ""))
        if answer is None or answer.status != 200:
            raise SystemExit(f"{path}: {answer and answer.status}")
        yield path


def shot(page: Page) -> Image.Image:
    """The page down to its end, or as far as a picture goes."""
    page.set_viewport_size({"width": WIDTH, "height": 500})
    tall = min(TALLEST, page.evaluate("document.documentElement.scrollHeight"))
    page.set_viewport_size({"width": WIDTH, "height": max(tall, 300)})
    return Image.open(io.BytesIO(page.screenshot(animations="disabled"))).convert("RGB")


def keep(image: Image.Image, file: Path) -> int:
    """Write it as well as fits into its bytes; answers how many those are."""
    for quality in range(80, 10, -10):
        image.save(file, "WEBP", quality=quality, method=6)
        size = file.stat().st_size
        if size <= MAX_BYTES:
            return size
    raise SystemExit(f"{file} has {size} bytes, more than {MAX_BYTES}")


def main() -> None:
    """Start a server with a company in it, and take a picture of each page."""
    every = [one.path for one in PAGES if one.path not in NO_PICTURE]
    paths = [path for path in every if path in sys.argv[1:] or not sys.argv[1:]]
    IMAGES.mkdir(parents=True, exist_ok=True)
    options = ["--no-sandbox"] if os.getuid() == 0 else []
    with running(os.getpid(), admin={"second_factor": False}) as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=options)
        page = browser.new_page(viewport={"width": WIDTH, "height": 800}, color_scheme="light")
        sizes = {path: keep(shot(page), picture_of(path)) for path in walk(page, server, paths)}
        browser.close()
    for file in set(IMAGES.iterdir()) - set(map(picture_of, every)):
        file.unlink()
    print(f"{IMAGES.relative_to(ROOT)}: {len(sizes)} pictures, {sum(sizes.values()):,} bytes")


if __name__ == "__main__":
    main()
