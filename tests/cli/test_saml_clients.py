"""`doorward client add saml`, `doorward client refresh` and `doorward source …`."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from typing import Any

import pytest

from idp.saml.messages.xml import serialize
from tests.cli.conftest import CHEAP, Folder
from tests.saml.documents import MELLON, MOD_SHIB, acs, aggregate, federated, key, signed, sp
from tests.saml.pairs import rsa_pair
from tests.saml.publishing import Publisher, stamp
from tests.test_http import serving

ISSUER = "http://127.0.0.1:8000"


@pytest.fixture
def publisher(site: Folder) -> Iterator[Publisher]:
    """A web server that the installation is allowed to read from."""
    with serving() as here:
        (site.path / "doorward.toml").write_text(f'{CHEAP}\n[outbound]\nallow = ["{here.origin}"]\n')
        yield Publisher(here)


def add(site: Folder, *words: str, input: str | bytes = b"") -> dict[str, Any]:
    return site.run("client", "add", "saml", *words, "--json", input=input).json


def entity(name: str) -> tuple[str, bytes]:
    entity_id = f"https://{name}.example/metadata"
    return entity_id, sp(key(None) + acs(f"https://{name}.example/acs"), entity_id=entity_id)


def test_metadata_in_a_file_is_all_that_is_needed(site: Folder) -> None:
    (site.path / "shib.xml").write_bytes(MOD_SHIB)
    made = site.spawn("client", "add", "saml", "--metadata", "shib.xml", "--name", "Wiki", "--json").json
    assert (made["name"], made["kind"], made["entity_id"]) == ("Wiki", "saml", "https://wiki.example/shibboleth")
    assert made["start_url"] == f"{ISSUER}/saml/start/{made['client_id']}"
    assert made["metadata_url"] == made["idp_entity_id"] == f"{ISSUER}/saml/metadata"
    assert (made["sso_url"], made["slo_url"]) == (f"{ISSUER}/saml/sso", f"{ISSUER}/saml/slo")
    assert (made["sign"], made["encrypt"], made["source"]) == ("both", "auto", None)
    assert "client_secret" not in made
    assert "BEGIN" not in str(made)
    shown = site.run("client", "show", "Wiki", "--json").json
    assert {key: shown[key] for key in made if key != "warnings"} == {k: v for k, v in made.items() if k != "warnings"}
    assert "Wiki" in [c["name"] for c in site.run("client", "list", "--json").json["clients"]]


def test_the_text_for_people_has_what_the_other_side_needs(site: Folder) -> None:
    said = site.run("client", "add", "saml", "--metadata", "-", input=MELLON)
    assert said.code == 0, said.err
    assert "Registered intra.example, https://intra.example/mellon/metadata." in said.out
    assert f"Metadata URL: {ISSUER}/saml/metadata" in said.out
    assert "note: assertions are signed and not encrypted" in said.err
    table = site.run("client", "show", "intra.example").out
    assert "https://intra.example/mellon/postResponse (HTTP-POST)" in table
    assert "MII" not in table


def test_without_metadata_an_entity_id_and_an_acs_do(site: Folder) -> None:
    made = add(
        site, "--entity-id", "urn:plain", "--acs", "https://plain.example/acs", "--acs", "https://plain.example/2"
    )
    assert [a["location"] for a in made["sp_metadata"]["acs"]] == [
        "https://plain.example/acs",
        "https://plain.example/2",
    ]


def test_Q1_the_addresses_of_one_without_metadata_are_added_replaced_and_taken_out(site: Folder) -> None:
    first, second = "https://moved.example/acs", "https://moved.example/acs2"
    made = add(site, "--name", "Moved", "--entity-id", "urn:moved", "--acs", first)
    told = site.refusal("client", "refresh", "Moved")
    assert "it was registered without metadata, so there is none to read again" in told
    assert f"doorward client set {made['client_id']} acs+=URL" in told
    said = site.run("client", "set", "Moved", f"acs+={second}").out
    assert f"acs was:  {first}\n    now:  {first}, {second}\n" in said
    shown = site.run("client", "set", "Moved", f"acs-={first}", "name=Moved", "--json").json
    assert [(one["index"], one["location"]) for one in shown["sp_metadata"]["acs"]] == [(1, second)]
    shown = site.run("client", "set", "Moved", f"acs={first}", "--json").json
    assert [(one["index"], one["location"]) for one in shown["sp_metadata"]["acs"]] == [(2, first)]
    assert "at least one is needed" in site.refusal("client", "set", "Moved", "acs=")
    assert "expected an https address" in site.refusal("client", "set", "Moved", "acs+=http://moved.example/acs")
    event = site.run("audit", "tail", "-n", "1", "--json").json["events"][0]
    assert event["detail"]["changed"]["sp_metadata.acs"]


def test_Q1_the_addresses_of_metadata_that_is_read_again_are_its_own(site: Folder, publisher: Publisher) -> None:
    _, document = entity("again")
    url = publisher.put("/again", signed(document))
    (site.path / "again.pem").write_text(rsa_pair("federation").certificate_pem)
    made = add(site, "--metadata", url, "--key", "again.pem")
    told = site.refusal("client", "set", made["client_id"], "acs+=https://again.example/2")
    assert "acs: its metadata says it, and is read again from its address: doorward client refresh" in told


def test_settings_groups_and_persons_are_taken(site: Folder) -> None:
    _, document = entity("settings")
    made = add(
        site, "--metadata", "-", "--group", "staff", "--set", "sign=assertion", "--set", "name_id_format=email",
        "--set", "attributes=aws", "--set", "default_relay_state=/home", "--set", "session_lifetime=8h",
        "--set", "require_signed_requests=yes", input=document,
    )  # fmt: skip
    assert made["access"] == {"everyone": False, "groups": ["staff"], "persons": []}
    assert (made["sign"], made["attributes"], made["session_lifetime"]) == ("assertion", "aws", 28_800)
    assert made["name_id_format"].endswith("emailAddress")
    changed = site.run("client", "set", made["client_id"], "sign=", "encrypt=never", "name=Other", "--json").json
    assert (changed["sign"], changed["encrypt"], changed["name"]) == ("both", "never", "Other")
    assert changed["attributes"] == "aws"


RSA = "http://www.w3.org/2001/04/xmldsig-more#rsa-"
PSS = "http://www.w3.org/2007/05/xmldsig-more#"
FORMAT = "urn:oasis:names:tc:SAML:1.1:nameid-format:"
ROWS = [{"name": "role", "value": 'case("a", "b", name)', "groups": ["all"]}]
TABLE = {
    "mail": "email",
    "team": {"source": "groups", "friendly_name": "Team", "name_format": "basic"},
    "plan": {"values": ["gold", "Älice & <Bob>"]},
}
#: What is typed, and what `client show` says of it then. Every setting there is.
SETTABLE: list[tuple[str, str, Any]] = [
    *(("sign", one, one) for one in ("assertion", "response", "both")),
    *(("encrypt", one, one) for one in ("auto", "never", "required")),
    *(("name_id_format", one, FORMAT + end) for one, end in (("email", "emailAddress"), ("unspecified", "unspecified"),
      ("x509", "X509SubjectName"), ("windows", "WindowsDomainQualifiedName"))),
    *(("name_id_format", one, f"urn:oasis:names:tc:SAML:2.0:nameid-format:{one}")
      for one in ("persistent", "transient", "kerberos")),
    ("name_id_format", "urn:example:format", "urn:example:format"),
    ("name_id_format", "none", "none"),
    *(("attributes", one, one)
      for one in ("default", "none", "eduperson", "microsoft", "google", "aws", "salesforce")),
    ("attributes", json.dumps(TABLE), {**TABLE, "team": {
        "source": "groups", "friendly_name": "Team",
        "name_format": "urn:oasis:names:tc:SAML:2.0:attrname-format:basic"}}),
    ("claim_rules", json.dumps(ROWS), ROWS),
    *(("require_signed_requests", one, value) for one, value in (("yes", True), ("false", False))),
    *(("signature_algorithm", f"rsa-sha{bits}", f"{RSA}sha{bits}") for bits in (256, 384, 512)),
    *(("signature_algorithm", f"rsa-pss-sha{bits}", f"{PSS}sha{bits}-rsa-MGF1") for bits in (256, 384, 512)),
    *(("signature_algorithm", f"ecdsa-sha{bits}", f"{RSA[:-4]}ecdsa-sha{bits}") for bits in (256, 384, 512)),
    ("signature_algorithm", f"{RSA}sha512", f"{RSA}sha512"),
    ("digest_algorithm", "sha256", "http://www.w3.org/2001/04/xmlenc#sha256"),
    ("digest_algorithm", "sha384", "http://www.w3.org/2001/04/xmldsig-more#sha384"),
    ("digest_algorithm", "sha512", "http://www.w3.org/2001/04/xmlenc#sha512"),
    ("allow_sha1", "true", True),
    ("allow_cbc", "true", True),
    ("default_relay_state", "https://intra.example/?a=1&b=ü", "https://intra.example/?a=1&b=ü"),
    ("allow_idp_initiated", "false", False),
    ("skew_seconds", "90", 90),
    ("session_lifetime", "8h", 28_800),
    ("consent", "explicit", "explicit"),
    ("scoping", "ignore", "ignore"),
    ("description", "Where we write things down", "Where we write things down"),
    ("contacts", "ann@example.com, bob@example.com", ["ann@example.com", "bob@example.com"]),
    *((key, "https://intra.example/page", "https://intra.example/page")
      for key in ("logo_uri", "client_uri", "policy_uri", "tos_uri", "launch_url")),
]  # fmt: skip


@pytest.fixture(scope="module")
def intra(site: Folder) -> str:
    """A service provider with keys for everything."""
    document = MOD_SHIB.replace(b"wiki.example", b"settable.example")
    return str(add(site, "--metadata", "-", "--name", "Settable", input=document)["client_id"])


@pytest.mark.parametrize(("key", "typed", "shown"), SETTABLE, ids=lambda value: str(value)[:40])
def test_each_setting_is_taken_kept_shown_and_taken_back(
    site: Folder, intra: str, key: str, typed: str, shown: Any
) -> None:
    before = site.run("client", "show", intra, "--json").json
    assert site.run("client", "set", intra, f"{key}={typed}", "--json").json[key] == shown
    assert site.run("client", "show", intra, "--json").json[key] == shown
    site.run("client", "set", intra, f"{key}=", "--json")
    assert site.run("client", "show", intra, "--json").json.get(key) == before.get(key)


def test_every_setting_is_tried_above_and_all_can_be_given_at_once(site: Folder) -> None:
    from clients.saml_fields import SETTINGS

    assert {key for key, *_ in SETTABLE} == set(SETTINGS)
    last = {key: (typed, shown) for key, typed, shown in SETTABLE}
    words = [word for key, (typed, _) in last.items() for word in ("--set", f"{key}={typed}")]
    document = MOD_SHIB.replace(b"wiki.example", b"all.example")
    made = add(site, "--metadata", "-", *words, input=document)
    assert {key: made[key] for key in last} == {key: shown for key, (_, shown) in last.items()}


def test_the_start_url_is_shown_where_a_sign_in_may_begin_here(site: Folder, intra: str) -> None:
    url = f"{ISSUER}/saml/start/{intra}"
    assert site.run("client", "show", intra, "--json").json["start_url"] == url
    assert site.run("client", "set", intra, "allow_idp_initiated=no", "--json").json["start_url"] is None
    assert url not in site.run("client", "show", intra).out
    site.run("client", "set", intra, "allow_idp_initiated=")
    assert site.run("client", "show", intra, "--json").json["start_url"] == url


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "--metadata: give the application's metadata"),
        (("--entity-id", "urn:x"), "--metadata: give the application's metadata"),
        (("--metadata", "nowhere.xml"), "--metadata: nowhere.xml cannot be read: No such file"),
        (("--metadata", "-"), "--metadata: it is not XML"),
        (("--metadata", "-", "--acs", "https://x.example"), "--acs: is for an application without metadata"),
        (("--metadata", "-", "--key", "nowhere.pem"), "--key: nowhere.pem cannot be read"),
        (("--metadata", "-", "--key", "doorward.toml"), "--key: doorward.toml has no certificate"),
        (("--metadata", "http://sp.example/x"), "--metadata: http://sp.example/x: plain http can be changed"),
        (("--metadata", "https://127.0.0.1/x"), "127.0.0.1 is not a public address"),
        (("--metadata", "file:///etc/passwd"), "cannot be read"),
        (
            ("--entity-id", "urn:x", "--acs", "http://x.example/acs"),
            "--acs: acs: http://x.example/acs expected an https",
        ),
        (("--entity-id", "urn:x", "--acs", "https://x.example", "--set", "sing=both"), "did you mean sign?"),
        (("--entity-id", "urn:x", "--acs", "https://x.example", "--set", "sign=all"), "--set sign: expected one of"),
        (
            ("--entity-id", "urn:x", "--acs", "https://x.example", "--set", "encrypt=required"),
            "needs an encryption key",
        ),
        (("--entity-id", "urn:x", "--acs", "https://x.example", "--key", "x"), "--key: is for metadata"),
    ],
)
def test_what_is_wrong_is_told_under_its_option(site: Folder, words: tuple[str, ...], said: str) -> None:
    assert said in site.refusal("client", "add", "saml", *words, input=b"nothing")


def test_threat_21_an_entity_id_is_registered_once(site: Folder) -> None:
    _, document = entity("once")
    made = add(site, "--metadata", "-", input=document)
    said = site.refusal("client", "add", "saml", "--metadata", "-", input=document)
    assert f"--entity-id: is registered already: once.example ({made['client_id']}" in said


def test_of_several_in_a_document_one_is_named(site: Folder) -> None:
    document = serialize(aggregate([federated(11), federated(12)]))
    assert "has 2 service providers" in site.refusal("client", "add", "saml", "--metadata", "-", input=document)
    made = add(site, "--metadata", "-", "--entity-id", "https://sp00012.example.org/shibboleth", input=document)
    assert made["name"] == "Service 12"


def test_a_url_is_kept_and_read_again(site: Folder, publisher: Publisher) -> None:
    entity_id, document = entity("url")
    url = publisher.put("/sp", document)
    made = add(site, "--metadata", url, "--set", "sign=response")
    assert (made["source"]["url"], made["source"]["kind"], made["source"]["failures"]) == (url, "entity", 0)
    assert not site.run("client", "refresh", made["client_id"], "--json").json["changed"]
    publisher.put("/sp", sp(acs("https://url.example/new"), entity_id=entity_id))
    again = site.run("client", "refresh", "url.example", "--json").json
    assert again["changed"]
    assert (again["sp_metadata"]["acs"][0]["location"], again["sign"]) == ("https://url.example/new", "response")
    publisher.put("/sp", 500)
    assert "it answered 500" in site.refusal("client", "refresh", made["client_id"])
    assert site.run("client", "show", made["client_id"], "--json").json["source"]["failures"] == 1
    by_hand = site.run("client", "refresh", made["client_id"], "--metadata", "-", "--json", input=document).json
    assert by_hand["changed"]
    other = entity("other")[1]
    said = site.refusal("client", "refresh", made["client_id"], "--metadata", "-", input=other)
    assert "no service provider with the entityID" in said


def test_a_pinned_key_must_have_signed(site: Folder, publisher: Publisher) -> None:
    (site.path / "federation.pem").write_text(rsa_pair("federation").certificate_pem)
    _, document = entity("pinned")
    url = publisher.put("/sp", document)
    said = site.refusal("client", "add", "saml", "--metadata", url, "--key", "federation.pem")
    assert "not signed by the pinned key" in said
    publisher.put("/sp", signed(document))
    assert add(site, "--metadata", url, "--key", "federation.pem")["source"]["url"] == url


def test_an_application_of_the_other_kind_has_no_metadata_and_no_secret(site: Folder) -> None:
    site.run("client", "add", "oidc", "--name", "CRM", "--redirect-uri", "https://crm.example/cb")
    assert "is no SAML service provider" in site.refusal("client", "refresh", "CRM")
    made = add(site, "--entity-id", "urn:nosecret", "--acs", "https://nosecret.example/acs", "--name", "No secret")
    assert "it has no secret" in site.refusal("client", "secret", made["client_id"])
    assert "redirect_uris: unknown key" in site.refusal(
        "client", "set", made["client_id"], "redirect_uris=https://x.example"
    )


def test_disable_remove_and_restore_work_for_both_kinds(site: Folder) -> None:
    made = add(site, "--entity-id", "urn:life", "--acs", "https://life.example/acs", "--name", "Life")
    for verb, enabled in (("disable", False), ("enable", True)):
        assert site.run("client", verb, made["client_id"], "--json").json["enabled"] is enabled
    site.run("client", "remove", "Life")
    assert "can be restored" in site.refusal(
        "client", "add", "saml", "--entity-id", "urn:life", "--acs", "https://a.example"
    )
    assert site.run("client", "restore", "Life", "--json").json["entity_id"] == "urn:life"


# -- sources -----------------------------------------------------------------------------------------------------------


def published(publisher: Publisher, *numbers: int) -> str:
    now = time.time()
    return publisher.put(
        "/fed", signed(aggregate((federated(n) for n in numbers), stamp(now + 7 * 86_400), stamp(now)))
    )


def test_a_federation_is_added_listed_refreshed_and_removed(site: Folder, publisher: Publisher) -> None:
    (site.path / "federation.pem").write_text(rsa_pair("federation").certificate_pem)
    url = published(publisher, 21, 22)
    made = site.run(
        "source", "add", "--aggregate", url, "--key", "federation.pem", "--name", "Federation", "--group", "staff",
        "--set", "attributes=eduperson", "--json",
    ).json  # fmt: skip
    assert (made["entities"], made["kind"], made["error"]) == (2, "aggregate", None)
    assert made["defaults"] == {"attributes": "eduperson"}
    assert made["access"]["groups"] == ["staff"]
    (listed,) = [s for s in site.run("source", "list", "--json").json["sources"] if s["id"] == made["id"]]
    assert listed == {k: v for k, v in made.items() if k != "warnings"}
    time.sleep(1.1)  # the publication's time has seconds
    published(publisher, 22)
    again = site.run("source", "refresh", "Federation", "--json").json
    assert (again["entities"], again["removed"]) == (1, 1)
    assert re.search(r"Federation\t", site.run("source", "list").out)
    said = site.refusal("source", "add", "--aggregate", url, "--key", "federation.pem")
    assert "is a source already" in said
    assert site.run("source", "remove", "Federation", "--json").json["removed"] is True
    assert "no source is called" in site.refusal("source", "refresh", "Federation")


def test_a_source_that_cannot_be_read_is_not_kept(site: Folder, publisher: Publisher) -> None:
    (site.path / "federation.pem").write_text(rsa_pair("federation").certificate_pem)
    url = publisher.put("/fed", b"<html/>")
    said = site.refusal("source", "add", "--aggregate", url, "--key", "federation.pem", "--name", "Broken")
    assert "--aggregate: it is not signed by the pinned key" in said
    assert "Broken" not in site.run("source", "list").out


def test_an_mdq_server_is_a_source(site: Folder, publisher: Publisher) -> None:
    (site.path / "federation.pem").write_text(rsa_pair("federation").certificate_pem)
    made = site.run(
        "source", "add", "--mdq", publisher.site.origin + "/mdq", "--key", "federation.pem", "--sha1", "--json"
    ).json
    assert (made["kind"], made["sha1"], made["entities"]) == ("mdq", True, 0)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--key", "k.pem"), "--aggregate, --mdq: give one of them"),
        (("--aggregate", "https://a.example", "--mdq", "https://b.example", "--key", "k.pem"), "give one of them"),
        (("--aggregate", "https://a.example", "--sha1", "--key", "k.pem"), "--sha1: is for --mdq"),
        (("--aggregate", "https://a.example", "--max-days", "0", "--key", "k.pem"), "--max-days: expected 1 to 400"),
        (("--aggregate", "https://a.example", "--key", "missing.pem"), "--key: missing.pem cannot be read"),
        (("--aggregate", "https://127.0.0.1/x", "--key", "k.pem"), "--aggregate: https://127.0.0.1/x cannot be read"),
        (("--aggregate", "file:///etc/passwd", "--key", "k.pem"), "--aggregate: file:///etc/passwd: expected an https"),
        (("--aggregate", "https://a.example", "--key", "k.pem", "--set", "sign=x"), "--set sign: expected one of"),
    ],
)
def test_what_is_wrong_with_a_source_is_told_under_its_option(site: Folder, words: tuple[str, ...], said: str) -> None:
    (site.path / "k.pem").write_text(rsa_pair("federation").certificate_pem)
    assert said in site.refusal("source", "add", *words)
