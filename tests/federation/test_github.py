"""I1: GitHub by its OAuth 2.0 API, against a stand-in that answers as its documents say; and the table of attacks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from idp.admin import providers
from idp.cli.installation import shell
from idp.federation import checking, keeping, snapshot, templates
from idp.federation.github import addresses
from idp.federation.provider import GITHUB
from idp.federation.provider import Provider as Upstream
from tests.federation.github_stand_in import ACME, CLIENT, SECRET, Account, GitHub, verified
from tests.federation.stand_in import StandIn
from tests.federation.visiting import Office
from tests.provider import Answer, App, Browser, Provider

SCOPES = ["read:user", "user:email", "read:org"]


@pytest.fixture
def hub() -> Iterator[GitHub]:
    made = GitHub()
    yield made
    made.close()


@pytest.fixture
def office(open_provider: Callable[..., Provider], there: StandIn, hub: GitHub) -> Office:
    """Ours, which finds github.com on this machine."""
    names = [hub.public, f"http://api.github.com:{hub.port}", hub.own, there.origin]
    made = open_provider(outbound={"allow": names})
    outbound: Any = made.services.outbound
    outbound._resolver = lambda host, port, *_: ["127.0.0.1"]
    return Office(made, there)


@pytest.fixture
def github(office: Office, hub: GitHub) -> Upstream:
    return add(office, hub.public)


def add(office: Office, issuer: str, secret: str = SECRET, **said: Any) -> Upstream:
    services = office.provider.services
    given = {
        "name": "GitHub", "kind": GITHUB, "issuer": issuer, "client_id": CLIENT, "scopes": SCOPES,
        "groups_claim": "groups", "organizations": ["acme"], "create": True, **said,
    }  # fmt: skip
    kept = keeping.add(
        services.db, services.sealer, checking.checked(given), secret, services.clock(), record=lambda *_: None
    )
    services.part(snapshot.Providers).forget()
    return kept.provider


def come(
    office: Office, hub: GitHub, one: Upstream, app: App, browser: Browser | None = None, **there: Any
) -> Answer:  # fmt: skip
    browser = browser or office.provider.browser()
    return browser.get(hub.authorize(office.leave(browser, app, one), **there))


def kind_of(office: Office, answer: Answer) -> str:
    """Under which kind it was recorded."""
    assert answer.is_error_page, (answer.status, answer.location)
    (event,) = [event for event in office.provider.events() if event.error_id == answer.error_id]
    assert not office.provider.events("session:started")
    return event.action.removeprefix("error:")


def test_i1_somebody_signs_in_by_their_number_and_stays_the_same_person(
    office: Office, hub: GitHub, github: Upstream, crm: App
) -> None:  # fmt: skip
    location = office.leave(office.provider.browser(), crm, github)
    asked = dict(parse_qsl(urlsplit(location).query))
    assert location.startswith(f"{hub.public}/login/oauth/authorize?")
    assert (asked["code_challenge_method"], asked["scope"], asked["allow_signup"]) == (
        "S256", "read:user user:email read:org", "false",
    )  # fmt: skip
    assert "nonce" not in asked
    first = office.person(come(office, hub, github, crm, account=Account(emails=[verified("mona@example.com")])), crm)
    again = office.person(come(office, hub, github, crm, account=Account(login="renamed")), crm)
    assert (first.id, first.username, first.name) == (again.id, "octocat", "Mona Lisa")
    assert (first.email, first.email_verified) == ("mona@example.com", False)  # GitHub speaks for nobody's domain
    assert {host for host, _ in hub.asked} == {f"api.github.com:{hub.port}"}
    other = come(office, hub, github, crm, account=Account(id=4712, login="octocat"))
    assert not other.is_redirect  # the name that somebody else has by now is no key, and theirs here is taken
    assert "Sign in once with the account that you have here" in other.dom.text


def test_i1_an_address_that_nobody_has_proven_is_not_kept(
    office: Office, hub: GitHub, github: Upstream, crm: App
) -> None:  # fmt: skip
    emails = [
        verified("a@example.com", verified=False), verified("b@example.com", primary=False),
        verified("c@example.com", verified="true"),
    ]  # fmt: skip
    assert office.person(come(office, hub, github, crm, account=Account(emails=emails)), crm).email is None


def test_i1_an_enterprise_server_proves_no_addresses(office: Office, hub: GitHub, crm: App) -> None:
    own = add(office, hub.own, name="Ours")
    person = office.person(come(office, hub, own, crm, account=Account(emails=[verified("m@example.com")])), crm)
    assert (person.username, person.email) == ("octocat", None)
    assert all(path.startswith("/api/v3/user") for _, path in hub.asked)


def test_i1_where_each_github_is_asked() -> None:
    def api(host: str) -> str:
        return addresses.api(Upstream(name="G", issuer=f"https://{host}"), "/user")

    assert api("github.com") == "https://api.github.com/user"
    assert api("acme.ghe.com") == "https://api.acme.ghe.com/user"
    assert api("git.example.com") == "https://git.example.com/api/v3/user"
    assert not addresses.is_github_com(Upstream(name="G", issuer="https://github.com.evil.example"))


def test_i7_organisations_and_teams_are_groups(office: Office, hub: GitHub, crm: App) -> None:
    table = {"acme/devs": "Devs", "id:123": "Everybody"}
    github = add(office, hub.public, groups=table, owns_groups=True)
    assert set(office.person(come(office, hub, github, crm), crm).groups) == {"Devs", "Everybody"}
    left = Account(teams=[])
    assert set(office.person(come(office, hub, github, crm, account=left), crm).groups) == {"Everybody"}


def test_i7_teams_are_asked_for_where_they_count_alone(office: Office, hub: GitHub, crm: App) -> None:
    """Who may not read them is a member all the same."""
    github = add(office, hub.public, groups_claim="")
    hub.answers["/user/teams"] = (403, {"message": "Resource not accessible"})
    assert come(office, hub, github, crm).code
    assert not [path for _, path in hub.asked if path.startswith("/user/teams")]


def test_i7_memberships_that_may_not_be_read_are_not_none(office: Office, hub: GitHub, crm: App) -> None:
    github = add(office, hub.public, groups={"acme": "Everybody"}, owns_groups=True)
    assert set(office.person(come(office, hub, github, crm), crm).groups) == {"Everybody"}
    changed = office.change(github, organizations=[], create=False)
    answer = come(office, hub, changed, crm, without=("read:org",))
    assert set(office.person(answer, crm).groups) == {"Everybody"}


def test_i1_more_organisations_than_one_page_has(office: Office, hub: GitHub, github: Upstream, crm: App) -> None:
    orgs = [{"login": f"o{n}", "id": n} for n in range(1, 121)]
    endless = [{"login": f"o{n}", "id": n} for n in range(1, 1300)]
    assert kind_of(office, come(office, hub, github, crm, account=Account(orgs=endless))) == "upstream_consent"
    assert come(office, hub, github, crm, account=Account(orgs=[*orgs, ACME])).code


@pytest.mark.parametrize(
    ("account", "without", "kind"),
    [
        (Account(id=None), (), "upstream_claim"),
        (Account(id="4711"), (), "upstream_claim"),
        (Account(id=True), (), "upstream_claim"),
        (Account(id=-1), (), "upstream_claim"),
        (Account(orgs=[{"login": "Another", "id": 9}]), (), "upstream_domain"),
        (Account(orgs=[{"login": "id:123", "id": 9}]), (), "upstream_domain"),
        (Account(orgs=[]), (), "upstream_domain"),
        (Account(), ("read:org",), "upstream_consent"),
    ],
    ids=["no-id", "id-a-text", "id-true", "id-below", "another-org", "odd-name", "no-org", "no-read-org"],
)
def test_s57_who_is_not_meant_does_not_come_in(
    office: Office, hub: GitHub, github: Upstream, crm: App, account: Account, without: tuple[str, ...], kind: str
) -> None:  # fmt: skip
    assert kind_of(office, come(office, hub, github, crm, account=account, without=without)) == kind


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ({"state": "another"}, "upstream_gone"),
        ({"state": None}, "upstream_gone"),
        ({"code": "made-up"}, "upstream_code"),
        ({"code": None}, "upstream_answer"),
        ({"code": "c" * 5000}, "upstream_answer"),
        ({"iss": "https://evil.example"}, "upstream_issuer"),
        ({"code": None, "error": "redirect_uri_mismatch"}, "upstream_redirect_uri"),
        ({"code": None, "error": "application_suspended"}, "upstream_answer"),
    ],
    ids=["state", "no-state", "code", "no-code", "code-long", "iss", "redirect-uri", "suspended"],
)
def test_s57_answers_that_stray(
    office: Office, hub: GitHub, github: Upstream, crm: App, answer: dict[str, Any], kind: str
) -> None:  # fmt: skip
    assert kind_of(office, come(office, hub, github, crm, answer=answer)) == kind


def test_s57_another_browsers_answer_and_a_stolen_code(
    office: Office, hub: GitHub, github: Upstream, crm: App
) -> None:  # fmt: skip
    mine, theirs = office.provider.browser(), office.provider.browser()
    location = office.leave(mine, crm, github)
    assert kind_of(office, theirs.get(hub.authorize(location))) == "upstream_gone"
    stolen = dict(parse_qsl(urlsplit(hub.authorize(location)).query))["code"]
    injected = come(office, hub, github, crm, theirs, answer={"code": stolen})  # PKCE: the code of another request
    assert kind_of(office, injected) == "upstream_code"
    back = hub.authorize(location)
    other = add(office, hub.own, name="Ours")
    assert kind_of(office, mine.get(back.replace(github.id, other.id))) == "upstream_issuer"  # mix-up


def test_s57_the_same_number_at_two_providers_is_two_accounts(office: Office, hub: GitHub, crm: App) -> None:
    one, two = add(office, hub.public), add(office, hub.own, name="Ours")
    first = office.person(come(office, hub, one, crm), crm)
    second = office.person(come(office, hub, two, crm, account=Account(login="another")), crm)
    assert first.id != second.id


def test_i1_whoever_goes_back_there_is_shown_every_way(
    office: Office, hub: GitHub, github: Upstream, crm: App
) -> None:  # fmt: skip
    page = come(office, hub, github, crm, answer={"code": None, "error": "access_denied"})
    assert "Nobody signed in at GitHub" in page.dom.text


@pytest.mark.parametrize("as_form", [False, True], ids=["json", "form"])
def test_i11_each_failure_names_its_field(office: Office, hub: GitHub, crm: App, as_form: bool) -> None:
    hub.as_form = as_form
    wrong = add(office, hub.public, "another secret", name="Wrong")
    assert kind_of(office, come(office, hub, wrong, crm)) == "upstream_secret"
    unknown = add(office, hub.public, name="Unknown", client_id="Iv1.nobody")
    assert kind_of(office, come(office, hub, unknown, crm)) == "upstream_secret"
    good = add(office, hub.public)
    assert come(office, hub, good, crm).code


def test_i10_rate_limits_keep_nobody_else_out(office: Office, hub: GitHub, github: Upstream, crm: App) -> None:
    hub.limited.add("/user")
    for _ in range(4):
        answer = come(office, hub, github, crm)
        assert answer.status == 503
    assert kind_of(office, answer) == "upstream_down"
    hub.limited.clear()
    assert come(office, hub, github, crm).code


@pytest.mark.parametrize(
    "body", [b"<html>", b"[" * 60000, b"[]", b"x" * 2_000_000], ids=["html", "deep", "list", "endless"]
)  # fmt: skip
def test_s57_what_the_api_must_not_say(
    office: Office, hub: GitHub, github: Upstream, crm: App, body: bytes
) -> None:  # fmt: skip
    hub.answers["/user"] = (200, body)
    assert kind_of(office, come(office, hub, github, crm)) in ("upstream_answer", "upstream_down")


def test_s57_where_a_new_sign_in_is_asked_it_is_asked_here(
    office: Office, hub: GitHub, github: Upstream, crm: App
) -> None:  # fmt: skip
    """GitHub cannot ask anew, and says no time: nobody is believed to have just proven it."""
    browser = office.provider.browser()
    location = office.leave(browser, crm, github, prompt="login")
    assert kind_of(office, browser.get(hub.authorize(location))) == "upstream_not_fresh"


def test_i11_what_can_be_tried_without_a_person(office: Office, hub: GitHub) -> None:
    good, services = add(office, hub.public), office.provider.services
    assert [one.ok for one in providers.test(services, shell(), good.id)] == [True, True]
    bad = add(office, hub.public, "another", name="Bad")
    assert [one.ok for one in providers.test(services, shell(), bad.id)] == [True, False]
    hub.answers["/user"] = (404, b"{}")
    assert [one.ok for one in providers.test(services, shell(), good.id)] == [False, True]


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"organizations": []}, "create"),
        ({"join": True, "domains": ["example.com"]}, "join"),
        ({"domains": ["example.com"]}, "domains"),
        ({"scopes": ["openid"]}, "scopes"),
        ({"scopes": ["user:email"]}, "scopes"),
        ({"issuer": "https://github.com/acme"}, "issuer"),
        ({"organizations": ["a/b"]}, "organizations"),
        ({"groups_claim": "teams"}, "groups_claim"),
        ({"subject": ["login"]}, "subject"),
        ({"sign_out": "always"}, "sign_out"),
        ({"prompts_login": False}, "prompts_login"),
    ],
    ids=lambda value: value if isinstance(value, str) else "+".join(sorted(value)),
)
def test_i11_what_a_github_may_not_say(said: dict[str, Any], field: str) -> None:
    given = {
        "name": "GitHub", "kind": GITHUB, "issuer": "https://github.com", "client_id": CLIENT, "scopes": SCOPES,
        "groups_claim": "groups", "organizations": ["acme"], "create": True, **said,
    }  # fmt: skip
    with pytest.raises(checking.InvalidProvider) as error:
        checking.checked(given)
    assert field in [one.field for one in error.value.problems]


def test_i12_the_template_is_whole() -> None:
    said = templates.filled("github", {"host": "github.com"}, {"client_id": CLIENT, "organizations": ["id:123"]})
    provider = checking.checked(said)
    assert (provider.kind, provider.issuer, provider.scopes) == (GITHUB, "https://github.com", tuple(SCOPES))
