"""An authenticator app that scans the page."""

from __future__ import annotations

import io
import time

import pyotp
from PIL import Image
from playwright.sync_api import Page

from tests import phone

STEP = 30


def scan(page: Page) -> pyotp.TOTP:
    """What a camera before the screen sees."""
    app = pyotp.parse_uri(phone.scan(Image.open(io.BytesIO(page.locator("#qr").screenshot()))))
    assert isinstance(app, pyotp.TOTP)
    return app


def following(app: pyotp.TOTP) -> str:
    """The next code; this one is used up."""
    return app.at(time.time() + STEP)
