"""Mails of recovery, and the links in them."""

from __future__ import annotations

import re
import time

from idp.mail import outbox
from tests.browser.site import Site

NEW = "seven quiet pelicans over harwich"


def mail(site: Site, message: str, to: str) -> outbox.Kept:
    """The newest mail of a kind to somebody, as soon as the server has sent it."""
    until = time.monotonic() + 15
    while time.monotonic() < until:
        for kept in outbox.newest(site.services):
            if (kept.message, kept.to) == (message, to):
                return kept
        time.sleep(0.1)
    raise AssertionError(f"no {message} to {to}")


def link_of(kept: outbox.Kept) -> str:
    found = re.search(r"http://\S+/(?:setup|recovery/undo)/\S+", kept.text)
    assert found, kept.text
    return found[0]
