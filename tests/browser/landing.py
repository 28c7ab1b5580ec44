"""Where answers land: one small server that plays the applications whose side of a test is a few lines long.

On http it is any application of this machine; on https, under `app.example` and `home.example`, one of the wide world.
"""

from __future__ import annotations

import json
import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from flask import Flask, redirect, request
from markupsafe import escape
from werkzeug.wrappers import Response

HEAD = "<!doctype html><html lang=en><meta charset=utf-8><link rel=icon href=data:,>"
PAGE = HEAD + "<title>{title}</title><h1>{title}</h1>"
#: A browser application of one page: signs in, takes the answer from the fragment, and asks for tokens by itself.
SPA = """
<pre id=result></pre>
<script>
  const answer = new URLSearchParams(location.hash.slice(1));
  const given = new URLSearchParams(location.search);
  const show = (value) => { document.getElementById("result").textContent = JSON.stringify(value); };
  async function redeem(issuer, client_id, code_verifier, redirect_uri) {
    const body = new URLSearchParams({
      grant_type: "authorization_code", code: answer.get("code"), redirect_uri, client_id, code_verifier });
    const tokens = await (await fetch(issuer + "/oauth/token", { method: "POST", body })).json();
    const headers = { Authorization: "Bearer " + tokens.access_token };
    const person = await (await fetch(issuer + "/oauth/userinfo", { headers })).json();
    show({ tokens, person });
  }
  async function ask(url, options) {
    try { return (await fetch(url, options)).status; } catch (error) { return String(error); }
  }
</script>
"""
OPENER = """
<button id=open>Sign in</button><p id=heard></p>
<script>
  addEventListener("message", (event) => {
    if (event.origin === location.origin) document.getElementById("heard").textContent = event.data;
  });
  document.getElementById("open").addEventListener("click", () => {
    window.open(new URLSearchParams(location.search).get("to"), "sign-in", "width=480,height=640");
  });
</script>
"""
POPUP = """
<p id=opener></p>
<script>
  document.getElementById("opener").textContent = String(Boolean(window.opener));
  const signedIn = new URLSearchParams(location.search).has("code");
  if (window.opener) window.opener.postMessage("signed in: " + signedIn, location.origin);
</script>
"""


def create_app() -> Flask:
    """The application of many faces."""
    app = Flask(__name__)

    @app.route("/cb", methods=["GET", "POST"])
    def callback() -> str:
        got = {"method": request.method, **request.values.to_dict()}
        return PAGE.format(title="Landed") + f"<pre id=got>{escape(json.dumps(got))}</pre>"

    @app.route("/moving", methods=["GET", "POST"])
    def moving() -> Response:
        # Many applications answer on one host and live on another.
        return redirect("https://home.example/welcome?" + request.query_string.decode(), 302)

    @app.get("/welcome")
    def welcome() -> str:
        return PAGE.format(title="Welcome home")

    @app.get("/spa")
    def spa() -> str:
        return PAGE.format(title="One page") + SPA

    @app.get("/opener")
    def opener() -> str:
        return PAGE.format(title="Opener") + OPENER

    @app.get("/popup")
    def popup() -> str:
        return PAGE.format(title="Popup") + POPUP

    @app.get("/loop")
    def loop() -> Response:
        """Sign in, and never be content with the answer."""
        answer = redirect(request.args["to"], 302)
        answer.set_cookie("to", request.args["to"])
        return answer

    @app.get("/again")
    def again() -> Response:
        return redirect(request.cookies["to"], 302)

    return app


def make_tls(folder: Path) -> ssl.SSLContext:
    """A certificate that nobody trusts; the browser is told to take it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "app.example")])
    names = x509.SubjectAlternativeName([x509.DNSName(host) for host in ("app.example", "home.example")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .add_extension(names, critical=False)
        .sign(key, hashes.SHA256())
    )
    file = folder / "landing.pem"
    file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


class TlsProxy:
    """Takes https off in front of a server, as a load balancer does; bytes pass as they are."""

    def __init__(self, port: int, target: int, tls: ssl.SSLContext) -> None:
        self._target, self._tls = target, tls
        self._listener = socket.create_server(("127.0.0.1", port))
        threading.Thread(target=self._accept, daemon=True).start()

    def stop(self) -> None:
        """Take no more."""
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                plain, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(plain,), daemon=True).start()

    def _serve(self, plain: socket.socket) -> None:
        try:
            outside = self._tls.wrap_socket(plain, server_side=True)
            inside = socket.create_connection(("127.0.0.1", self._target))
        except OSError:
            plain.close()
            return
        back = threading.Thread(target=_pump, args=(inside, outside), daemon=True)
        back.start()
        _pump(outside, inside)
        back.join()
        inside.close()
        outside.close()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        return
