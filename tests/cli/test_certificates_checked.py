"""What doctor finds of applications' certificates (RFC 8705): settings, authorities, and the proxy. S14, S28."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest

from idp.installation.checks import certificates as checks
from tests.backends import Clock
from tests.oidc.certificates import HEADER, pair, settings
from tests.provider import Provider

Open = Callable[..., Provider]
Application = Callable[..., Any]


class _Silent(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def proxy() -> Iterator[WSGIServer]:
    """What stands before the provider: `set_app` says what it does."""
    server = make_server("127.0.0.1", 0, lambda *_: [b""], handler_class=_Silent)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def taking_away(app: Application) -> Application:
    """A proxy that is set up rightly."""

    def answer(environ: dict[str, Any], start: Any) -> Any:
        environ.pop("HTTP_" + HEADER.upper().replace("-", "_"), None)
        return app(environ, start)

    return answer


@pytest.mark.spec("RFC 8705 6.4")
def test_S14_S28_a_proxy_that_passes_on_what_clients_write_is_an_error(
    open_provider: Open, proxy: WSGIServer, tmp_path: Path
) -> None:
    sections = settings(tmp_path)
    sections["server"] = {"issuer": f"http://127.0.0.1:{proxy.server_port}", "trusted_proxies": ["127.0.0.1/32"]}
    provider = open_provider(**sections)
    proxy.set_app(provider.app)
    (found,) = checks.examine(provider.services)
    assert (found.status, "anybody can pass for an application" in found.text) == ("error", True)
    assert f'proxy_set_header {HEADER} ""' in found.fix
    proxy.set_app(taking_away(provider.app))
    (found,) = checks.examine(provider.services)
    assert (found.status, "takes away" in found.text) == ("ok", True)
    sections["server"]["trusted_proxies"] = ["10.0.0.1/32"]
    proxy.set_app(open_provider(**sections).app)
    (found,) = checks.examine(provider.services)
    assert (found.status, "no trusted proxy" in found.text) == ("error", True)
    proxy.set_app(lambda environ, start: (start("200 OK", []), [b"<html>"])[1])
    (found,) = checks.examine(provider.services)
    assert found.status == "warning"


def test_S28_settings_that_do_not_fit_together_are_told(open_provider: Open, tmp_path: Path) -> None:
    def told(**sections: Any) -> list[tuple[str, str]]:
        found = checks.examine_settings(open_provider(**sections).settings)
        return [(one.status, one.text.partition(" ")[0].rstrip(":")) for one in found]

    right = settings(tmp_path, mtls_origin="https://mtls.example")
    assert told(**right) == []
    assert told() == []
    assert told(oauth={"mtls_origin": "https://m.example", "client_certificate_ca": "x"}) == [
        ("warning", "oauth.client_certificate_ca"), ("warning", "oauth.mtls_origin"),
    ]  # fmt: skip
    assert told(oauth={"client_certificates": "nginx"}) == [("warning", "oauth.client_certificates")]
    assert told(**settings(tmp_path, mtls_origin="https://login.example")) == [("warning", "oauth.mtls_origin")]


def test_S28_an_application_that_needs_what_is_off_is_named(provider: Provider) -> None:
    provider.add_client("Robot", "machine", token_endpoint_auth_method="tls_client_auth", tls_client_auth_san_dns="x.y")
    provider.add_client("Bank", tls_client_certificate_bound_access_tokens=True)
    found = list(checks.examine(provider.services))
    assert [one.status for one in found] == ["error", "error"]
    assert {one.text.partition(":")[0] for one in found} == {"Robot", "Bank"}


def test_S28_the_file_of_authorities_is_looked_into(open_provider: Open, tmp_path: Path, clock: Clock) -> None:
    file = tmp_path / "authorities.pem"
    provider = open_provider(oauth={"client_certificate_ca": str(file)})

    def told() -> list[tuple[str, str]]:
        return [(one.status, one.text) for one in checks.examine(provider.services)]

    assert told()[0][0] == "error"  # there is none
    for text, word in (("", "PEM"), (pair().pem + pair().key_pem, "private key")):
        file.write_text(text)
        assert (told()[0][0], word in told()[0][1]) == ("error", True), told()
    good, soon = pair("CN=Good", now=clock(), ca=True, days=90), pair("CN=Soon", now=clock(), ca=True, days=9)
    gone, none = pair("CN=Gone", now=clock(), ca=True, days=1, starts=-9), pair("CN=App", now=clock(), days=90)
    file.write_text(good.pem + soon.pem + gone.pem + none.pem)
    assert [(status, word in text) for (status, text), word in zip(
        told(), ("CN=Soon runs out", "CN=Gone has run out", "CN=App is no authority", "4 of"), strict=True,
    )] == [("warning", True), ("error", True), ("warning", True), ("ok", True)]  # fmt: skip
