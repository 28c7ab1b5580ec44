"""Where a browser has arrived."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Page

from tests.browser.site import Site


def landed(page: Page, site: Site) -> dict[str, str]:
    """What the application got."""
    page.wait_for_url(site.landing + "/cb**")
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}
