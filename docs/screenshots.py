"""Takes the pictures of the README from the running demo: `make screenshots`. Look at them before you keep them."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from tests.apps.demo import PEOPLE, Demo, Ports  # noqa: E402

IMAGES = ROOT / "docs" / "images"
MAX_BYTES = 150_000
WIDTH = 1120  # pixels


def take(page: Page, ports: Ports) -> None:
    """Walk through the demo and keep what is seen."""
    username, _, _, password = PEOPLE[0]
    page.goto(ports.url("crm"))
    page.fill("#login", username)
    page.fill("#password", password)
    _keep(page, "login")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{ports.url('crm')}/")
    page.set_viewport_size({"width": WIDTH, "height": 440})
    page.goto(ports.url("doorward"))
    page.wait_for_load_state("networkidle")
    _keep(page, "launcher")


def _keep(page: Page, name: str) -> None:
    file = IMAGES / f"{name}.png"
    page.screenshot(path=file)
    if file.stat().st_size > MAX_BYTES:
        raise SystemExit(f"{file} has {file.stat().st_size} bytes, more than {MAX_BYTES}")
    print(f"{file.relative_to(ROOT)}: {file.stat().st_size:,} bytes")


def main() -> None:
    """Start the demo in a folder of its own, on the usual ports, and take the pictures."""
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        demo = Demo(Path(folder) / "demo", Ports())
        options = ["--no-sandbox"] if os.getuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=options)
        try:
            demo.start()
            page = browser.new_page(viewport={"width": WIDTH, "height": 760}, color_scheme="light")
            take(page, demo.ports)
        finally:
            browser.close()
            demo.stop()


if __name__ == "__main__":
    main()
