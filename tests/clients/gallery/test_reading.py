"""A template is read strictly: whoever adds a product is told the file and the key (R2)."""

from __future__ import annotations

from datetime import date

import pytest

from clients.gallery import reading
from clients.gallery.tables import BadTemplate
from clients.gallery.template import Tried
from tests.clients.gallery.shelves import TOY


def refusal(text: str, file: str = "toy.toml") -> str:
    with pytest.raises(BadTemplate) as caught:
        reading.parse(file, text)
    said = str(caught.value)
    assert said.startswith(f"{file}: ")
    return said.removeprefix(f"{file}: ")


def changed(old: str, new: str) -> str:
    assert TOY.count(old) == 1, old
    return TOY.replace(old, new)


def test_r2_a_template_is_read_as_it_stands() -> None:
    toy = reading.parse("toy.toml", TOY)
    assert (toy.id, toy.name, toy.protocols) == ("toy", "Toy", ("oidc", "saml"))
    assert toy.source == "nowhere; a product of the tests."
    assert [question.id for question in toy.questions] == ["app", "provider"]
    assert toy.oidc is not None
    assert toy.saml is not None
    assert toy.saml.settings == {"name_id_format": "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"}


def test_r2_a_template_says_with_what_and_when_it_was_tried() -> None:
    assert reading.parse("toy.toml", TOY).tried is None
    toy = reading.parse(
        "toy.toml", changed('sure = "likely"', 'sure = "likely"\ntried = { version = "1.2", on = "2026-11-29" }')
    )
    assert toy.tried == Tried("1.2", date(2026, 11, 29))
    assert toy.tried.at == 1_795_953_600  # noon of that day, UTC


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('sure = "likely"', 'sure = "likely"\ncolour = "red"', "colour: is an unknown key"),
        ('profile = "web"', 'profile = "web"\nredirect_uri = "x"', "oidc.redirect_uri: is an unknown key"),
        ('kind = "name"', 'kind = "name"\nhint = "x"', "questions 2.hint: is an unknown key"),
        ('binding = "redirect"', 'binding = "redirect"\nindex = 1', "saml.logout 1.index: is an unknown key"),
        ('language = "json"', 'language = "json"\nmode = "x"', "oidc.snippet.mode: is an unknown key"),
        ('sure = "likely"', 'sure = "certain"', "sure: certain is unknown; expected one of sure, likely, unsure"),
        ('sure = "likely"', 'sure = "unsure"', "doubt: is missing"),
        ('sure = "likely"', 'sure = "likely"\ntried = "1.2"', "tried: expected a table"),
        ('sure = "likely"', 'sure = "likely"\ntried = { version = "1.2" }', "tried.on: is missing"),
        ('sure = "likely"', 'sure = "likely"\ntried = { version = "1", on = "May" }', "tried.on: expected a day"),
        ('sure = "likely"', 'sure = "likely"\ntried = { version = "1", on = "2026-11-29", by = 1 }', "tried.by: is"),
        ('category = "work"', 'category = "toys"', "category: toys is unknown"),
        ('kind = "name"', 'kind = "anything"', "questions 2.kind: anything is unknown"),
        ('kind = "name"', 'kind = "choice"', "questions 2.choices: go with the kind choice"),
        ('example = "https://toy.example.com"', 'example = "http://toy.example.com"', "questions 1.example: "),
        ('name = "Toy"', "name = 7", "name: expected a text"),
        ('name = "Toy"', 'name = " "', "name: expected a text"),
        ('name = "Toy"', 'name = "To\\ny"', "name: has a control character or a line break"),
        ('name = "Toy"\n', "", "name: is missing"),
        ('profile = "web"', 'profile = "fast"', "oidc.profile: fast is unknown"),
        ('profile = "web"', 'profile = "spa"', "oidc: a public application has no secret"),
        ('reads = ["email"]', 'reads = "email"', "oidc.reads: expected a list of texts"),
        ('reads = ["email"]', 'reads = ["a\\nb"]', "oidc.reads: has a control character"),
        ('reads = ["email"]', "metadata = { scoop = 'x' }", "oidc.metadata.scoop: unknown key"),
        ('reads = ["email"]', "metadata = { access_token_lifetime = 1 }", "oidc.metadata.access_token_lifetime: "),
        ('reads = ["email"]', "metadata = { launch_url = 'https://x.example' }", "oidc.metadata: launch_url has a key"),
        ('{ name_id_format = "email" }', '{ sign = "no" }', "saml.settings.sign: expected one of"),
        ('acs = ["{app}/saml/acs"]\n', "", "saml.acs: is missing"),
        ('["{app}/saml/acs"]', '["{host}/saml/acs"]', "saml.acs: {host} is neither a question nor a value of ours"),
        ('["{app}/saml/acs"]', '["{sso_url}"]', "saml.acs: {sso_url} is neither a question nor a value of ours"),
        ('["Paste {metadata_url}."]', '["Paste {client_secret}."]', "saml.steps: {client_secret} is neither"),
        ('steps = ["Paste {metadata_url}."]\n', "", "saml.steps: is missing"),
        ('/oauth/{provider}/callback', "/oauth/callback", "questions: provider is asked and used nowhere"),
        ("# Source: nowhere; a product of the tests.", "# A product.", "begins with no '# Source: …'"),
        ('"https://toy.example/docs"', '"toy.example"', "vendor: expected the https address"),
        ('env = ["TOY_R', 'env = ["TOY_CERTIFICATE={certificate}", "TOY_R', "oidc.env: {certificate} is neither"),
        ('id = "provider"', 'id = "issuer"', "questions 2.id: issuer is taken"),
    ],
)  # fmt: skip
def test_r2_what_is_wrong_names_file_and_key(old: str, new: str, said: str) -> None:
    assert refusal(changed(old, new)).startswith(said)


def test_r2_a_fourth_question_is_one_too_many() -> None:
    more = ""
    for name in ("one", "two"):
        more += f'[[questions]]\nid = "{name}"\nlabel = "x"\nkind = "name"\nexample = "x"\nwhy = "x"\n\n'
    assert refusal(changed("[oidc]\n", f"{more}[oidc]\n")).startswith("questions: at most 3 are asked")


def test_r2_broken_toml_names_the_file_and_the_place() -> None:
    assert "line 2" in refusal("# Source: x\nname = \n")


@pytest.mark.parametrize("file", ["Toy.toml", "to_y.toml", "-toy.toml", "toy..toml"])
def test_r2_the_name_of_the_file_is_the_id(file: str) -> None:
    assert "the file's name is the id" in refusal(TOY, file)


def test_r2_what_speaks_nothing_is_no_template() -> None:
    assert refusal(TOY.partition("[[questions]]")[0]) == "speaks neither oidc nor saml"


def test_r2_a_line_of_the_environment_is_one_line() -> None:
    text = changed('acs = ["{app}/saml/acs"]\n', 'acs = ["{app}/saml/acs"]\nenv = ["CERTIFICATE={certificate}"]\n')
    assert refusal(text) == "saml.env: a certificate has several lines; use {certificate_line}"
    assert reading.parse("toy.toml", text.replace('{certificate}"]', '{certificate_line}"]')).saml is not None
