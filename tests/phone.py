"""A phone with an authenticator app: it scans the QR code that a page shows, and shows six digits."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable

import pyotp
import zxingcpp
from PIL import Image

from tests.provider import Answer, Browser


class Phone:
    """`slow`: seconds that its clock is behind; negative is fast."""

    def __init__(self, uri: str, clock: Callable[[], float], slow: float = 0.0) -> None:
        self.uri, self.clock, self.slow = uri, clock, slow
        self.app = pyotp.parse_uri(uri)
        assert isinstance(self.app, pyotp.TOTP)

    @classmethod
    def scan(cls, page: Answer, clock: Callable[[], float], slow: float = 0.0) -> Phone:
        """Hold the camera before the page."""
        (picture,) = page.dom.find("img", id="qr")
        return cls(read_qr(picture["src"]), clock, slow)

    @property
    def code(self) -> str:
        """What it shows now."""
        assert isinstance(self.app, pyotp.TOTP)
        return self.app.at(self.clock() - self.slow)

    @property
    def wrong(self) -> str:
        """Six digits that it shows neither now nor within the quarter of an hour around it."""
        assert isinstance(self.app, pyotp.TOTP)
        near = {self.app.at(self.clock(), counter_offset=step) for step in range(-30, 31)}
        return next(f"{n:06}" for n in range(100) if f"{n:06}" not in near)


def read_qr(data_uri: str) -> str:
    """The text of a QR code in a `data:` URI."""
    kind, _, encoded = data_uri.partition(",")
    assert kind == "data:image/png;base64"
    return scan(Image.open(io.BytesIO(base64.b64decode(encoded))))


def scan(picture: Image.Image) -> str:
    """The text of the one QR code in a picture. Other codes are not looked for: its dots may pass for one by chance."""
    (found,) = zxingcpp.read_barcodes(picture, formats=zxingcpp.BarcodeFormat.QRCode)
    return str(found.text)


def set_up(browser: Browser, clock: Callable[[], float], label: str = "") -> tuple[Phone, Answer]:
    """Somebody who has just signed in adds an app; answers the phone and what came after."""
    page = browser.get("security/totp")
    phone = Phone.scan(page, clock)
    return phone, browser.submit(page, None, form=form_with(page, "code"), code=phone.code, label=label)


def form_with(page: Answer, name: str) -> int:
    """Which of the page's forms has a field of that name."""
    found = [number for number, form in enumerate(page.dom.forms) if name in form.names()]
    assert found, page.dom.text
    return found[0]


def backup_codes(page: Answer) -> list[str]:
    """The codes that a page shows."""
    return [line.strip() for line in page.text.split('<li class="code">')[1:] for line in [line.partition("<")[0]]]
