"""A web server of an application, for what the provider sends by itself."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qsl

#: From a request's body to what is answered: status, content type, body.
Answering = Callable[[bytes], tuple[int, str, bytes]]


class Receiver:
    """Keeps every POST, and answers as it is told."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.content_types: list[str] = []
        self.headers: list[Any] = []
        self.status, self.seconds = 200, 0.0  # what it answers, and how long that takes
        self.answering: Answering | None = None
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.bodies.append(body)
                outer.content_types.append(self.headers["Content-Type"])
                outer.headers.append(self.headers)
                time.sleep(outer.seconds)
                status, kind, answer = outer.answering(body) if outer.answering else (outer.status, "text/plain", b"")
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *args: Any) -> None:
                """Quiet."""

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.origin = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def forms(self) -> list[dict[str, str]]:
        """Every body as a form."""
        return [dict(parse_qsl(body.decode())) for body in self.bodies]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
