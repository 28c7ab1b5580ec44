"""A provider for the suite, set up and used by the `doorward` command; nginx before it has TLS and certificates."""

from __future__ import annotations

import json
import os
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.backends import find_free_port
from tests.conformance import suite
from tests.conformance.certificates import pem, private_pem, self_signed

PERSON, PASSWORD = "conformance", "conformance pass phrase 1!"
#: Every standard claim (Core §5.1): modules ask for each.
CLAIMS = {
    "given_name": "Connie", "family_name": "Formance", "middle_name": "O.", "nickname": "con", "gender": "female",
    "profile": "https://example.org/c", "picture": "https://example.org/c.png", "website": "https://example.org/",
    "birthdate": "1990-01-31", "zoneinfo": "Europe/Berlin", "locale": "en-GB",
    "phone_number": "+49 30 1234567", "phone_number_verified": "true",
    "address": json.dumps({"formatted": "1 Road, 10115 Berlin", "locality": "Berlin", "country": "DE"}),
}  # fmt: skip
START_WITHIN = 60.0  # seconds
NEW_KEY_SEEN_AFTER = 6.0  # seconds: serving processes look every five
HOST = "localhost.emobix.co.uk"
#: TLS as FAPI 2.0 §5.2.1 wants it; the second address asks for a client's certificate and hands it on. `/accounts` is
#: a resource of FAPI 1.0, which has an x-fapi-interaction-id (Part 1 §6.2.1): userinfo, by a resource server's proxy.
NGINX = """
daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/nginx.log; worker_processes 1;
events {{ worker_connections 1024; }}
http {{
  access_log off; client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
  uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
  ssl_certificate {folder}/tls.pem; ssl_certificate_key {folder}/tls.key; ssl_protocols TLSv1.2 TLSv1.3;
  ssl_ciphers ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384;
  large_client_header_buffers 4 32k; proxy_buffer_size 64k; proxy_buffers 8 64k; proxy_http_version 1.1;
  proxy_set_header Host $http_host; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
  proxy_set_header X-Forwarded-Proto https;
  server {{ listen 127.0.0.1:{https} ssl;
    location / {{ proxy_pass http://127.0.0.1:{port}; proxy_set_header X-SSL-Client-Cert ""; }} }}
  map $request_id $uuid {{ "~^(.{{8}})(.{{4}}).(.{{3}}).(.{{3}})(.{{12}})" "$1-$2-4$3-a$4-$5"; }}
  map $http_x_fapi_interaction_id $interaction {{ "" $uuid; default $http_x_fapi_interaction_id; }}
  server {{ listen 127.0.0.1:{mtls} ssl; ssl_verify_client optional_no_ca;
    proxy_set_header Host $http_host; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    proxy_set_header X-Forwarded-Proto https; proxy_set_header X-SSL-Client-Cert $ssl_client_escaped_cert;
    location / {{ proxy_pass http://127.0.0.1:{port}; }}
    location = /accounts {{ proxy_pass http://127.0.0.1:{port}/oauth/userinfo;
      add_header x-fapi-interaction-id $interaction; }} }}
}}
"""


class ProviderFailed(Exception):
    """A command or a process of the provider failed; the message is what it said."""


class Provider:
    """An empty installation in a folder, and two processes. `close` ends them.

    `oauth`: a line more of its settings of that name.
    """

    def __init__(self, folder: Path, oauth: str = "") -> None:
        self.folder = folder
        self.port, self.https, self.mtls = find_free_port(), find_free_port(), find_free_port()
        self.issuer, self.mtls_origin = f"https://{HOST}:{self.https}", f"https://{HOST}:{self.mtls}"
        self._running: list[subprocess.Popen[bytes]] = []
        key = rsa.generate_private_key(65537, 2048)
        (folder / "tls.key").write_text(private_pem(key))
        (folder / "tls.pem").write_text(pem(self_signed(key, HOST, HOST)))
        at = urlsplit(suite.URL)
        (folder / "suite.pem").write_text(ssl.get_server_certificate((at.hostname or "", at.port or 443)))
        words = {"issuer": self.issuer, "port": self.port, "suite": suite.URL, "mtls": self.mtls_origin, "oauth": oauth}
        self._settings().write_text(SETTINGS.format(**words))

    def start(self) -> None:
        """Serve, with one person in it. Errors: `ProviderFailed`."""
        self.command("init")
        conf = self.folder / "nginx.conf"
        conf.write_text(NGINX.format(folder=self.folder, port=self.port, https=self.https, mtls=self.mtls))
        self._run("nginx", "-c", str(conf))
        self._run(*self._program(), "serve")
        until = time.monotonic() + START_WITHIN
        while not self._answers():
            if time.monotonic() > until:
                raise ProviderFailed(f"it does not answer: see {self.folder}/log")
            time.sleep(0.2)
        self.add_person()

    def add_person(self) -> None:
        """The one who signs in."""
        claims = [f"--claim={name}={value}" for name, value in CLAIMS.items()]
        self.command(
            "user", "add", "--username", PERSON, "--email", "conformance@example.org", "--name", "Connie Formance",
            "--email-verified", "--password-stdin", *claims, stdin=PASSWORD,
        )  # fmt: skip

    def renew_person(self) -> None:
        """Another one of that name: CIBA asks one person only so often in an hour."""
        self.command("user", "remove", PERSON, "--yes")
        self.add_person()

    def close(self) -> None:
        """End both processes."""
        for process in self._running:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(30)

    def discovery(self) -> dict[str, Any]:
        """The provider's metadata."""
        answer: dict[str, Any] = self._get("/.well-known/openid-configuration").json()
        return answer

    def add_client(self, name: str, profile: str, redirect_uri: str, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Register an application; `fields` are metadata by their names (RFC 7591 §2). Errors: `ProviderFailed`."""
        words = ["client", "add", "oidc", "--name", name, "--profile", profile, "--json"]
        words += ["--redirect-uri", redirect_uri] if redirect_uri else []
        for field, value in fields.items():
            words += ["--set", f"{field}={value if isinstance(value, str) else json.dumps(value)}"]
        made: dict[str, Any] = json.loads(self.command(*words))
        return made

    def initial_access_token(self, *more: str) -> str:
        """For applications that register themselves (RFC 7591 §3), with whatever a plan asks for; `more` options."""
        words = [
            "--profile=legacy",
            *(f"--grant-type={one}" for one in ("authorization_code", "implicit", "refresh_token")),
        ]
        words += [f"--scope={one}" for one in ("openid", "profile", "email", "address", "phone", "offline_access")]
        # Modules register pages and addresses of others, too, which nobody is sent to.
        words += [f"--redirect-host={one}" for one in (urlsplit(suite.URL).hostname, "openid.net", "example.org")]
        made = self.command("registration", "create", "--json", "--name", "suite", "--clients=500", *words, *more)
        return str(json.loads(made)["token"])

    def rotate(self) -> None:
        """A new signing key stands in the JWKS. One that does not sign yet is withdrawn: the next would wait for it."""
        for key in json.loads(self.command("key", "list", "--json"))["keys"]:
            if key["state"] == "next":
                self.command("key", "withdraw", key["kid"])
        self.wait_for_keys()
        self.command("key", "rotate")
        self.wait_for_keys()

    def wait_for_keys(self) -> None:
        """Until every process shows what was made: the first application of an algorithm has its key made."""
        time.sleep(NEW_KEY_SEEN_AFTER)

    def command(self, *words: str, stdin: str = "") -> str:
        """`doorward WORDS`. Errors: `ProviderFailed`."""
        done = subprocess.run([*self._program(), *words], input=stdin, text=True, capture_output=True, timeout=120)
        if done.returncode:
            raise ProviderFailed(f"doorward {' '.join(words[:3])}: {(done.stderr or done.stdout).strip()}")
        return done.stdout

    def _program(self) -> Sequence[str]:
        return [str(Path(sys.executable).with_name("doorward")), "--config", str(self._settings())]

    def _settings(self) -> Path:
        return self.folder / "doorward.toml"

    def _run(self, *words: str) -> None:
        with (self.folder / "log").open("ab") as log:
            self._running.append(
                subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
            )

    def _answers(self) -> bool:
        try:
            return self._get("/readyz").ok
        except requests.RequestException:
            return False

    def _get(self, path: str) -> requests.Response:
        return requests.get(self.issuer + path, timeout=10, verify=str(self.folder / "tls.pem"))


SETTINGS = """
[server]
issuer = "{issuer}"
port = {port}
trusted_proxies = ["127.0.0.1/32"]
[oauth]
client_certificates = "nginx"
client_certificate_header = "X-SSL-Client-Cert"
mtls_origin = "{mtls}"
{oauth}
[outbound]
allow = ["{suite}"]
ca = "suite.pem"
"""
