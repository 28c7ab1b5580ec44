"""Serve a small application on this machine until it is told to stop."""

from __future__ import annotations

import logging
import signal
import sys

from flask import Flask
from werkzeug.serving import make_server


def serve(app: Flask, port: int) -> None:
    """Answer on 127.0.0.1 in threads; SIGTERM and SIGINT end it."""
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: sys.exit(0))
    make_server("127.0.0.1", port, app, threaded=True).serve_forever()
