"""SAML applications at the command line: what is typed wrong, and what stands in the way. N25, N40."""

from __future__ import annotations

from tests.cli.conftest import Folder
from tests.saml.documents import acs, sp


def test_n25_the_command_line_refuses_a_typo_and_takes_what_is_added(site: Folder) -> None:
    made = site.run(
        "client", "add", "saml", "--name", "Wiki", "--entity-id", "https://wiki.example/m", "--acs",
        "https://wiki.example/acs", "--set", 'attributes=+{"team": "gruops"}',
    )  # fmt: skip
    assert made.code == 2
    assert "did you mean groups?" in made.err
    site.run(
        "client", "add", "saml", "--name", "Wiki", "--entity-id", "https://wiki.example/m", "--acs",
        "https://wiki.example/acs", "--set", 'attributes=+{"team": "groups"}',
    )  # fmt: skip
    shown = site.run("client", "show", "Wiki", "--json").json
    assert shown["attributes"] == {"*": "default", "team": "groups"}
    refused = site.run("client", "set", "Wiki", 'attributes={"mail": "emial"}')
    assert refused.code == 2
    assert "did you mean email?" in refused.err
    assert site.run("client", "show", "Wiki", "--json").json["attributes"] == shown["attributes"]
    assert shown["troubles"] == []


def test_unknown_keys_wrong_values_rules_and_sources_of_a_service_provider_are_told_in_one_go(site: Folder) -> None:
    refused = site.run(
        "client", "add", "saml", "--name", "Till", "--entity-id", "https://till.example/m", "--acs",
        "https://till.example/acs", "--set", "encrypt=required", "--set", "sing=both", "--set", "skew_seconds=soon",
        "--set", 'attributes={"mail": "emial"}', "--set", "signature_algorithm=rsa-sha1",
    )  # fmt: skip
    assert refused.code == 2
    for part in (
        "encrypt: required needs an encryption key", "did you mean sign?", "skew_seconds:", "did you mean email?",
        "signature_algorithm: SHA-1 can be forged",
    ):  # fmt: skip
        assert part in refused.err
    # What follows from a value that cannot be read is not held against another one.
    refused = site.run(
        "client", "add", "saml", "--name", "Till", "--entity-id", "https://till.example/m", "--acs",
        "https://till.example/acs", "--set", "signature_algorithm=rsa-sha1", "--set", "allow_sha1=perhaps",
    )  # fmt: skip
    assert "allow_sha1:" in refused.err
    assert "signature_algorithm" not in refused.err


def test_n40_doctor_and_show_name_the_application_and_the_command(site: Folder) -> None:
    soon = sp(acs("https://sp.example/acs"), role='validUntil="2099-01-01T00:00:00Z"')
    site.run("client", "add", "saml", "--metadata", "-", "--name", "Fine", input=soon)
    assert "nothing stands in the way of" in site.run("doctor").out
    formats = "<md:NameIDFormat>urn:oasis:names:tc:SAML:1.1:nameid-format:X509SubjectName</md:NameIDFormat>"
    odd = sp(formats + acs("https://odd.example/acs"), entity_id="https://odd.example/m")
    said = site.run("client", "add", "saml", "--metadata", "-", "--name", "Odd", input=odd)
    assert "name_id_format=email" in said.err
    doctor = site.run("doctor").out
    assert "Odd: its NameIDFormats need an attribute (x509_subject_name)" in doctor
    assert "name_id_format=email" in site.run("client", "show", "Odd").out
    changed = site.run("client", "set", "Odd", "name_id_format=email")
    assert "note: " not in changed.err
    assert "Odd" not in site.run("doctor").out
