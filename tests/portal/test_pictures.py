"""Logos come through us, as pictures and nothing else. S16, S42, X30."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.backends import Clock
from tests.provider import Provider

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20


class PictureServer:
    """The application's own server."""

    def __init__(self) -> None:
        self.status, self.content_type, self.body, self.asked = 200, "image/png", PNG, 0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked += 1
                self.send_response(outer.status)
                self.send_header("Content-Type", outer.content_type)
                self.send_header("Content-Length", str(len(outer.body)))
                self.send_header("Set-Cookie", "theirs=1")
                self.end_headers()
                self.wfile.write(outer.body)

            def log_message(self, *args: Any) -> None:
                """Quiet."""

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.origin = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def pictures() -> Iterator[PictureServer]:
    server = PictureServer()
    yield server
    server.close()


@pytest.fixture
def shown(open_provider: Callable[..., Provider], pictures: PictureServer) -> Provider:
    """A provider that may ask the picture server."""
    return open_provider(server={"issuer": "http://127.0.0.1:8000"}, outbound={"allow": [pictures.origin]})


def test_an_applications_logo_is_fetched_once_an_hour_and_carries_nothing_of_its_server(
    shown: Provider, pictures: PictureServer, clock: Clock
) -> None:
    app = shown.add_client(logo_uri=pictures.origin + "/logo.png")
    for _ in range(3):
        answer = shown.browser().get(f"app-logo/{app.id}")
        assert (answer.status, answer.headers["Content-Type"], answer.body) == (200, "image/png", PNG)
        assert "Set-Cookie" not in answer.headers
        assert "sandbox" in answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert pictures.asked == 1
    clock.advance(3601)
    shown.browser().get(f"app-logo/{app.id}")
    assert pictures.asked == 2


@pytest.mark.parametrize(
    ("status", "content_type", "body"),
    [(200, "text/html", b"<script>alert(1)</script>"), (404, "image/png", PNG), (200, "image/png", b"x" * 70_000),
     (200, "image/png", b""), (302, "image/png", PNG), (200, "application/javascript", b"alert(1)")],
)  # fmt: skip
def test_X30_what_is_no_picture_is_not_passed_on(
    shown: Provider, pictures: PictureServer, status: int, content_type: str, body: bytes
) -> None:
    pictures.status, pictures.content_type, pictures.body = status, content_type, body
    app = shown.add_client(logo_uri=pictures.origin + "/logo")
    for _ in range(3):
        answer = shown.browser().get(f"app-logo/{app.id}")
        assert answer.status == 404
        assert b"alert" not in answer.body
    assert pictures.asked == 1  # a failure is kept, too: nobody makes us ask again and again


def test_S42_a_logo_at_an_address_that_the_guard_refuses_is_not_fetched(
    open_provider: Callable[..., Provider], pictures: PictureServer
) -> None:
    provider = open_provider(server={"issuer": "http://127.0.0.1:8000"})
    app = provider.add_client(logo_uri=pictures.origin + "/logo.png")
    assert provider.browser().get(f"app-logo/{app.id}").status == 404
    assert pictures.asked == 0


def test_unknown_disabled_and_logoless_applications_have_no_picture(shown: Provider, pictures: PictureServer) -> None:
    plain, off = shown.add_client("Plain"), shown.add_client("Off", logo_uri=pictures.origin + "/logo.png")
    shown.services.registry.disable(off.id)
    for client_id in (plain.id, off.id, "unknown"):
        assert shown.browser().get(f"app-logo/{client_id}").status == 404
    assert pictures.asked == 0


def test_the_companys_logo_is_a_picture_file_and_no_other_file(
    open_provider: Callable[..., Provider], tmp_path: Path
) -> None:
    logo = tmp_path / "logo.svg"
    logo.write_text("<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>")
    provider = open_provider(brand={"logo": str(logo), "accent": "#0a5c4a"})
    answer = provider.browser().get("brand/logo")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "image/svg+xml")
    assert "sandbox" in answer.headers["Content-Security-Policy"]  # opened by itself, its script does not run
    assert "#0a5c4a" in provider.browser().get("brand.css").text
    logo.unlink()
    assert provider.browser().get("brand/logo").status == 404
    assert open_provider().browser().get("brand/logo").status == 404
