"""The person of the plans for CIBA: an address that the suite calls (`automated_ciba_approval_url`) has them answer."""

from __future__ import annotations

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urljoin, urlsplit

import requests

from tests.conformance.provider import PASSWORD, PERSON, Provider, ProviderFailed
from tests.provider import Dom

ASKED_WITHIN = 20.0  # seconds: a job puts the question to the person


class Approver:
    """Signs in at the provider as the person would and answers what waits there. `close` ends it."""

    def __init__(self, provider: Provider) -> None:
        class Answers(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                try:
                    answer(provider, parse_qs(urlsplit(self.path).query)["action"][0])
                    self.send_response(204)
                except (ProviderFailed, requests.RequestException) as error:
                    self.send_response(500, str(error)[:200].replace("\n", " "))
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_words: object) -> None:
                """Silent."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        self.url = f"http://127.0.0.1:{self._server.server_port}/?request={{auth_req_id}}&action={{action}}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """No more answers."""
        self._server.shutdown()
        self._server.server_close()


def answer(provider: Provider, action: str) -> None:
    """One question, `allow` or `deny`. Errors: `ProviderFailed` where none comes or the page is another."""
    web = requests.Session()
    web.verify, web.trust_env = str(provider.folder / "tls.pem"), False
    here = provider.issuer + "/requests"
    page = _press(web, web.get(here, timeout=20), "login", login=PERSON, password=PASSWORD)
    until = time.monotonic() + ASKED_WITHIN
    while not any("request" in form.names() for form in Dom(page.text).forms):
        if time.monotonic() > until:
            raise ProviderFailed(f"nobody was asked: {Dom(page.text).text[:300]}")
        time.sleep(0.3)
        page = web.get(here, timeout=20)
    page = _press(web, page, "request", "request")
    _press(web, page, action, action)


def _press(
    web: requests.Session, page: requests.Response, has: str, press: str = "", **values: str
) -> requests.Response:
    """Send the form that has a field or button of that name or id."""
    for form in Dom(page.text).forms:
        if has in form.names() or any(has in button for button in form.buttons):
            data = form.filled(press or None, values)
            return web.post(urljoin(page.url, form.action), data=data, timeout=20)
    raise ProviderFailed(f"no {has!r} on the page: {Dom(page.text).text[:300]}")
