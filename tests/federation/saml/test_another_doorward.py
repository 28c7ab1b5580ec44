"""I2: a second Doorward as the SAML identity provider that people come through: both as people run them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.provider import Answer, App, Browser
from tests.server import Server, running

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def there(run_pid: int) -> Iterator[Server]:
    """The other one."""
    with running(run_pid, brand={"company": "Upstream Ltd"}) as server:
        yield server


@pytest.fixture(scope="module")
def ours(run_pid: int, there: Server) -> Iterator[Server]:
    """Ours, with two processes, which may ask the other one although it is on this machine."""
    with running(run_pid, workers=2, outbound={"allow": [there.issuer]}) as server:
        yield server


@pytest.fixture(scope="module")
def crm(ours: Server, there: Server) -> App:
    """An application of ours, and the other one set up by the commands and their two metadata addresses alone."""
    words = ("--name", "Upstream", "--metadata", there.issuer + "/saml/metadata", "--set", "create=yes", "--json")
    made = ours.cli_json("provider", "add", *words)
    assert made["issuer"] == there.issuer + "/saml/metadata"
    metadata = ours.browser().get(made["our_metadata_url"]).text
    there.cli_json("client", "add", "saml", "--name", "Ours", "--metadata", "-", "--json", input=metadata)
    assert ours.cli_json("provider", "test", "Upstream", "--json")["ok"]
    return ours.add_client("CRM")


def come(ours: Server, there: Server, crm: App, here: Browser, away: Browser, **asked: str) -> Answer:
    """From the application through both, up to what our callback answers."""
    page = ours.authorize(here, crm, **asked)
    button = page.dom.find("button", name="provider")[0]
    leaving = here.post(button["formaction"], [*page.form.filled(None, {}), ("provider", button["value"])])
    assert leaving.location.startswith(there.issuer + "/saml/sso?")
    answer = away.get(leaving.location)
    while answer.is_redirect:
        answer = away.follow(answer)
    if answer.is_login_page:
        answer = away.log_in(answer, "bob")
    if answer.is_consent_page:
        answer = away.submit(answer, "allow")
    assert answer.form.action.startswith(ours.issuer + "/upstream/saml/"), answer.dom.text
    led = here.post(answer.form.action, answer.sent, cookies=False)
    return here.get(led.location)


def test_i2_somebody_of_the_other_one_signs_in_to_an_application_of_ours(ours: Server, there: Server, crm: App) -> None:
    there.add_person("bob")
    subs = []
    for _ in range(2):
        answer = come(ours, there, crm, ours.browser(), there.browser())
        tokens = ours.redeem(crm, answer.code).json
        subs.append(ours.userinfo(tokens["access_token"]).json["sub"])
    assert subs[0] == subs[1]
