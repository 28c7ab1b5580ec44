"""Whether a port is ours to listen on."""

from __future__ import annotations

import errno
import socket
import time

from idp.installation.failures import Failed

PATIENCE = 3.0  # seconds for a server that is just ending to let go of the port


def check_port(host: str, port: int) -> None:
    """Errors: `Failed` when the address is not ours, or another server has the port.

    granian would share the port with it (SO_REUSEPORT), and each would get half of the requests.
    """
    until = time.monotonic() + PATIENCE
    while True:
        try:
            family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
            with socket.socket(family, kind, protocol) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(address)
            return
        except OSError as error:
            if error.errno == errno.EADDRINUSE and time.monotonic() < until:
                time.sleep(0.05)
                continue
            taken = error.errno == errno.EADDRINUSE
            what = "another program has it; stop that, or choose another --port" if taken else error.strerror
            raise Failed(f"cannot listen on {host} port {port}: {what}") from None
