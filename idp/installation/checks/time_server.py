"""How far this machine's clock is from a time server's, asked by SNTP (RFC 4330)."""

from __future__ import annotations

import re
import socket
import struct
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from idp.installation.checks.findings import CLOCK_SLACK, Finding, Found

if TYPE_CHECKING:
    from idp.protocols import Services

_WAIT: Final = 2.0  # seconds
_EPOCH: Final = 2208988800  # RFC 4330 §3: seconds from 1900 to 1970
#: Where machines have the names of their time servers.
_FILES: Final = (
    "/etc/chrony/chrony.conf", "/etc/chrony/sources.d/*.sources", "/etc/chrony.conf", "/etc/ntpsec/ntp.conf",
    "/etc/ntp.conf", "/etc/systemd/timesyncd.conf", "/etc/systemd/timesyncd.conf.d/*.conf",
)  # fmt: skip


def examine(services: Services) -> Found:
    """A server that nobody named is not asked: no packet of ours goes where this machine does not go anyway."""
    server = services.settings.server.time_server or named(_lines())
    if not server:
        text = "no time server is named on this machine or in server.time_server, so it is compared with none"
        yield Finding("clock", "ok", text)
        return
    try:
        apart = offset(*_host_and_port(server))
    except (OSError, ValueError) as error:
        yield Finding("clock", "ok", f"the time server {server} does not answer ({error}), so it is not compared")
        return
    if abs(apart) > CLOCK_SLACK:
        text = f"this machine's clock is {-apart:+.1f} s from that of {server}"
        yield Finding("clock", "error", text, "run NTP (chrony, timedatectl): tokens and one-time codes depend on it")
    else:
        yield Finding("clock", "ok", f"{-apart:+.3f} s from {server}")


def named(lines: Iterable[str]) -> str:
    """The first time server that such files name; '' where none does."""
    for line in lines:
        if match := re.match(r"\s*(?:server|pool|peer)\s+([A-Za-z0-9.:-]+)|\s*NTP\s*=\s*([A-Za-z0-9.:-]+)", line):
            return match[1] or match[2]
    return ""


def _host_and_port(server: str) -> tuple[str, int]:
    """An address of IPv6 has colons of its own, and a port only behind brackets. Errors: `ValueError`."""
    found = re.fullmatch(r"\[([^\]]+)\](?::(\d+))?|([^:]+)(?::(\d+))?|(.*)", server)
    host, port = (found[1] or found[3] or found[5], found[2] or found[4]) if found else (server, None)
    return host, int(port or 123)


def offset(host: str, port: int) -> float:
    """Seconds that this clock must be moved by. Errors: `OSError`; `ValueError` for an answer that is none."""
    name = _resolved(host)
    with socket.socket(socket.AF_INET6 if ":" in name else socket.AF_INET, socket.SOCK_DGRAM) as ours:
        ours.settimeout(_WAIT)
        ours.connect((name, port))  # so that only this server's answers get here
        sent = time.time()
        asked = _stamp(sent)
        ours.send(b"\x23" + 39 * b"\0" + asked)  # version 4, client
        answer, came = ours.recv(512), time.time()
    # RFC 4330 §5: an answer of a server, in step with a clock, to this very question.
    if (
        len(answer) < 48
        or answer[0] & 7 != 4
        or answer[0] >> 6 == 3
        or not 0 < answer[1] < 16
        or answer[24:32] != asked
    ):
        raise ValueError("its answer is none, or it has no time itself")
    heard, said = _seconds(answer[32:40]), _seconds(answer[40:48])
    return ((heard - sent) + (said - came)) / 2


def _resolved(host: str) -> str:
    """The address, looked up with an end."""
    import ipaddress

    import dns.exception
    import dns.resolver

    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        pass
    try:
        return str(next(iter(dns.resolver.resolve(host, "A", lifetime=_WAIT))))
    except dns.exception.DNSException as error:
        raise OSError(f"no address: {type(error).__name__}") from None


def _lines() -> Iterable[str]:
    for pattern in _FILES:
        for file in sorted(Path("/").glob(pattern[1:])):
            try:
                yield from file.read_text("utf-8", "replace").splitlines()
            except OSError:
                continue


def _stamp(at: float) -> bytes:
    whole = int(at)
    return struct.pack("!II", (whole + _EPOCH) & 0xFFFFFFFF, int((at - whole) * 2**32))


def _seconds(stamp: bytes) -> float:
    whole, part = struct.unpack("!II", stamp)
    # RFC 4330 §3: after February 2036 the count begins again, with its highest bit clear.
    seconds: int = whole - _EPOCH + (0 if whole & 0x80000000 else 2**32)
    return seconds + float(part) / 2**32
