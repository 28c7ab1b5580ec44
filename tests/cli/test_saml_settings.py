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
