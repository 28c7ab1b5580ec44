"""H3: DNS is gone, the mail server hangs, an application's answer trickles: nobody who signs in or out is held up."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.receiver import Receiver
from tests.server import PATIENCE, Server, unique

pytestmark = pytest.mark.slow


class Cut(Server):
    """A server that asks another name server than this machine's: in a mount namespace of its own."""

    names: Path

    def _command(self, *arguments: str) -> list[str]:
        command = super()._command(*arguments)
        if arguments[0] != "serve":
            return command
        script = 'mount --bind "$0" /etc/resolv.conf && exec "$@"'
        return ["unshare", "--mount", "sh", "-c", script, str(self.names), *command]


@contextlib.contextmanager
def _trickling() -> Iterator[str]:
    """Takes connections and sends a letter a second for ever; answers its port's origin."""
    ended = threading.Event()

    def drip(ours: socket.socket) -> None:
        with contextlib.suppress(OSError), ours:
            ours.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
            while not ended.wait(1):
                ours.sendall(b"x")

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=drip, args=(server.accept()[0],), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=accept, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        ended.set()


@contextlib.contextmanager
def _mute_names(folder: Path) -> Iterator[Path]:
    """A name server that answers nothing; answers a resolv.conf that names it and no other."""
    if os.getuid() != 0 or subprocess.run(["unshare", "--mount", "true"], check=False, capture_output=True).returncode:
        pytest.skip("only root may give a process another name server, in a mount namespace")
    high, low = divmod(os.getpid() % 65536, 256)
    address = f"127.53.{high}.{low or 1}"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as mute:
        mute.bind((address, 53))
        file = folder / "resolv.conf"
        file.write_text(f"nameserver {address}\n")
        yield file


def test_H3_without_dns_and_with_others_that_hang_people_sign_in_and_out(run_pid: int, tmp_path: Path) -> None:
    with _mute_names(tmp_path) as names, _trickling() as slow, contextlib.ExitStack() as held:
        Cut.names = names
        mute = held.enter_context(socket.create_server(("127.0.0.1", 0)))  # it takes mail's connections, and no more
        good = Receiver()
        held.callback(good.close)
        server = Cut(
            run_pid,
            outbound={"allow": [slow, good.origin]},
            mail={"host": "127.0.0.1", "port": mute.getsockname()[1], "tls": "none"},
        )
        held.callback(server.close)
        server.add_person("ann", email="ann@gone.example", email_verified=True)
        uris = (slow + "/logout", "https://crm.gone.example/logout", good.origin + "/logout")
        apps = [server.add_client(unique("CRM"), backchannel_logout_uri=uri) for uri in uris]

        for _ in range(4):  # somebody asks for a new password, and the mail cannot leave
            asking = server.browser()
            asking.submit(asking.get("help/password"), login="ann")
        browser = server.browser()
        tokens = [server.tokens(app, browser, "ann") for app in apps]
        begun = time.monotonic()
        answer = browser.get(f"oauth/logout?id_token_hint={tokens[0]['id_token']}")
        out = time.monotonic() - begun
        assert answer.status == 200
        assert server.authorize(browser, apps[0], prompt="none").error == "login_required"
        deadline = time.monotonic() + 2 * PATIENCE
        while not good.forms:
            assert time.monotonic() < deadline, server.services.jobs.pending()
            time.sleep(0.05)
        print(f"signed out after {out:.1f} s, the good application told after {time.monotonic() - begun:.1f} s")
        assert server.tokens(apps[0], server.browser(), "ann")["access_token"]
        print([(job.name, job.tries, job.error) for job in server.services.jobs.pending()])
