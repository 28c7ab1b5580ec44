"""Answers become addresses and files of others: legal ones fit in, hostile ones are refused with a sentence (R2)."""

from __future__ import annotations

import json

import pytest

from clients.gallery import answers, reading
from clients.gallery.answers import InvalidAnswers
from clients.gallery.filling import CannotBeConnected, Filled, NoSuchProtocol, fill
from clients.gallery.patterns import filled
from clients.gallery.template import Question
from tests.clients.gallery.shelves import ISSUER, OURS, TOY

TEMPLATE = reading.parse("toy.toml", TOY)
PROVIDER = "doorward"


def of(app: str, provider: str = PROVIDER, protocol: str = "oidc") -> Filled:
    return fill(TEMPLATE, {"app": app, "provider": provider}, OURS, protocol=protocol)


def refusal(**given: str) -> str:
    with pytest.raises(InvalidAnswers) as caught:
        fill(TEMPLATE, {"app": "https://toy.example.com", "provider": PROVIDER, **given}, OURS)
    return str(caught.value)


# -- legal, and nasty ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("https://toy.example.com", "https://toy.example.com"),
        ("  https://toy.example.com ", "https://toy.example.com"),
        ("toy.example.com", "https://toy.example.com"),
        ("https://toy.example.com:8443", "https://toy.example.com:8443"),
        ("https://intranet", "https://intranet"),
        ("https://example.com/tools/toy", "https://example.com/tools/toy"),
        ("https://example.com/~ann/toy-1.2_x", "https://example.com/~ann/toy-1.2_x"),
        ("https://example.com/a%20b", "https://example.com/a%20b"),
        ("https://xn--bcher-kva.example", "https://xn--bcher-kva.example"),
        ("https://10.0.0.7", "https://10.0.0.7"),
        ("https://[2001:db8::1]:8443", "https://[2001:db8::1]:8443"),
    ],
)
def test_r2_an_address_becomes_a_redirect_uri(typed: str, kept: str) -> None:
    made = of(typed)
    assert made.metadata["redirect_uris"] == [f"{kept}/oauth/doorward/callback?action=done"]
    assert made.metadata["post_logout_redirect_uris"] == [kept]


def test_r2_a_slash_at_the_end_is_kept_where_it_ends_and_never_doubled() -> None:
    made = of("https://toy.example.com/")
    assert made.metadata["post_logout_redirect_uris"] == ["https://toy.example.com/"]
    assert made.metadata["redirect_uris"] == ["https://toy.example.com/oauth/doorward/callback?action=done"]


def test_r2_our_values_and_the_answers_stand_in_what_is_pasted() -> None:
    made = of("https://toy.example.com")
    assert made.env == (
        "TOY_REDIRECT=https://toy.example.com/oauth/doorward/callback?action=done",
        "TOY_SECRET=CLIENT_SECRET",
        "TOY_USER={username}",
    )
    assert made.steps == ("Open https://toy.example.com/admin and paste CLIENT_ID.",)
    assert made.snippet is not None
    assert json.loads(made.snippet.text) == {
        "issuer": ISSUER,
        "redirect": "https://toy.example.com/oauth/doorward/callback?action=done",
        "who": "{username}",
    }


def test_r2_a_service_provider_without_metadata_has_its_addresses() -> None:
    made = of("https://toy.example.com", protocol="saml")
    assert made.service_provider is not None
    assert made.service_provider.entity_id == "https://toy.example.com/saml"
    assert made.service_provider.acs == ("https://toy.example.com/saml/acs",)
    assert [(one.binding, one.location) for one in made.service_provider.logout] == [
        ("redirect", "https://toy.example.com/saml/slo")
    ]


def test_r2_a_certificate_stands_as_deep_as_its_line() -> None:
    made = of("https://toy.example.com", protocol="saml")
    assert made.snippet is not None
    head, _, *lines = made.snippet.text.splitlines()
    assert head == "idp:"
    assert lines[0] == "      -----BEGIN CERTIFICATE-----"
    assert lines[-1] == "      -----END CERTIFICATE-----"
    assert all(line.startswith("      ") for line in lines)


def test_r2_what_is_filled_in_is_never_read_as_a_pattern() -> None:
    assert filled("{a}{b}", {"a": "{b}", "b": "{a}"}) == "{b}{a}"
    assert filled("{{a}} {a}", {"a": "x"}) == "{a} x"
    assert filled("{ a } {A} {}", {"a": "x"}) == "{ a } {A} {}"


# -- refused ---------------------------------------------------------------------------------------------------------

HOSTILE = [
    "https://toy.example.com/\nhttps://evil.example",
    "https://toy.example.com/\r\nX: y",
    "https://toy.example.com https://evil.example",
    "https://toy.example.com,https://evil.example",
    "https://toy.example.com/{client_secret}",
    "https://toy.example.com/{{x}}",
    "https://toy.example.com/${HOME}",
    "https://toy.example.com/$(id)",
    "https://toy.example.com/`id`",
    "https://toy.example.com/;id",
    "https://toy.example.com/|id",
    "https://toy.example.com/'x",
    'https://toy.example.com/"x',
    'https://toy.example.com/"]\nredirect_uris = ["https://evil.example',
    "https://toy.example.com/\\x",
    "https://toy.example.com/<script>",
    "https://toy.example.com/#x",
    "https://toy.example.com/?x=1",
    "https://toy.example.com/*",
    "https://*.example.com",
    "https://toy.example.com/../x",
    "https://toy.example.com/%2e%2e/x",
    "https://toy.example.com/%0a",
    "https://toy.example.com/a\x00b",
    "https://toy.example.com/a\u202eb",
    "https://toy.example.com/a\u200bb",
    "https://toy.example.com/ü",
    "https://user@toy.example.com",
    "https://toy.example.com:443",
    "https://toy.example.com:99999",
    "https://Toy.example.com",
    "http://toy.example.com",
    "http://localhost:3000",
    "javascript:alert(1)",
    "javascript://toy.example.com/%0aalert(1)",
    "data://toy.example.com/x",
    "ftp://toy.example.com",
    "//toy.example.com",
    "https://",
    "https:///path",
    "https://toy..example.com",
    "https://-.example/;x",
    "https://münchen.example",
    "",
    "   ",
    "https://toy.example.com/" + "x" * 600,
]


@pytest.mark.parametrize("answer", HOSTILE)
def test_r2_a_hostile_address_is_refused_with_the_question_and_an_example(answer: str) -> None:
    said = refusal(app=answer)
    assert said.startswith("Address of Toy: ")
    assert said.endswith("Example: https://toy.example.com")
    assert "\n" not in said


@pytest.mark.parametrize(
    "answer",
    ["a/b", "../x", "a b", "a\nb", "{x}", "a'b", 'a"b', "a;b", "a$b", "a&b", "a?b", "a%2fb", "ü", "", "-x", "."],
)  # fmt: skip
def test_r2_a_hostile_name_is_refused(answer: str) -> None:
    said = refusal(provider=answer)
    assert said.startswith("Name of the provider in Toy: ")
    assert said.endswith("Example: doorward")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("http://toy.example.com", "plain http"),
        ("https://toy.example.com:443", "leave it out"),
        ("https://bücher.example/x", "https://xn--bcher-kva.example/x"),
        ("https://toy.example.com/?x=1", "without what follows the '?'"),
        ("", "is not answered"),
        ("https://toy.example.com/ x", "has a space"),
        ("https://Toy.example.com", "toy.example.com"),
    ],
)
def test_r2_the_sentence_says_what_to_type_instead(answer: str, said: str) -> None:
    assert said in refusal(app=answer)


def test_r2_all_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(InvalidAnswers) as caught:
        fill(TEMPLATE, {"app": "http://x", "tenant": "y"}, OURS)
    assert [problem.field for problem in caught.value.problems] == ["tenant", "app", "provider"]
    assert "there is no question “tenant”; there are: app, provider" in str(caught.value)


@pytest.mark.parametrize("app", ["http://localhost:3000", "http://127.0.0.1:8080/toy", "http://[::1]:3000"])
def test_r2_in_development_a_product_may_stand_on_this_machine(app: str) -> None:
    made = fill(TEMPLATE, {"app": app, "provider": PROVIDER}, OURS, allow_loopback=True)
    assert made.metadata["redirect_uris"] == [f"{app}/oauth/doorward/callback?action=done"]
    with pytest.raises(InvalidAnswers):
        fill(TEMPLATE, {"app": "http://toy.example.com", "provider": PROVIDER}, OURS, allow_loopback=True)


KINDS = {
    "origin": (["https://a.example", "https://a.example:8006", "a.example/"], ["https://a.example/x", "http://a.b"]),
    "host": (["a.example", "intranet", "10.0.0.7"], ["https://a.example", "a.example/x", "a.b:1", "ä.example", "a b"]),
    "url": (
        ["https://a.example/acs?so=00D&x=1", "https://a.example/", "https://a.example"],
        ["a.example/acs", "https://a.example/#x", "https://a.example/'", "https://a.example/;x", "https://a.b/$x"],
    ),
    "entity": (["https://a.example/x", "urn:a:b", "a.example", "Dropbox"], ["a b", "a'b", "{a}", "a\nb", '"a']),
    "label": (["acme", "acme-1", "a"], ["acme.zendesk.com", "https://acme", "Acme", "-a", "a_b", ""]),
    "number": (["1", "0012345678901234567"], ["1a", "-1", "1 2", "１"]),
    "name": (["Keycloak", "00D1x000", "a.b~c-d_e"], ["a/b", "", "~a"]),
}  # fmt: skip


@pytest.mark.parametrize(("kind", "given"), [(kind, one) for kind, (good, _) in KINDS.items() for one in good])
def test_r2_what_fits_a_kind_is_kept_byte_for_byte(kind: str, given: str) -> None:
    kept = answers.check(Question("x", "X", kind, "example", "why"), given)
    assert kept.removeprefix("https://") == given.removeprefix("https://")


@pytest.mark.parametrize(("kind", "given"), [(kind, one) for kind, (_, bad) in KINDS.items() for one in bad])
def test_r2_what_does_not_fit_a_kind_is_refused(kind: str, given: str) -> None:
    with pytest.raises(ValueError, match=r"^X: .*\. Example: example$"):
        answers.check(Question("x", "X", kind, "example", "why"), given)


def test_r2_a_choice_is_one_of_those_offered() -> None:
    asked = Question("dc", "Data centre", "choice", "eu", "why", ("com", "eu"))
    assert answers.check(asked, "eu") == "eu"
    with pytest.raises(ValueError, match="expected one of com, eu"):
        answers.check(asked, "eu.evil.example")


# -- what cannot be --------------------------------------------------------------------------------------------------


def test_r2_a_protocol_that_it_does_not_speak_is_named() -> None:
    oidc_only = reading.parse("toy.toml", TOY.partition("[saml]")[0])
    with pytest.raises(NoSuchProtocol, match="Toy does not speak saml; it speaks oidc"):
        fill(oidc_only, {}, OURS, protocol="saml")


def test_r2_implicit_alone_cannot_be_connected_and_the_other_protocol_goes_first() -> None:
    text = TOY.replace("[oidc]\n", '[oidc]\ncannot = "It speaks the implicit flow alone."\n')
    toy = reading.parse("toy.toml", text)
    assert (toy.protocols, toy.cannot) == (("saml", "oidc"), "")
    with pytest.raises(CannotBeConnected, match="implicit flow alone"):
        fill(toy, {"app": "https://toy.example.com", "provider": "x"}, OURS, protocol="oidc")
    alone = reading.parse("toy.toml", text.partition("[saml]")[0])
    assert alone.cannot == "It speaks the implicit flow alone."


def test_r2_what_is_known_later_is_left_out_and_named() -> None:
    text = TOY.replace('id = "provider"\n', 'id = "provider"\nlater = true\n')
    made = fill(reading.parse("toy.toml", text), {"app": "https://toy.example.com"}, OURS)
    assert made.missing == ("provider",)
    assert "redirect_uris" not in made.metadata
    assert made.metadata["post_logout_redirect_uris"] == ["https://toy.example.com"]
    assert made.env[0] == "TOY_REDIRECT=<redirect_uri>"


def test_r2_a_preview_has_the_examples_of_what_is_not_answered() -> None:
    made = fill(TEMPLATE, {"app": "https://mine.example"}, OURS, preview=True)
    assert made.metadata["redirect_uris"] == ["https://mine.example/oauth/doorward/callback?action=done"]
