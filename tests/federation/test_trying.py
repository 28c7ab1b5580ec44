"""I11, I12: set up by template on the command line, tried without a person; each failure has its fix."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from idp.__main__ import main
from idp.admin.histories import providers as provider_history
from idp.cli.installation import shell
from idp.federation import checking, templates
from idp.federation.provider import FEDERATION, SAML
from tests.federation.stand_in import SECRET, StandIn
from tests.federation.visiting import Office
from tests.provider import Provider
from tests.saml.pairs import rsa_pair
from tests.server import to_toml


@pytest.fixture
def run(office: Office, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    """The command beside the provider."""
    settings, file = office.provider.settings, tmp_path / "doorward.toml"
    file.write_text(to_toml({
        "server": {"issuer": settings.server.issuer}, "storage": {"data_dir": str(settings.data_dir)},
        "outbound": {"allow": [office.there.origin]}, "log": {"level": "error"},
    }))  # fmt: skip
    (tmp_path / "secret").write_text(SECRET + "\n")

    def call(*words: str) -> tuple[int, str]:
        try:
            code = main(["--config", str(file), "provider", *words])
        except SystemExit as error:
            code = int(str(error.code))
        said = capsys.readouterr()
        return code, said.out + said.err

    return call


def added(run: Callable[..., tuple[int, str]], tmp_path: Path, there: StandIn, *more: str) -> dict[str, Any]:
    words = ("--issuer", there.issuer, "--client-id", "doorward-there", "--secret-file", str(tmp_path / "secret"))
    code, said = run("add", "--name", "Company", *words, "--json", *more)
    assert code == 0, said
    found: dict[str, Any] = json.loads(said)
    return found


def test_i11_a_provider_is_added_tried_changed_and_removed(
    run: Callable[..., tuple[int, str]], office: Office, tmp_path: Path
) -> None:
    made = added(run, tmp_path, office.there, "--domain", "example.com", "--set", "groups_claim=groups",
                 "--set", "groups.staff=Everybody")  # fmt: skip
    assert made["redirect_uri"] == f"{office.provider.issuer}/upstream/callback/{made['id']}"
    assert (made["groups"], made["domains"]) == ({"staff": "Everybody"}, ["example.com"])
    assert SECRET not in json.dumps(made)
    code, said = run("test", "company")
    assert code == 0, said
    assert "ok  client id and secret" in said
    office.provider.add_person("ann")
    assert "nothing to do" in run("disconnect", "Company", "ann")[1]
    assert run("change", "Company", "--set", "groups.staff=", "--off")[0] == 0
    shown = json.loads(run("show", "Company", "--json")[1])
    assert "groups" not in shown
    assert shown["on"] is False
    assert run("remove", "Company")[0] == 0
    assert "No provider" in run("list")[1] or run("list", "--json")[1] == '{"providers": []}\n'


def test_c6_what_was_done_to_a_provider_is_shown_and_taken_back(
    run: Callable[..., tuple[int, str]], office: Office, tmp_path: Path
) -> None:
    made = added(run, tmp_path, office.there)
    assert run("change", "Company", "--set", "create=yes")[0] == 0
    changes = json.loads(run("history", "Company", "--json")[1])["changes"]
    assert [one["action"] for one in changes] == ["provider:change", "provider:add"]
    assert run("undo", changes[0]["id"])[0] == 0
    assert "create" not in json.loads(run("show", "Company", "--json")[1])
    assert "changed again" in run("undo", changes[0]["id"])[1]
    assert "no such change" in run("undo", "nothing")[1]
    assert run("remove", "Company")[0] == 0
    assert "no removed provider" in run("restore", "Other")[1]
    assert run("restore", "company")[0] == 0
    assert json.loads(run("show", "Company", "--json")[1])["id"] == made["id"]
    past = provider_history.of(office.provider.services, shell(), made["id"])
    assert [(one.action, one.can_undo) for one in past if one.action != "provider:change"] == [
        ("provider:restore", True), ("provider:remove", False), ("provider:add", False),
    ]  # fmt: skip


def test_i5_a_mail_domain_that_another_provider_has_is_told(
    run: Callable[..., tuple[int, str]], office: Office, tmp_path: Path
) -> None:
    added(run, tmp_path, office.there, "--domain", "example.com")
    office.add("Other", domains=["example.com", "other.example"])
    code, said = run("change", "Other", "--set", "create=yes")
    assert code == 0
    assert "example.com is a domain of Company, too" in said
    assert "other.example" not in said


@pytest.mark.parametrize(
    ("breaks", "told"),
    [
        ({"/token": (401, {"error": "invalid_client"})}, "Make a new secret at Company"),
        (
            {"/token": (401, {"error": "invalid_client", "error_description": "AADSTS7000222: expired\r\nTrace"})},
            "Make a new secret at Company",
        ),
        ({"/token": (400, {"error": "redirect_uri_mismatch"})}, "Register the redirect URI"),
        ({"/token": (400, {"error": "x", "error_description": "AADSTS65001: consent"})}, "grant consent"),
        ({"/keys": (200, {"keys": []})}, "there is none for us"),
        ({"/.well-known/openid-configuration": (404, {})}, "Compare the issuer"),
        ({"/.well-known/openid-configuration": (200, b"<html>")}, "no JSON object"),
        ({"/token": (503, {})}, "whether the provider is up"),
    ],
    ids=["secret", "entra-expired", "redirect-uri", "consent", "no-keys", "no-document", "no-json", "down"],
)
def test_i11_what_is_wrong_is_named_with_its_fix(
    run: Callable[..., tuple[int, str]], office: Office, tmp_path: Path, breaks: dict[str, Any], told: str
) -> None:
    added(run, tmp_path, office.there)
    office.there.answers |= breaks
    code, said = run("test", "Company")
    assert code == 1
    assert told in said
    assert SECRET not in said


def test_i12_each_template_makes_a_provider_that_is_kept() -> None:
    for one in templates.ROWS:
        with pytest.raises(templates.MissingBlank):
            templates.filled(one.key, {}, {}) if one.asks else pytest.fail("asks for nothing")
        blanks = dict.fromkeys(one.asks, "11111111-2222-3333-4444-555555555555")
        kind = one.said.get("kind")
        given = {"metadata_url": "https://idp.example/metadata"} if "metadata_url" in one.asks else {}
        if kind == FEDERATION:  # its key, an address, and a key of accounts
            pem = rsa_pair("federation").certificate_pem
            given = {"metadata_keys": pem, "federation_url": "https://mds.example/list.xml", "subject": ["subject-id"]}
        said = templates.filled(one.key, blanks, {**({} if kind == "ldap" else {"client_id": "us"}), **given})
        if kind == SAML:  # what its metadata says, and a key of accounts
            said = {"subject": ["NameID"], **said, "issuer": "urn:there"}
        provider = checking.checked(said)
        assert provider.name == one.title
        assert "{" not in provider.issuer + provider.metadata_url
        assert one.there


def test_i12_a_blank_left_out_and_a_field_that_there_is_not_are_told(
    run: Callable[..., tuple[int, str]], tmp_path: Path
) -> None:
    code, said = run("add", "--template", "entra", "--client-id", "x", "--secret-file", str(tmp_path / "secret"))
    assert code == 2
    assert "tenant" in said
    code, said = run("add", "--name", "X", "--issuer", "https://x.example", "--client-id", "x", "--set", "colour=red")
    assert code == 2
    assert "colour" in said
    code, said = run("add", "--name", "X", "--issuer", "https://x.example", "--client-id", "x")
    assert code == 2
    assert "secret" in said


def test_i6_with_people_linked_the_key_of_an_account_stays(
    run: Callable[..., tuple[int, str]], office: Office, tmp_path: Path
) -> None:
    company = office.add(create=True)
    crm = office.provider.add_client("CRM")
    assert office.come(office.provider.browser(), crm, company).code
    code, said = run("change", "Company", "--set", "subject=tid,oid")
    assert code == 2
    assert "would be others" in said
    code, said = run("remove", "Company")
    assert code == 2
    assert "1 person signs in by it" in said
    assert run("remove", "Company", "--yes")[0] == 0


def test_i1_a_provider_that_is_ours_by_another_name_cannot_sign_for_us(provider: Provider) -> None:
    one = checking.checked({
        "name": "X", "issuer": "https://x.example", "client_id": provider.issuer, "auth_method": "private_key_jwt",
    })  # fmt: skip
    with pytest.raises(checking.InvalidProvider):
        checking.check_secret(provider.issuer, one, "")
