"""I2: SimpleSAMLphp as the identity provider, set up by both metadata: sign-in, and sign-out both ways."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from tests.federation.saml.simplesamlphp import ROOT, SimpleSAMLphp, running
from tests.provider import Answer, App
from tests.server import HttpBrowser, Server
from tests.server import running as serving

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not ROOT.is_dir() or shutil.which("php") is None, reason="needs the Debian packages simplesamlphp and php-cli"
    ),
]


@pytest.fixture(scope="module")
def there(run_pid: int) -> Iterator[SimpleSAMLphp]:
    with running(run_pid) as made:
        yield made


@pytest.fixture(scope="module")
def ours(run_pid: int, there: SimpleSAMLphp) -> Iterator[Server]:
    with serving(run_pid, workers=2, outbound={"allow": [there.origin]}) as server:
        yield server


@pytest.fixture(scope="module")
def made(ours: Server, there: SimpleSAMLphp) -> Any:
    """The provider here, and Doorward registered there."""
    words = ("--name", "Company", "--metadata", there.metadata, "--domain", "company.example")
    more = ("--set", "create=yes", "--set", "vouches=yes", "--set", "sign_out=always", "--json")
    added = ours.cli_json("provider", "add", *words, *more)
    there.register(ours.browser().get(added["our_metadata_url"]).text)
    assert ours.cli_json("provider", "test", "Company", "--json")["ok"]
    return added


@pytest.fixture(scope="module")
def crm(ours: Server, made: Any) -> App:
    return ours.add_client("CRM")


class Visit:
    """One person's browser, which keeps the cookies of both apart."""

    def __init__(self, ours: Server, there: SimpleSAMLphp, crm: App) -> None:
        self.ours, self.there, self.crm = ours, there, crm
        self.here, self.away = ours.browser(), HttpBrowser(there.origin)
        self.here.headers["Sec-Fetch-Mode"] = "navigate"
        self.typed = 0  # how often it asked for a password

    def follow(self, answer: Answer) -> Answer:
        """From one to the other and back, as a browser does by itself, up to a page that waits for the person."""
        for _ in range(12):
            if answer.is_redirect:
                target, data = answer.location, None
            elif answer.dom.forms and {"SAMLResponse", "SAMLRequest"} & answer.form.names():
                target, data = answer.form.action, dict(answer.form.fields)
            else:
                return answer
            if target.startswith(self.crm.redirect_uri):
                return answer
            browser = self.away if target.startswith(self.there.origin) else self.here
            # Lax: a form of the other site comes without cookies.
            answer = browser.get(target) if data is None else browser.post(target, data, cookies=browser is self.away)
        raise AssertionError("round and round")

    def come(self, **asked: str) -> Answer:
        page = self.ours.authorize(self.here, self.crm, **asked)
        button = page.dom.find("button", name="provider")[0]
        data = [*page.form.filled(None, {}), ("provider", button["value"])]
        answer = self.follow(self.here.post(button["formaction"], data))
        if answer.url.startswith(self.there.origin) and not answer.is_redirect:
            self.typed += 1
            answer = self.follow(self.away.submit(answer, username="bob", password="bob of the tests"))
        return answer


@pytest.fixture
def visit(ours: Server, there: SimpleSAMLphp, crm: App) -> Visit:
    return Visit(ours, there, crm)


def test_i2_somebody_of_it_signs_in_and_is_the_same_the_next_time(visit: Visit, ours: Server, crm: App) -> None:
    subs = []
    for one in (visit, Visit(ours, visit.there, crm)):
        tokens = ours.redeem(crm, one.come().code).json
        subs.append(ours.userinfo(tokens["access_token"]).json["sub"])
    assert subs[0] == subs[1]
    person = ours.services.directory.get(subs[0])
    assert (person.username, person.email, person.email_verified) == ("bob", "bob@company.example", True)


def test_i9_signing_out_there_is_signing_out_here(visit: Visit, ours: Server, crm: App, there: SimpleSAMLphp) -> None:
    token = ours.redeem(crm, visit.come().code).json["access_token"]
    assert ours.userinfo(token).status == 200
    visit.follow(visit.away.get(f"{there.origin}/saml2/idp/SingleLogoutService.php?ReturnTo={there.origin}/"))
    assert ours.userinfo(token).status == 401


def test_i9_signing_out_here_is_signing_out_there(visit: Visit, ours: Server, crm: App) -> None:
    assert visit.come().code
    page = visit.here.submit(visit.here.get("/logout"))
    page = visit.here.follow(page) if page.is_redirect else page
    (link,) = [one for one in page.dom.find("a") if "SAMLRequest=" in one.get("href", "")]
    end = visit.follow(visit.away.get(link["href"]))
    assert "It has confirmed that you are signed out" in end.dom.text
    again = Visit(ours, visit.there, crm)
    again.away = visit.away
    page = ours.authorize(again.here, crm)
    button = page.dom.find("button", name="provider")[0]
    answer = again.follow(
        again.here.post(button["formaction"], [*page.form.filled(None, {}), ("provider", button["value"])])
    )
    assert answer.dom.find("input", name="username")  # it asks who they are
    assert answer.url.startswith(visit.there.origin)


def test_i2_a_new_sign_in_is_asked_for_there_and_seen_here(visit: Visit) -> None:
    assert visit.come().code
    visit.here = visit.ours.browser()
    assert visit.come().code
    assert visit.typed == 1
    visit.here = visit.ours.browser()
    assert visit.come(prompt="login").code
    assert visit.typed == 2


def test_i2_what_it_encrypts_is_refused_as_it_knows_cbc_alone(
    visit: Visit, ours: Server, made: Any, there: SimpleSAMLphp
) -> None:
    metadata = ours.browser().get(made["our_metadata_url"]).text
    there.register(metadata, **{"assertion.encryption": "true"})
    answer = visit.come()
    assert answer.is_error_page
    (event,) = [event for event in ours.events() if event.error_id == answer.error_id]
    assert event.action == "error:upstream_saml_encryption"
    there.register(metadata)
