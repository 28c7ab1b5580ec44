"""An installation of its own for each measurement: applications, people, and one server process on one core."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench import machine
from clients.registry import Draft
from idp import config
from idp.accounts.person import Draft as PersonDraft
from idp.opening import create_services
from idp.protocols import Services

PASSWORD = "correct horse battery staple"
CALLBACK = "https://app.example/callback"
USERS = 8


@dataclass(frozen=True)
class App:
    """A registered application as its own code sees it."""

    id: str
    secret: str

    @property
    def basic(self) -> bytes:
        """The value of its Authorization header."""
        return b"Basic " + b64encode(f"{self.id}:{self.secret}".encode())


@dataclass
class Installation:
    """A data folder with the applications and people of the measurement, and the server on it when it runs."""

    folder: Path
    port: int
    environ: dict[str, str]
    apps: dict[str, App] = field(default_factory=dict)
    server: subprocess.Popen[bytes] | None = None

    @property
    def program(self) -> str:
        """The `doorward` command of the Python that runs the measurement."""
        return str(Path(sys.executable).with_name("doorward"))

    @contextlib.contextmanager
    def services(self) -> Iterator[Services]:
        """The provider's parts, opened in this process to prepare data."""
        settings = config.load(None, self.environ, {"port": self.port})
        opened = create_services(settings)
        try:
            yield opened
        finally:
            opened.passwords.close()
            opened.state.close()
            opened.db.close()

    def start(self, core: int, instead: str = "") -> float:
        """Start the server on one core; answers the seconds to its first answer. `instead`: Python that runs it."""
        begun = time.perf_counter()
        program = [sys.executable, "-c", f"{instead}; idp.__main__.main()"] if instead else [self.program]
        self.server = subprocess.Popen(
            [*program, "serve", "--port", str(self.port)],
            env=self.environ,
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            preexec_fn=machine.on_core(core),
        )
        while True:
            try:
                probe = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
                probe.request("GET", "/.well-known/openid-configuration")
                if probe.getresponse().status == 200:
                    return time.perf_counter() - begun
            except OSError:
                if self.server.poll() is not None or time.perf_counter() - begun > 60:
                    raise RuntimeError("the server did not start") from None
                time.sleep(0.002)
            finally:
                probe.close()

    def stop(self) -> None:
        """Stop the server, when it runs."""
        if self.server is not None:
            self.server.send_signal(signal.SIGTERM)
            try:
                self.server.wait(15)
            except subprocess.TimeoutExpired:
                self.server.kill()
                self.server.wait()
            self.server = None


def install(folder: Path, storage: Mapping[str, str] | None = None) -> Installation:
    """A new installation. `storage`: DOORWARD_DATABASE_URL and DOORWARD_STATE_URL; SQLite in the folder by default."""
    folder.mkdir(parents=True, exist_ok=True)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DOORWARD_")}
    environ = {**kept, "DOORWARD_DATA_DIR": str(folder / "var"), **(storage or {})}
    installation = Installation(folder, _free_port(), environ)
    subprocess.run([installation.program, "init"], env=environ, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    with installation.services() as services:
        installation.apps = {name: _register(services, **draft) for name, draft in _APPS.items()}
        password_hash = services.passwords.hash(PASSWORD)
        for n in range(USERS):
            person = PersonDraft(username=f"ann{n}", email=f"ann{n}@example.com", name=f"Ann Example {n}")
            services.directory.add(person, password_hash=password_hash)
    return installation


_WEB = {"redirect_uris": [CALLBACK]}
_APPS: dict[str, dict[str, Any]] = {
    "rs256": {"profile": "web", "metadata": {**_WEB, "id_token_signed_response_alg": "RS256"}},
    "es256": {"profile": "web", "metadata": {**_WEB, "id_token_signed_response_alg": "ES256"}},
    "bound": {
        "profile": "web",
        "metadata": {**_WEB, "id_token_signed_response_alg": "ES256", "dpop_bound_access_tokens": True},
    },
    "machine": {"profile": "machine", "metadata": {"scope": "api"}},
    "machine_jwt": {
        "profile": "machine",
        "metadata": {"scope": "api", "access_token_format": "jwt", "id_token_signed_response_alg": "ES256"},
    },
}


def _register(services: Services, profile: str, metadata: dict[str, Any]) -> App:
    made = services.registry.register(Draft(name=f"Bench {profile}", profile=profile, metadata=metadata))
    assert made.client_secret is not None
    return App(made.client.id, made.client_secret)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
