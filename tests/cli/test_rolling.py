"""G2, G4, G5: new settings and a new certificate are taken up by new workers, and no request is lost meanwhile."""

from __future__ import annotations

import datetime
import http.client
import os
import signal
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from idp.cli.certificate import read
from idp.cli.rolling import LEAVE_S, Rolling
from idp.cli.workers import listen
from idp.config.server import Server as Settings
from idp.installation.failures import Failed
from idp.serving.connections import Limits
from tests.backends import find_free_port
from tests.cli.conftest import CHEAP, COMMAND, Folder

# -- one after the other ---------------------------------------------------------------------------------------------


@dataclass
class Processes:
    """What `Rolling` starts and ends, without any process."""

    started: list[int] = field(default_factory=list)
    ended: list[int] = field(default_factory=list)
    killed: list[int] = field(default_factory=list)

    def rolling(self) -> Rolling:
        return Rolling(self._start, self.ended.append, self.killed.append)

    def _start(self, instead: int) -> int:
        self.started.append(instead)
        return 100 + instead


def test_G4_each_worker_ends_when_the_one_in_its_stead_is_ready() -> None:
    processes = Processes()
    rolling, ready = processes.rolling(), set[int]()
    rolling.begin([1, 2])
    for _ in range(3):
        assert not rolling.step(ready.__contains__)
    assert (processes.started, processes.ended) == ([1], [])
    ready.add(101)
    assert not rolling.step(ready.__contains__)
    assert processes.ended == [1]
    rolling.step(ready.__contains__)
    ready.add(102)
    assert rolling.step(ready.__contains__)  # the last one
    assert (processes.started, processes.ended, rolling.is_on) == ([1, 2], [1, 2], False)
    assert rolling.gone(1)
    assert not rolling.gone(101)  # nobody has asked it to


def test_G4_where_a_new_one_cannot_start_those_of_before_go_on() -> None:
    processes = Processes()
    rolling = processes.rolling()
    rolling.begin([1, 2])
    rolling.step(lambda pid: False)
    assert rolling.gone(101)
    assert (rolling.failed, rolling.is_on, processes.ended) == (True, False, [])
    assert not rolling.step(lambda pid: True)
    assert processes.started == [1]


def test_G4_one_that_was_starting_when_the_settings_changed_again_is_replaced_too() -> None:
    processes = Processes()
    rolling = processes.rolling()
    rolling.begin([1])
    rolling.step(lambda pid: False)
    rolling.begin([1, 101])
    while rolling.is_on:
        rolling.step(lambda pid: True)
    assert (processes.started, processes.ended) == ([1, 101], [1, 101])


def test_G4_one_that_does_not_come_up_or_go_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("idp.cli.rolling.time.monotonic", lambda: now[0])
    processes = Processes()
    rolling = processes.rolling()
    rolling.begin([1])
    rolling.step(lambda pid: False)
    now[0] = 61.0
    rolling.step(lambda pid: False)
    assert processes.killed == [101]
    rolling.gone(101)
    rolling.leave(1)
    now[0] += 3600.0  # a file that it sends may take as long
    rolling.step(lambda pid: False)
    assert processes.killed == [101]
    now[0] += 61.0
    rolling.step(lambda pid: False)
    assert processes.killed == [101, 1]


def test_G4_one_that_is_replaced_may_finish_the_longest_file() -> None:
    assert Limits(30, 30, 30, 100, 100).stream_seconds < LEAVE_S


def test_G4_where_none_can_be_forked_now_it_is_asked_again() -> None:
    asked, ended, answers = list[int](), list[int](), iter([0, 0, 101])

    def start(instead: int) -> int:
        asked.append(instead)
        return next(answers)

    rolling = Rolling(start, ended.append, ended.append)
    rolling.begin([1])
    for _ in range(3):
        assert not rolling.step(lambda pid: True)
    assert rolling.step(lambda pid: True)
    assert (asked, ended, rolling.is_on) == ([1, 1, 1], [1], False)


# -- the socket and the certificate ----------------------------------------------------------------------------------


def test_G5_the_socket_of_before_is_taken_on_where_it_is_for_this_address() -> None:
    port, other = find_free_port(), find_free_port()
    before = listen("127.0.0.1", port, 8, None)
    with before, listen("127.0.0.1", other, 8, before) as moved:
        assert listen("127.0.0.1", port, 8, before) is before
        assert moved is not before
        assert moved.getsockname()[1] == other
        waiting = socket.create_connection(("127.0.0.1", port))  # nobody accepts yet
        waiting.close()


def test_G2_an_address_that_is_not_ours_is_told() -> None:
    with pytest.raises(Failed, match="it is no address of this machine"):
        listen("192.0.2.1", find_free_port(), 8, None)


def _certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """A certificate for localhost with this common name, and its key, put in place at once as renewers do."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    pem = serialization.Encoding.PEM
    no_passphrase = serialization.NoEncryption()
    octets = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, no_passphrase)
    paths = folder / "cert.pem", folder / "key.pem"
    for path, content in zip(reversed(paths), (octets, made.public_bytes(pem)), strict=True):
        (folder / "new").write_bytes(content)
        os.replace(folder / "new", path)
    return paths


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda cert, key: key.unlink(), "server.tls_key: .*No such file"),
        (lambda cert, key: cert.write_text("nonsense"), "expected PEM"),
        (lambda cert, key: _certificate(cert.parent / "other", "x")[1].replace(key), "the key is not that of the"),
    ],
    ids=["no key", "no PEM", "another key"],
)
def test_G2_a_certificate_that_nobody_could_connect_by_is_refused(
    tmp_path: Path, spoil: Callable[[Path, Path], object], said: str
) -> None:
    (tmp_path / "other").mkdir()
    cert, key = _certificate(tmp_path, "one")
    settings = Settings(issuer="https://localhost", tls_certificate=str(cert), tls_key=str(key))
    assert read(settings) is not None
    spoil(cert, key)
    with pytest.raises(Failed, match=said):
        read(settings)


@pytest.mark.parametrize(
    "given",
    [
        {"issuer": "https://localhost", "tls_certificate": "cert.pem"},
        {"issuer": "https://localhost", "tls_key": "key.pem"},
        {"issuer": "http://localhost", "tls_certificate": "cert.pem", "tls_key": "key.pem"},
    ],
    ids=["no key", "no certificate", "a plain issuer"],
)
def test_G2_half_a_setting_is_refused(given: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"tls_|expected https"):
        Settings(**given)  # type: ignore[arg-type]


# -- the whole of it, under load -------------------------------------------------------------------------------------


class Hammer:
    """Requests one after the other in two threads, each on a connection of its own; what the certificate is called."""

    def __init__(self, port: int) -> None:
        self._port, self._stop = port, threading.Event()
        self.done, self.failed, self.names = 0, list[str](), list[str]()
        self._context = ssl.create_default_context()
        self._context.check_hostname, self._context.verify_mode = False, ssl.CERT_NONE
        self._threads = [threading.Thread(target=self._run) for _ in range(2)]

    def __enter__(self) -> Hammer:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                connection = http.client.HTTPSConnection("localhost", self._port, context=self._context, timeout=60)
                connection.connect()
                shown = connection.sock.getpeercert(binary_form=True)
                connection.request("GET", "/oauth/jwks")
                answer = connection.getresponse()
                answer.read()
                connection.close()
                assert answer.status == 200
                name = x509.load_der_x509_certificate(shown or b"").subject
                self.names.append(str(name.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value))
                self.done += 1
            except Exception as error:
                self.failed.append(repr(error))

    def until(self, is_so: Callable[[], bool], what: str) -> None:
        """Wait while it goes on; the run's own limit ends what never comes."""
        until = time.monotonic() + 90
        while not is_so():
            assert time.monotonic() < until, (what, self.done, self.failed[:3], self.names[-3:])
            time.sleep(0.05)


@pytest.fixture
def server(folder: Folder) -> Iterator[tuple[subprocess.Popen[str], Folder, int]]:
    port = find_free_port()
    _certificate(folder.path, "one")
    (folder.path / "doorward.toml").write_text(_settings(port, 2))
    assert folder.run("init").code == 0
    with (folder.path / "log").open("w") as log:
        process = subprocess.Popen(
            [COMMAND, "serve"], cwd=folder.path, env=folder.environment(), start_new_session=True,
            stdout=subprocess.PIPE, stderr=log, text=True,
        )  # fmt: skip
    assert process.stdout is not None
    assert f"listens on https://127.0.0.1:{port}" in process.stdout.readline()
    yield process, folder, port
    process.kill()
    process.wait()
    process.stdout.close()


def _settings(port: int, workers: int) -> str:
    return (
        f'[server]\nissuer = "https://localhost:{port}"\nport = {port}\nworkers = {workers}\n'
        f'tls_certificate = "cert.pem"\ntls_key = "key.pem"\n{CHEAP}'
    )


@pytest.mark.slow
def test_G2_G4_G5_a_new_certificate_and_new_settings_lose_no_request(
    server: tuple[subprocess.Popen[str], Folder, int],
) -> None:
    process, folder, port = server
    log = folder.path / "log"
    with Hammer(port) as hammer:
        hammer.until(lambda: hammer.done > 20, "it serves")
        _certificate(folder.path, "two")
        hammer.until(lambda: log.read_text().count("every worker is a new one") == 1, "the certificate")
        seen = len(hammer.names)
        hammer.until(lambda: len(hammer.names) > seen + 20, "it serves on")
        assert set(hammer.names[seen + 4 :]) == {"two"}  # at most two were on their way
        (folder.path / "doorward.toml").write_text(_settings(port, 3))
        process.send_signal(signal.SIGHUP)
        hammer.until(lambda: log.read_text().count("every worker is a new one") == 2, "the settings")
        (folder.path / "cert.pem").write_text("nonsense")
        hammer.until(lambda: "could not start: those of before go on" in log.read_text(), "a bad certificate")
        seen = len(hammer.names)
        hammer.until(lambda: len(hammer.names) > seen + 20, "it serves all the same")
    assert hammer.failed == []
    assert "changed: server.workers; new workers take it up" in log.read_text()
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0
