"""An authenticator app that scans the page."""

from __future__ import annotations

import io
import time

import pyotp
import zxingcpp
from PIL import Image
from playwright.sync_api import Page

STEP = 30


def scan(page: Page) -> pyotp.TOTP:
    """What a camera before the screen sees."""
    seen = zxingcpp.read_barcodes(Image.open(io.BytesIO(page.locator("#qr").screenshot())))
    app = pyotp.parse_uri(seen[0].text)
    assert isinstance(app, pyotp.TOTP)
    return app


def following(app: pyotp.TOTP) -> str:
    """The next code; this one is used up."""
    return app.at(time.time() + STEP)
