"""`doorward gallery …`: a product is found, looked at and registered by its answers (R1, R2, R4)."""

from __future__ import annotations

import pytest

from idp.saml.messages.xml import serialize
from tests.cli.conftest import Folder
from tests.saml.documents import acs, key, sp

ISSUER = "http://127.0.0.1:8000"
APP = "--answer=app=https://crm.example.com"


# -- found -----------------------------------------------------------------------------------------------------------


def test_r2_products_are_listed_and_found_by_words(site: Folder) -> None:
    everything = site.run("gallery", "list", "--json").json["templates"]
    assert len(everything) >= 60
    found = site.run("gallery", "list", "git", "oidc", "--json").json["templates"]
    assert {"gitlab", "gitea", "forgejo"} <= {one["id"] for one in found}
    assert all("oidc" in one["protocols"] for one in found)
    said = site.run("gallery", "list", "espocrm").out
    assert said.splitlines() == ["product\tname\tfor\tspeaks\tfacts are", "espocrm\tEspoCRM\tcrm\toidc\tsure"]
    assert site.run("gallery", "list", "git", "--json").json["templates"][0]["name"].startswith("Git")


def test_r2_products_are_listed_where_nothing_is_installed_yet(folder: Folder) -> None:
    assert "espocrm" in site_text(folder, "gallery", "list")


def site_text(folder: Folder, *words: str) -> str:
    result = folder.run(*words)
    assert result.code == 0, result.err
    return result.out


def test_r1_a_product_shows_what_it_asks_and_what_to_paste_before_anything_is_registered(site: Folder) -> None:
    before = site.run("client", "list", "--json").json
    said = site_text(site, "gallery", "show", "espocrm")
    assert "app: Address of EspoCRM, such as https://crm.example.com" in said
    assert "doorward gallery add espocrm --answer app=https://crm.example.com" in said
    assert f"Token Endpoint: {ISSUER}/oauth/token" in said
    assert "Client Secret: CLIENT_SECRET" in said
    assert "The way in without Doorward" in said
    shown = site.run("gallery", "show", "espocrm", "--answer=app=https://my.example.com", "--json").json
    assert shown["paste"]["metadata"]["redirect_uris"] == ["https://my.example.com/oauth-callback.php"]
    assert [one["id"] for one in shown["questions"]] == ["app"]
    assert site.run("client", "list", "--json").json == before


def test_r2_S8_a_product_of_the_implicit_flow_says_what_is_better(site: Folder) -> None:
    assert "the better way" in site_text(site, "gallery", "show", "odoo")
    shown = site.run("gallery", "show", "guacamole", "--answer=app=https://g.example.com", "--json").json
    assert shown["paste"]["protocol"] == "saml"


# -- registered ------------------------------------------------------------------------------------------------------


def test_r1_one_answer_registers_it_and_everything_to_paste_is_printed(site: Folder) -> None:
    result = site.run("gallery", "add", "espocrm", APP, "--name", "CRM of the house")
    assert result.code == 0, result.err
    made = site.run("client", "show", "CRM of the house", "--json").json
    assert f"Client ID: {made['client_id']}" in result.out
    assert f"Authorization Endpoint: {ISSUER}/oauth/authorize" in result.out
    assert "1. People can be made at their first sign-in" in result.out
    assert made["redirect_uris"] == ["https://crm.example.com/oauth-callback.php"]
    assert made["ignore_prompt_consent"] is True


def test_r4_nobody_may_open_it_until_somebody_says_who(site: Folder) -> None:
    result = site.run("gallery", "add", "grafana", "--answer=app=https://g1.example.com", "--name", "Grafana 1")
    assert site.run("client", "show", "Grafana 1", "--json").json["access"] == {
        "everyone": False, "groups": [], "persons": [],
    }  # fmt: skip
    assert "note: nobody may open it yet; say who: doorward client access" in result.err
    site.run("group", "add", "ops")
    words = ("gallery", "add", "grafana", "--answer=app=https://g2.example.com", "--json")
    assert site.run(*words, "--name", "Grafana 2", "--group", "ops").json["access"]["groups"] == ["ops"]
    assert site.run(*words, "--name", "Grafana 3", "--everyone").json["access"] == {"everyone": True}
    assert "--everyone: is the whole rule" in site.refusal(*words[:-1], "--everyone", "--group", "ops")


def test_r1_a_program_gets_one_object_with_all_of_it(site: Folder) -> None:
    made = site.run(
        "gallery", "add", "gitea", "--answer=app=https://git.example.com", "--answer=source=sso", "--json"
    ).json
    assert made["redirect_uris"] == ["https://git.example.com/user/oauth2/sso/callback"]
    assert made["template"] == "gitea"
    pasted = {field["label"]: field["value"] for field in made["paste"]["fields"]}
    assert (pasted["Client ID (Key)"], pasted["Client Secret"]) == (made["client_id"], made["client_secret"])
    assert made["client_secret"] in made["paste"]["snippet"]["text"]
    assert made["missing"] == []


def test_r1_a_saml_product_by_its_answers_and_by_its_metadata(site: Folder) -> None:
    made = site.run("gallery", "add", "zendesk", "--answer=subdomain=acme", "--protocol", "saml", "--json").json
    assert (made["entity_id"], made["kind"]) == ("https://acme.zendesk.com", "saml")
    assert made["name_id_format"].endswith("emailAddress")
    entity = "https://grafana.example/nextcloud"
    document = sp(key(None) + acs("https://cloud.example.com/apps/user_saml/saml/acs"), entity_id=entity)
    (site.path / "sp.xml").write_bytes(document if isinstance(document, bytes) else serialize(document))
    words = ("gallery", "add", "nextcloud", "--protocol", "saml", "--metadata", "sp.xml", "--json")
    by_metadata = site.run(*words, "--answer=app=https://cloud.example.com", "--answer=provider=x").json
    assert by_metadata["entity_id"] == entity
    assert by_metadata["attributes"]["uid"]["source"] == "username"
    assert any(f"the metadata's entity ID is {entity}, not" in warning for warning in by_metadata["warnings"])


def test_r2_what_is_known_later_follows_and_then_it_is_turned_on(site: Folder) -> None:
    made = site.run("gallery", "add", "wikijs", "--json").json
    assert (made["enabled"], made["missing"]) == (False, ["callback"])
    client_id = made["client_id"]
    assert "redirect_uris: at least one is needed" in site.refusal("client", "enable", client_id)
    assert site.run("client", "set", client_id, "redirect_uris=https://wiki.example.com/login/1/callback").code == 0
    assert site.run("client", "enable", client_id, "--json").json["enabled"] is True


def test_r1_any_setting_can_be_another_one(site: Folder) -> None:
    made = site.run(
        "gallery", "add", "outline", "--answer=app=https://o.example.com", "--set", "access_token_lifetime=5m", "--json"
    ).json
    assert made["access_token_lifetime"] == 300


# -- refused ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("espo", APP), "there is no product “espo” in the gallery; did you mean espocrm?"),
        (("zzzz", APP), "`doorward gallery list` shows all"),
        (("../espocrm", APP), "there is no product “../espocrm”"),
        (("espocrm",), "--answer app: Address of EspoCRM: is not answered. Example: https://crm.example.com"),
        (("espocrm", "--answer=app=http://crm.example.com"), "plain http"),
        (("espocrm", "--answer=app=https://crm.example.com/ x"), "has a space"),
        (("espocrm", "--answer=app=https://crm.example.com\nhttps://evil.example"), "has a space, a line break"),
        (("espocrm", "--answer=app=https://crm.example.com/{client_secret}"), "may not stand in a URI"),
        (
            ("espocrm", "--answer=host=https://crm.example.com"),
            "--answer host: there is no question “host”; there are: app",
        ),
        (("espocrm", APP, APP), "--answer app: is answered twice"),
        (("espocrm", "--answer=https://crm.example.com"), "has no value; write it like app="),
        (("espocrm", APP, "--protocol", "saml"), "--protocol: EspoCRM does not speak saml; it speaks oidc"),
        (("espocrm", APP, "--metadata", "x.xml"), "--metadata: is for SAML"),
        (("espocrm", APP, "--set", "scoop=openid"), "--set scoop: unknown key; did you mean scope?"),
        (("espocrm", APP, "--person", "nobody-here"), "nobody-here"),
    ],
)
def test_r1_what_is_wrong_is_a_sentence_and_nothing_is_registered(
    site: Folder, words: tuple[str, ...], said: str
) -> None:
    before = site.run("client", "list", "--json").json
    assert said in site.refusal("gallery", "add", *words)
    assert site.run("client", "list", "--json").json == before
