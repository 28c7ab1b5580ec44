"""`make demo`: the provider and three applications on this machine, with people ready to sign in.

The provider is set up and used as an admin would: by the `doorward` command. Everything is kept in one folder.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.request import urlopen

ROOT = Path(__file__).parents[2]
MARK = "# The demo's settings; the folder is made anew when it is removed."
#: Username, name, group, password. Made up, and for this machine only.
PEOPLE = (
    ("anna.berg", "Anna Berg", "sales", "violet-kayak-at-dawn"),
    ("ben.okafor", "Ben Okafor", "support", "copper-lantern-river"),
    ("chloe.martin", "Chloe Martin", "support", "nine-quiet-pelicans"),
)
APPS = {"crm": "Larkfield CRM", "desk": "Desk", "wiki": "Wiki"}
PORTS = ("DOORWARD", "CRM", "DESK", "WIKI")
START_WITHIN = 60.0  # seconds


class DemoFailed(Exception):
    """A part of the demo does not run; the message says which, and what it said last."""


@dataclass(frozen=True)
class Ports:
    """Where they listen. The name is `localhost`: passkeys belong to a name, and an address is none."""

    doorward: int = 8000
    crm: int = 8001
    desk: int = 8002
    wiki: int = 8003

    def url(self, name: str) -> str:
        """The address of one of them."""
        return f"http://localhost:{getattr(self, name)}"


@dataclass
class Demo:
    """Four processes; `stop` ends them."""

    folder: Path
    ports: Ports
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self) -> None:
        """Set up what is missing, start all of them, and wait until they answer. Errors: `DemoFailed`."""
        self._check_ports()
        registered = self._set_up()
        self._run("doorward", [*self._doorward(), "serve"], {})
        self._wait("doorward", "/readyz")
        for name in APPS:
            self._run(name, [sys.executable, "-m", f"tests.apps.{name}"], self._environment(name, registered[name]))
        for name in APPS:
            self._wait(name, "/static/logo.svg")

    def stop(self) -> None:
        """End all of them, gently at first; a second Ctrl-C changes nothing about it."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        for process in self.running.values():
            process.terminate()
        for process in self.running.values():
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def check(self) -> None:
        """Errors: `DemoFailed` when one of them has ended."""
        for name, process in self.running.items():
            if process.poll() is not None:
                log = (self.folder / f"{name}.log").read_text("utf-8", "replace").strip().splitlines()
                raise DemoFailed("\n".join([f"{name} has ended (exit code {process.returncode}):", *log[-12:]]))

    def _check_ports(self) -> None:
        numbers = [getattr(self.ports, name.lower()) for name in PORTS]
        if len(set(numbers)) < len(numbers):
            raise DemoFailed(f"PORTS: four different ones are needed, not {', '.join(map(str, numbers))}")
        for name, number in zip(PORTS, numbers, strict=True):
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind(("127.0.0.1", number))
                except OSError as error:
                    raise DemoFailed(
                        f"port {number} ({name}) cannot be had: {error.strerror}. Choose four others: "
                        "make demo PORTS=8100-8103"
                    ) from None

    # -- setting up ----------------------------------------------------------------------------------------------

    def _set_up(self) -> Mapping[str, Mapping[str, str]]:
        """An initialised provider with people and applications; answers what registering each application gave."""
        note, settings = self.folder / "applications.json", self.folder / "doorward.toml"
        if note.exists() and not set(APPS) <= json.loads(note.read_text("utf-8")).keys():
            note.unlink()  # made when there were fewer applications
        before = settings.read_text("utf-8") if settings.exists() else ""
        if before.startswith(MARK) and (not note.exists() or before != self._settings()):
            # The first start was cut short, or it is of an older demo or of other ports: addresses are registered.
            shutil.rmtree(self.folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        settings.write_text(self._settings(), "utf-8")
        self._call("init")
        if note.exists():
            registered: dict[str, dict[str, str]] = json.loads(note.read_text("utf-8"))
            return registered
        print("Setting up people and applications ...", flush=True)
        for username, name, group, password in PEOPLE:
            address = ("--email", f"{username}@larkfield.example", "--email-verified")
            who = ("--username", username, *address, "--name", name)
            self._call("user", "add", *who, "--group", group, "--password-stdin", "--json", stdin=password)
        registered = {name: self._register(name) for name in APPS}
        note.touch(0o600)  # it holds the applications' secrets
        note.write_text(json.dumps(registered), "utf-8")
        return registered

    def _settings(self) -> str:
        apps = json.dumps([self.ports.url(name) for name in APPS])
        lines = [
            MARK,
            f'[server]\nissuer = "{self.ports.url("doorward")}"\nport = {self.ports.doorward}',
            '[storage]\ndata_dir = "."',
            '[brand]\ncompany = "Larkfield"\nlogin_hint = "Username or e-mail address, such as anna.berg"',
            '[log]\nformat = "text"',
            "[oauth]\nfedcm = true",
            f"[outbound]\nallow = {apps}",  # their logos are fetched from this machine
        ]
        return "\n\n".join(lines) + "\n"

    def _register(self, name: str) -> dict[str, str]:
        url = self.ports.url(name)
        if name == "wiki":
            return self._register_wiki(url)
        answer = self._call(
            "client", "add", "oidc", "--name", APPS[name], "--profile", "web", "--json",
            "--redirect-uri", f"{url}/callback", "--post-logout-redirect-uri", f"{url}/signed-out",
            "--set", f"launch_url={url}/", "--set", f"logo_uri={url}/static/logo.svg",
            "--set", "id_token_signed_response_alg=ES256", "--set", "fedcm=true",
            "--backchannel-logout-uri", f"{url}/back-channel-logout",
        )  # fmt: skip
        made: dict[str, str] = json.loads(answer)
        return made

    def _register_wiki(self, url: str) -> dict[str, str]:
        said = subprocess.run(
            [sys.executable, "-m", "tests.apps.wiki", "--metadata"], cwd=ROOT, capture_output=True, text=True,
            env={**os.environ, **self._environment("wiki", {})}, check=False,
        )  # fmt: skip
        if said.returncode:
            raise DemoFailed(f"the wiki cannot say what it is: {said.stderr.strip()}")
        answer = self._call(
            "client", "add", "saml", "--name", APPS["wiki"], "--metadata", "-", "--json",
            "--set", f"launch_url={url}/", "--set", f"logo_uri={url}/static/logo.svg", stdin=said.stdout,
        )  # fmt: skip
        made: dict[str, Any] = json.loads(answer)
        return {"client_id": made["client_id"]}

    def _doorward(self) -> list[str]:
        return [str(Path(sys.executable).with_name("doorward")), "--config", str(self.folder / "doorward.toml")]

    def _call(self, *words: str, stdin: str = "") -> str:
        done = subprocess.run(
            [*self._doorward(), *words], input=stdin, capture_output=True, text=True, cwd=self.folder, check=False
        )
        if done.returncode:
            raise DemoFailed(f"doorward {' '.join(words[:2])}: {done.stderr.strip()}")
        return done.stdout

    # -- running -------------------------------------------------------------------------------------------------

    def _environment(self, name: str, made: Mapping[str, str]) -> dict[str, str]:
        url, neighbour = self.ports.url(name), next(other for other in APPS if other != name)
        if name == "wiki":
            return {
                "SAML_IDP_METADATA_URL": f"{self.ports.url('doorward')}/saml/metadata",
                "SAML_SP_KEY_FILE": str(self.folder / "wiki.pem"),
                "PROVIDER_URL": self.ports.url("doorward"),
                "BASE_URL": url,
                "NEIGHBOUR_URL": self.ports.url(neighbour),
                "PORT": str(self.ports.wiki),
            }
        return {
            "OIDC_ISSUER": self.ports.url("doorward"),
            "OIDC_CLIENT_ID": made["client_id"],
            "OIDC_CLIENT_SECRET": made["client_secret"],
            "OIDC_REDIRECT_URI": f"{url}/callback",
            "OIDC_POST_LOGOUT_REDIRECT_URI": f"{url}/signed-out",
            "NEIGHBOUR_URL": self.ports.url(neighbour),
            "PORT": str(getattr(self.ports, name)),
        }

    def _run(self, name: str, command: list[str], environment: Mapping[str, str]) -> None:
        with (self.folder / f"{name}.log").open("wb") as log:
            self.running[name] = subprocess.Popen(
                command, cwd=ROOT, env={**os.environ, **environment}, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,  # Ctrl-C is ours to handle: they end in good order
                preexec_fn=_end_with_parent,
            )  # fmt: skip

    def _wait(self, name: str, path: str) -> None:
        until = time.monotonic() + START_WITHIN
        while time.monotonic() < until:
            self.check()
            try:
                urlopen(self.ports.url(name) + path, timeout=5).close()
            except OSError:
                time.sleep(0.1)
            else:
                return
        raise DemoFailed(f"{name} does not answer at {self.ports.url(name)}; its log: {self.folder / name}.log")


def _end_with_parent() -> None:
    """Linux: SIGTERM for a child whose parent is gone, killed perhaps. Elsewhere only an orderly end takes it along."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG


def read_ports(text: str) -> tuple[int, ...]:
    """`8100-8103`, or four numbers with commas or spaces. Errors: `ValueError`."""
    first, dash, last = text.strip().partition("-")
    numbers = list(range(int(first), int(last) + 1)) if dash else [int(one) for one in text.replace(",", " ").split()]
    if len(numbers) != len(PORTS) or not all(0 < number < 65536 for number in numbers):
        raise ValueError
    return tuple(numbers)


def story(ports: Ports) -> str:
    """What to try, and as whom."""
    width = max(len(name) for name, *_ in PEOPLE)
    people = "\n".join(f"    {username:<{width}}   {password}" for username, _, _, password in PEOPLE)
    return f"""
The demo is running; Ctrl-C stops it.

  1. Open the CRM and sign in         {ports.url("crm")}
  2. Open Desk: no second sign-in     {ports.url("desk")}
  3. Open the Wiki, by SAML: nor here   {ports.url("wiki")}
  4. Sign out at any of them: all end
     All apps in one place            {ports.url("doorward")}

  People, and their passwords:
{people}
"""


def main() -> int:
    """Run until told to stop."""
    parser = argparse.ArgumentParser(prog="make demo")
    parser.add_argument("--folder", type=Path, default=ROOT / "var" / "demo")
    parser.add_argument("--ports", nargs="+", default=["8000-8003"], metavar="8100-8103")
    args = parser.parse_args()
    try:
        ports = Ports(*read_ports(" ".join(args.ports)))
    except ValueError:
        parser.error("PORTS: expected four ports, such as PORTS=8100-8103 or PORTS=8100,8101,8102,8103")
    demo = Demo(args.folder.resolve(), ports)
    for name in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(name, lambda *_: sys.exit(0))
    try:
        demo.start()
        print(story(demo.ports), flush=True)
        while True:
            demo.check()
            time.sleep(0.5)
    except DemoFailed as failed:
        print(failed, file=sys.stderr)
        return 1
    finally:
        demo.stop()


if __name__ == "__main__":
    sys.exit(main())
