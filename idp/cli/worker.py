"""One server process: the settings, the application, and granian in front of it."""

from __future__ import annotations

import gc
import ipaddress
import os
import socket
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from idp.cli import certificate
from idp.cli.ports import check_port
from idp.cli.workers import Line, Ready, listen
from idp.health import Leaving
from idp.installation.failures import Failed
from idp.meters.board import Seat
from idp.meters.notes import Meters
from idp.serving import server as edge
from idp.serving.connections import Limits
from idp.tracing import starting as tracing

if TYPE_CHECKING:
    from idp.config import Settings
    from idp.protocols import Services

M_ARENA_MAX = -8  # <malloc.h>


def serve(
    file: str | None, options: Mapping[str, Any], line: Line, inherited: socket.socket | None, *, first: bool,
    seat: Seat,
) -> None:  # fmt: skip
    """Serve until SIGTERM. The supervisor hears by its `line` once people can connect.

    `inherited`: the socket of the worker in whose stead this one is.

    Errors: `Failed`, `Refused`, before anything is served.
    """
    gc.disable()  # until everything is imported: `wsgi.create` says why
    from idp.installation.files import read_settings

    limit_arenas()
    settings = read_settings(file, options)
    leave_out(settings)
    server = settings.server
    if first:
        check_port(server.host, server.port)
    from idp import wsgi

    app, services = wsgi.create(settings)
    services.part(Meters).share(seat)
    try:
        tracing.start(services)
    except ImportError as error:
        raise Failed(str(error), code=2) from None
    wsgi.forget_secrets()
    if first:
        _warn(services)
    tls = certificate.read(server)
    told = f"Doorward listens on {_url(server)} (issuer {server.issuer}){_outbox(settings)}"
    told += _elsewhere(file, options, server.issuer)
    listening = listen(server.host, server.port, edge.BACKLOG, inherited)
    ready = Ready(server.workers, told, tls.watched if tls is not None else {})
    threads = blocking_threads(settings, services.passwords.threads)
    allowed = replace(limits(server, services.part(Leaving)), ending=lambda: _leave(services))
    edge.serve(
        app, listening, threads, allowed, lambda: line.speak(ready, listening),
        tls=tls.files if tls is not None else None,
    )  # fmt: skip


def _leave(services: Services) -> None:
    """What is still answered may take long, by settings that are others by now: the rest is for those that stay."""
    from idp.installation import processes
    from idp.state import StateUnavailable

    services.jobs.leave()
    with suppress(StateUnavailable):  # the line goes by itself
        processes.leave(services)


def blocking_threads(settings: Settings, hashing: int) -> int:
    """Threads that answer requests: while all the sign-ins wait that may, `server.threads` go on serving tokens."""
    return settings.server.threads + settings.passwords.queue + hashing + 2


def limits(server: Any, leaving: threading.Event) -> Limits:
    """What the settings allow connections, heads and bodies."""
    return Limits(
        body_seconds=server.body_seconds,
        head_seconds=server.head_seconds,
        idle_seconds=server.idle_seconds,
        connections=server.connections,
        per_address=server.connections_per_address,
        trusted=tuple(ipaddress.ip_network(network) for network in server.trusted_proxies),
        drain_seconds=server.drain_seconds,
        leaving=leaving,
    )


def leave_out(settings: Settings) -> None:
    """Libraries that others import wherever they find them, and that these settings have no use for.

    The logger tries its colours, for one. None in `sys.modules` makes an import fail as if it were not installed.
    """
    unused = {
        "psycopg": not settings.database_url.startswith("postgresql"),
        "redis": not settings.storage.state_url,
        "greenlet": True,  # a server of threads
        "rich": settings.log.format == "json" or not sys.stderr.isatty(),
    }
    for name, is_unused in unused.items():
        if is_unused:
            sys.modules.setdefault(name, None)  # type: ignore[arg-type]


def limit_arenas() -> None:
    """Two heaps for all threads in place of eight per core: glibc keeps what each of them once had."""
    import ctypes

    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None and "MALLOC_ARENA_MAX" not in os.environ:
        mallopt(M_ARENA_MAX, 2)


def _warn(services: Any) -> None:
    """State that does not answer yet stops no start, since it may come up after us; but it is told, in one line."""
    from idp.cli.terminal import complain
    from idp.state import StateUnavailable, advice

    try:
        services.state.get("serve")
    except StateUnavailable as error:
        found = advice.of(str(error))
        complain(f"nobody can sign in: the state store (storage.state_url) cannot be used: {error}",
                 f"{found.field}: {found.fix}")  # fmt: skip


def _elsewhere(file: str | None, options: Mapping[str, Any], issuer: str) -> str:
    """Other commands know nothing of this one's options: the links that they print would lead to another port."""
    from idp.installation.files import read_settings

    usual = read_settings(file).server.issuer if "port" in options else issuer
    if usual == issuer:
        return ""
    port = options["port"]
    return (
        f"\nOther commands print links to {usual}: set port = {port} in [server] of doorward.toml, or "
        f"DOORWARD_ISSUER={issuer}"
    )


def _outbox(settings: Settings) -> str:
    from idp.mail import outbox

    kept = f"\nNo mail server is set: messages are kept at {settings.server.issuer}/dev/outbox"
    return kept if outbox.is_open(settings) else ""


def _url(server: Any) -> str:
    scheme = "https" if server.tls_certificate else "http"
    return (
        f"{scheme}://[{server.host}]:{server.port}" if ":" in server.host else f"{scheme}://{server.host}:{server.port}"
    )
