"""A person's browser over HTTP that goes on as pages' scripts do: SAML's forms are sent, sign-outs are followed."""

from __future__ import annotations

from urllib.parse import urljoin

import requests

from tests.provider import Dom


class Visitor:
    """One jar for all hosts, and redirects are followed, as browsers do."""

    def __init__(self) -> None:
        self.web = requests.Session()
        self.web.headers["Accept"] = "text/html"
        #: What each form that was sent by itself held, in order: (address, fields).
        self.posted: list[tuple[str, dict[str, str]]] = []

    def open(self, url: str) -> requests.Response:
        return self._go_on(self.web.get(url, timeout=20))

    def press(self, page: requests.Response, **values: str) -> requests.Response:
        """Fill the page's first form and send it."""
        form = Dom(page.text).forms[0]
        data = form.filled(None, values)
        return self._go_on(self.web.post(urljoin(page.url, form.action), data=data, timeout=20))

    def send(self, url: str, **fields: str) -> requests.Response:
        """A form of another site."""
        return self._go_on(self.web.post(url, data=fields, timeout=20))

    def _go_on(self, page: requests.Response) -> requests.Response:
        for _ in range(6):
            if not page.headers.get("Content-Type", "").startswith("text/html"):
                return page
            dom = Dom(page.text)
            if dom.find("form", id="auto-post"):
                fields = dict(dom.forms[0].fields)
                self.posted.append((dom.forms[0].action, fields))
                page = self.web.post(dom.forms[0].action, data=fields, timeout=20)
            elif hop := dom.find("a", id="sign-out-hop"):
                page = self.web.get(hop[0]["href"], timeout=20)
            else:
                return page
        raise AssertionError(f"no end of forms at {page.url}")


def is_sign_in_page(page: requests.Response, issuer: str) -> bool:
    return page.url.startswith(issuer) and bool(Dom(page.text).find("input", name="password"))
