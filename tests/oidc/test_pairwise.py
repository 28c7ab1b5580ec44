"""Pairwise subjects (Core §8): one name for a sector, wherever it stands, and nobody can compare them. S48."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import jwt
import pytest

from clients.errors import InvalidMetadata
from idp.accounts.pairwise import read, read_within
from idp.accounts.person import Person
from tests.backends import Clock
from tests.oidc.test_request_objects import Texts, texts
from tests.oidc.verifying import verified
from tests.provider import App, Browser, Provider, new_key

__all__ = ["texts"]


def pairwise(provider: Provider, name: str = "Shop", **more: Any) -> App:
    return provider.add_client(name, subject_type="pairwise", **more)


def sub_of(provider: Provider, app: App, browser: Browser | None = None, login: str = "ann") -> str:
    tokens = provider.tokens(app, browser or provider.browser(), login)
    return str(verified(provider, tokens["id_token"], audience=app.id)["sub"])


@pytest.mark.spec("OIDC-Core 8.1")
def test_S48_a_sector_knows_a_person_by_a_name_of_its_own(provider: Provider, ann: Person) -> None:
    provider.add_person("bob")
    shop, bank, crm = pairwise(provider, "Shop"), pairwise(provider, "Bank"), provider.add_client("CRM")
    beside = pairwise(provider, "Beside", redirect_uris=["https://shop.example/other"])
    one = sub_of(provider, shop)
    assert one == sub_of(provider, shop)  # never another
    assert one == sub_of(provider, beside)  # Core §8.1: of the same host
    assert sub_of(provider, crm) == ann.id
    assert len({one, sub_of(provider, bank), sub_of(provider, shop, login="bob"), ann.id}) == 4
    assert one.isascii()
    assert len(one) <= 255
    assert ann.id not in one
    assert one == sub_of(provider.another(), shop)  # another process, or after a restart


@pytest.mark.parametrize("format_", ["opaque", "jwt"])
def test_S48_it_is_the_same_wherever_a_token_speaks_of_the_person(
    provider: Provider, browser: Browser, ann: Person, format_: str
) -> None:
    app = pairwise(provider, access_token_format=format_, scope="openid profile email offline_access")
    tokens = provider.tokens(app, browser)
    sub = verified(provider, tokens["id_token"], audience=app.id)["sub"]
    assert sub != ann.id
    token = tokens["access_token"]
    renewed = provider.refresh(app, tokens["refresh_token"]).json
    found = [
        provider.userinfo(token).json, provider.whoami(token).json, provider.introspect(app, token),
        provider.introspect(app, renewed["refresh_token"]), verified(provider, renewed["id_token"], audience=app.id),
    ]  # fmt: skip
    if format_ == "jwt":
        found.append(jwt.decode(token, options={"verify_signature": False}))
    assert {one["sub"] for one in found} == {sub}
    assert ann.id not in json.dumps(found)


def test_S48_a_session_is_no_way_to_compare_either(provider: Provider, browser: Browser, ann: Person) -> None:
    shop, bank, crm = pairwise(provider, "Shop"), pairwise(provider, "Bank"), provider.add_client("CRM")
    sids = [
        verified(provider, provider.tokens(app, browser)["id_token"], audience=app.id)["sid"]
        for app in (shop, bank, crm)
    ]
    assert len(set(sids)) == 3
    assert read(provider.services.sealer, sids[0]) == read(provider.services.sealer, sids[1]) == sids[2]


def test_S48_a_username_is_for_whoever_may_read_the_profile(provider: Provider, ann: Person) -> None:
    app = pairwise(provider)
    assert "username" not in provider.introspect(app, provider.tokens(app, scope="openid email")["access_token"])
    assert provider.introspect(app, provider.tokens(app)["access_token"])["username"] == "ann"
    tokens = provider.tokens(app, scope="openid offline_access", prompt="consent")
    assert "username" not in provider.introspect(app, tokens["refresh_token"])


@pytest.mark.spec("OIDC-Core 3.1.2.1")
def test_S48_a_hint_and_a_wished_subject_are_understood_and_others_names_are_not(
    provider: Provider, browser: Browser, ann: Person, clock: Clock
) -> None:
    provider.add_person("bob")
    shop, bank, crm = pairwise(provider, "Shop"), pairwise(provider, "Bank"), provider.add_client("CRM")
    hint = provider.tokens(shop, browser)["id_token"]
    own, others = sub_of(provider, shop, browser), sub_of(provider, bank, browser)
    clock.advance(1)
    assert provider.authorize(browser, shop, prompt="none", id_token_hint=hint).code
    elsewhere = provider.browser()
    assert provider.sign_in(elsewhere, shop, "bob").code
    assert provider.authorize(elsewhere, shop, prompt="none", id_token_hint=hint).error == "login_required"

    def wished(app: App, sub: str) -> str:
        claims = json.dumps({"id_token": {"sub": {"value": sub}}})
        answer = provider.authorize(browser, app, prompt="none", claims=claims)
        return answer.error or "code" * bool(answer.code)

    assert wished(shop, own) == "code"
    # Nobody learns by trying that two names are of one person, nor that a name is of an id.
    for app, sub in ((shop, others), (shop, ann.id), (bank, own), (crm, own), (shop, own[:-2] + "AA"), (shop, "pw_")):
        assert wished(app, sub) == "login_required"


@pytest.mark.spec("RPI 2")
def test_S48_a_sign_out_by_the_hint_ends_the_session_it_names(
    provider: Provider, browser: Browser, ann: Person
) -> None:
    app = pairwise(provider, post_logout_redirect_uris=["https://shop.example/bye"])
    hint = provider.tokens(app, browser)["id_token"]
    answer = browser.get(f"oauth/logout?id_token_hint={hint}&post_logout_redirect_uri=https://shop.example/bye")
    while answer.is_redirect and answer.location.startswith(browser.origin):
        answer = browser.follow(answer)
    assert not browser.cookie("session")
    assert provider.authorize(browser, app, prompt="none").error == "login_required"


def test_S48_a_logout_token_names_person_and_session_as_the_id_token_did(
    provider: Provider, browser: Browser, ann: Person
) -> None:
    from idp.login.browser import sessions
    from idp.oidc.backchannel import logout_token
    from idp.oidc.front_logout import frame_of

    app = pairwise(
        provider, frontchannel_logout_uri="https://shop.example/out", frontchannel_logout_session_required=True
    )
    told = verified(provider, provider.tokens(app, browser)["id_token"], audience=app.id)
    session_id = browser.cookie("session").partition(".")[0]
    session = sessions.find_open(provider.services, session_id)
    assert session is not None
    assert frame_of(provider.services, app.client, session).endswith(f"&sid={told['sid']}")
    token = logout_token(provider.services, app.client, ann.id, session_id)
    found = verified(provider, token, audience=app.id)
    assert (found["sub"], found["sid"]) == (told["sub"], told["sid"])


def test_S48_an_admin_finds_the_person_and_nobody_makes_one_up(provider: Provider, ann: Person) -> None:
    app, sealer = pairwise(provider), provider.services.sealer
    sub = sub_of(provider, app)
    assert provider.services.directory.find_named(sub) == ann
    assert read_within(sealer, "shop.example", sub) == ann.id
    assert read_within(sealer, "bank.example", sub) == ""
    for made_up in ("pw_", "pw_" + "A" * 80, sub[:-1], sub + "A", sub.upper(), "pw_" + "é" * 9, "pw_" + "A" * 9999):
        assert read(sealer, made_up) == ""
        assert provider.services.directory.find_named(made_up) is None


def test_S48_an_admin_is_shown_the_name_that_the_application_gets(provider: Provider, ann: Person) -> None:
    from idp.admin import preview
    from idp.admin.actor import of_shell

    for app, words in ((pairwise(provider), "sector"), (provider.add_client("CRM"), "the person's id")):
        (line,) = preview.of_person(provider.services, of_shell("an admin"), app.client, ann).subject
        assert line.value == sub_of(provider, app)
        assert words in line.source


# -- registration ------------------------------------------------------------------------------------------------------

TWO = ["https://one.example/cb", "https://two.example/cb"]


@pytest.fixture
def outside(open_provider: Callable[..., Provider], texts: Texts) -> Provider:
    provider = open_provider(server={"issuer": "http://127.0.0.1:8000"}, outbound={"allow": [texts.origin]})
    provider.add_person("ann")
    return provider


@pytest.mark.spec("OIDC-Registration 5")
def test_S48_several_hosts_are_one_sector_where_a_document_names_them_all(outside: Provider, texts: Texts) -> None:
    with pytest.raises(InvalidMetadata, match=r"one\.example, two\.example"):
        pairwise(outside, redirect_uris=TWO)
    uri = texts.origin + "/sector"
    texts.text = json.dumps([*TWO, "https://three.example/cb"])
    app = pairwise(outside, redirect_uris=TWO, sector_identifier_uri=uri)
    other = pairwise(outside, "Other", redirect_uris=["https://three.example/cb"], sector_identifier_uri=uri)
    assert sub_of(outside, app) == sub_of(outside, other)
    alone = pairwise(outside, "Alone", redirect_uris=["https://three.example/cb"])
    assert sub_of(outside, alone) != sub_of(outside, other)
    # Nobody joins later without the document's word.
    registry = outside.services.registry
    with pytest.raises(InvalidMetadata, match=r"lacks https://evil\.example/cb"):
        registry.update(app.id, {"redirect_uris": [*TWO, "https://evil.example/cb"]})
    texts.text = json.dumps([*TWO, "https://four.example/cb"])
    registry.update(app.id, {"redirect_uris": [*TWO, "https://four.example/cb"]})


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no JSON"), ("<html>", "no JSON"), ("{}", "no list"), ("[]", "no list"), ("[1]", "no list"),
        ('["https://one.example/cb"]', "lacks https://two.example/cb"),
        ('["https://one.example/cb/", "HTTPS://two.example/cb"]', "lacks https://one.example/cb and 1 more"),
        ("[" * 5000, "no JSON|cannot be read"),
        (json.dumps(["https://one.example/" + "x" * 70_000, *TWO]), "cannot be read"),
    ],
)  # fmt: skip
def test_S48_a_document_that_does_not_say_so_is_refused_with_the_reason(
    outside: Provider, texts: Texts, text: str, why: str
) -> None:
    texts.text = text
    with pytest.raises(InvalidMetadata, match=f"sector_identifier_uri: .*({why})"):
        pairwise(outside, redirect_uris=TWO, sector_identifier_uri=texts.origin + "/sector")


@pytest.mark.spec("security: X19")
def test_S42_X19_a_sector_document_is_asked_for_by_the_guard_alone(
    open_provider: Callable[..., Provider], texts: Texts
) -> None:
    provider = open_provider(server={"issuer": "http://127.0.0.1:8000"})
    texts.text = json.dumps(TWO)
    with pytest.raises(InvalidMetadata, match="cannot be read from here") as caught:
        pairwise(provider, redirect_uris=TWO, sector_identifier_uri=texts.origin + "/sector")
    assert texts.asked == 0
    assert "two.example" not in str(caught.value).partition("expected")[0]


@pytest.mark.parametrize("uri", ["http://one.example/sector", "ftp://one.example/", "javascript:alert(1)", "/sector"])
def test_S48_a_sector_has_an_https_address(provider: Provider, uri: str) -> None:
    with pytest.raises(InvalidMetadata, match="sector_identifier_uri"):
        pairwise(provider, sector_identifier_uri=uri)


def test_S48_an_app_without_a_host_of_its_own_needs_the_document(provider: Provider) -> None:
    with pytest.raises(InvalidMetadata, match="none of the redirect URIs has a host"):
        provider.add_client("Phone", "native", subject_type="pairwise", redirect_uris=["com.example.phone:/cb"])


def test_S48_nothing_more_is_read_or_written_for_it(provider: Provider, browser: Browser, ann: Person) -> None:
    counts = []
    for app in (provider.add_client("Public"), pairwise(provider), new_app_with_key(provider)):
        tokens = provider.tokens(app, browser)
        sql, verbs, answer = provider.counted(lambda token=tokens["access_token"]: provider.userinfo(token))  # type: ignore[misc]
        assert answer.status == 200
        counts.append((len(sql), len(verbs)))
    assert len(set(counts)) == 1


def new_app_with_key(provider: Provider) -> App:
    return pairwise(provider, "Keyed", key=new_key())
