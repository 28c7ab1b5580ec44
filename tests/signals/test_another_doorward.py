"""Y4: a second Doorward receives our events, and ends what began by them: both as people run them, over HTTP."""

from __future__ import annotations

import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator

import pytest

from tests.provider import Answer, App, bearer
from tests.receiver import Receiver
from tests.server import HttpBrowser, Server, running

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def relay() -> Iterator[Receiver]:
    """What we push to: it hands on to the other one, whose address is known only later."""
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture(scope="module")
def ours(run_pid: int, relay: Receiver) -> Iterator[Server]:
    with running(run_pid, outbound={"allow": [relay.origin]}) as server:
        yield server


@pytest.fixture(scope="module")
def there(run_pid: int, ours: Server) -> Iterator[Server]:
    with running(run_pid, outbound={"allow": [ours.issuer]}) as server:
        yield server


@pytest.fixture(scope="module")
def wiki(ours: Server, there: Server, relay: Receiver) -> App:
    """An application of the other one; people come through us, and the other one has a stream here."""
    words = ("--name", "Ours", "--issuer", ours.issuer, "--client-id", "later", "--secret-file", "-")
    made = there.cli_json("provider", "add", *words, "--set", "create=yes", "--json", input="later")
    client = ours.add_client(
        "Second Doorward", redirect_uris=[made["redirect_uri"]], scope="openid profile email ssf.read ssf.manage",
        grant_types=["authorization_code", "client_credentials"],
    )  # fmt: skip
    there.cli_json(
        "provider", "change", made["id"], "--client-id", client.id, "--secret-file", "-", "--json", input=client.secret
    )
    relay.answering = _handing_on(f"{there.issuer}/upstream/events/{made['id']}")
    token = ours.client_credentials(client, scope="ssf.manage").json["access_token"]
    body = b'{"delivery": {"method": "urn:ietf:rfc:8935", "endpoint_url": "%s/events"}}' % relay.origin.encode()
    headers = {**bearer(token), "Content-Type": "application/json"}
    answer = ours.browser().open("POST", "ssf/streams", body, headers, cookies=False)
    assert answer.status == 201, answer.text
    return there.add_client("Wiki")


def _handing_on(url: str) -> Callable[[bytes], tuple[int, str, bytes]]:
    def hand_on(body: bytes) -> tuple[int, str, bytes]:
        sent = urllib.request.Request(url, body, {"Content-Type": "application/secevent+jwt"})
        try:
            with urllib.request.urlopen(sent) as answer:
                return answer.status, "application/json", answer.read()
        except urllib.error.HTTPError as error:
            return error.code, "application/json", error.read()

    return hand_on


def test_y4_what_ends_here_ends_at_a_second_doorward(ours: Server, there: Server, wiki: App, relay: Receiver) -> None:
    ours.add_person("bob")
    away, browser = ours.browser(), there.browser()
    _come(ours, there, wiki, away, browser)
    assert _is_in(there, wiki, browser)
    ours.services.uses.flush()
    ours.cli("user", "sessions", "bob", "--end-all")
    assert _becomes(lambda: not _is_in(there, wiki, browser))
    assert relay.content_types[0] == "application/secevent+jwt"


def _come(ours: Server, there: Server, wiki: App, away: HttpBrowser, browser: HttpBrowser) -> Answer:
    page = there.authorize(browser, wiki)
    button = page.dom.find("button", name="provider")[0]
    leaving = browser.post(button["formaction"], [*page.form.filled(None, {}), ("provider", button["value"])])
    answer = away.log_in(away.get(leaving.location), "bob")
    if answer.status == 200 and answer.is_consent_page:
        answer = away.submit(answer, "allow")
    return browser.get(answer.location)


def _is_in(there: Server, wiki: App, browser: HttpBrowser) -> bool:
    return there.authorize(browser, wiki, prompt="none").sent.get("error") is None


def _becomes(done: Callable[[], bool]) -> bool:
    """Whether it comes to be so while the background has its turns."""
    for _ in range(150):
        if done():
            return True
        threading.Event().wait(0.1)
    return False
