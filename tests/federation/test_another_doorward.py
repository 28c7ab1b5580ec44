"""I1: a second Doorward as the provider that people come through: both as people run them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.provider import App
from tests.server import Server, running

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def there(run_pid: int) -> Iterator[Server]:
    """The other one."""
    with running(run_pid, brand={"company": "Upstream Ltd"}) as server:
        yield server


@pytest.fixture(scope="module")
def ours(run_pid: int, there: Server) -> Iterator[Server]:
    """Ours, which may ask the other one although it is on this machine."""
    with running(run_pid, outbound={"allow": [there.issuer]}) as server:
        yield server


@pytest.fixture(scope="module")
def crm(ours: Server, there: Server) -> App:
    """An application of ours, and the other one set up by the commands alone."""
    words = ("--name", "Upstream", "--issuer", there.issuer, "--client-id", "later", "--secret-file", "-")
    more = ("--set", "create=yes", "--set", "userinfo=yes", "--json")
    made = ours.cli_json("provider", "add", *words, *more, input="later")
    client = there.add_client("Ours", redirect_uris=[made["redirect_uri"]])
    words = ("--client-id", client.id, "--secret-file", "-", "--json")
    ours.cli_json("provider", "change", made["id"], *words, input=client.secret)
    assert ours.cli_json("provider", "test", "Upstream", "--json")["ok"]
    return ours.add_client("CRM")


def test_i1_somebody_of_the_other_one_signs_in_to_an_application_of_ours(ours: Server, there: Server, crm: App) -> None:
    there.add_person("bob")
    subs = []
    for _ in range(2):
        here, away = ours.browser(), there.browser()
        page = ours.authorize(here, crm)
        button = page.dom.find("button", name="provider")[0]
        leaving = here.post(button["formaction"], [*page.form.filled(None, {}), ("provider", button["value"])])
        assert leaving.location.startswith(there.issuer + "/oauth/authorize?")
        answer = away.log_in(away.get(leaving.location), "bob")
        if answer.status == 200 and answer.is_consent_page:
            answer = away.submit(answer, "allow")
        assert answer.location.startswith(ours.issuer + "/upstream/callback/")
        tokens = ours.redeem(crm, here.get(answer.location).code).json
        subs.append(ours.userinfo(tokens["access_token"]).json["sub"])
    assert subs[0] == subs[1]
    assert ours.services.directory.get(subs[0]).username == "bob"
