"""Story 4 of an admin: why an application's token requests fail, each by an id (N24, N36)."""

from __future__ import annotations

from tests.cli.conftest import Folder
from tests.provider import Provider, basic


def test_n24_n36_a_wrong_secret_is_on_the_screen_of_its_application_with_an_id(
    site: Folder, provider: Provider
) -> None:
    from idp.audit import explain
    from idp.audit.searching import Wanted, latest

    crm = provider.add_client("CRM")
    answer = provider.post("oauth/token", None, {"grant_type": "authorization_code", "code": "x"},
                           **basic(crm.id, "wrong"))  # fmt: skip
    assert answer.status == 401
    (event,) = latest(provider.services.db, Wanted(client_id=crm.id, failed=True), 5)
    assert event.error_id
    assert explain(provider.services.db, event.error_id)[0].detail["fix"]


def test_n36_an_application_is_shown_in_words(site: Folder) -> None:
    site.run("group", "add", "hr")
    site.run("client", "add", "oidc", "--name", "Pay", "--redirect-uri", "https://p.example/", "--group", "hr")
    said = site.run("client", "show", "Pay").out
    assert "access\tmembers of hr may open it\n" in said
    assert "'everyone'" not in said
    created = next(line for line in said.splitlines() if line.startswith("created_at\t"))
    assert created.partition("\t")[2][:2] == "20"
    assert created.count("-") == 2
    shown = site.run("client", "show", "Pay", "--json").json
    assert shown["access"] == {"everyone": False, "groups": ["hr"], "persons": []}
    assert isinstance(shown["created_at"], float)
    assert shown["failures"] == []
