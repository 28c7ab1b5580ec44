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
            raise Failed(f"cannot listen on {host} port {port}: {why_not(error, host, port)}") from None


def why_not(error: OSError, host: str, port: int) -> str:
    """What keeps us from listening there, and which setting it is about."""
    if isinstance(error, socket.gaierror):
        return "no address was found for it; set server.host to one of this machine (127.0.0.1, or 0.0.0.0 for all)"
    if error.errno == errno.EADDRINUSE:
        return "another program has it; stop that, or choose another --port (server.port)"
    if error.errno in (errno.EACCES, errno.EPERM):
        return (
            "ports below 1024 are root's; take one above (server.port), or give the service the right to it "
            "(AmbientCapabilities=CAP_NET_BIND_SERVICE in systemd)"
        )
    if error.errno in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
        kind = " (IPv6 is off here)" if error.errno == errno.EAFNOSUPPORT else ""
        return f"it is no address of this machine{kind}; set server.host to one of its own, or 0.0.0.0 or :: for all"
    return str(error.strerror)
