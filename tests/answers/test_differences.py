"""What differs between two texts that should be the same is said in a sentence that names it. Q1."""

from __future__ import annotations

import re
import unicodedata

import pytest

from idp.answers.differences import alike, differences, have_in_common, marked, sentence
from idp.answers.durations import length, off
from tests.saml.pairs import rsa_pair
from tests.saml.relying import certificate

CB = "https://crm.example/cb"
URIS = [
    # came, expected, what must be named
    (f"{CB}/", CB, "slash at the end is one too many"),
    (CB, f"{CB}/", "slash at the end is missing"),
    ("https://crm.example", "https://crm.example/", "slash at the end is missing"),
    ("http://crm.example/cb", CB, "scheme is http instead of https"),
    ("crm.example/cb", CB, "scheme is missing"),
    ("//crm.example/cb", CB, "scheme is missing"),
    ("https:/crm.example/cb", CB, "two slashes"),
    ("https:crm.example/cb", CB, "two slashes"),
    ("https:///crm.example/cb", CB, "two slashes"),
    ("https://https://crm.example/cb", CB, "stands there twice"),
    ("https://crm.example\\cb", CB, "backslash"),
    ("https://staging.crm.example/cb", CB, "host is staging.crm.example instead of crm.example"),
    ("https://www.crm.example/cb", CB, "www. too many"),
    (CB, "https://www.crm.example/cb", "www. missing"),
    ("https://crm.example./cb", CB, "dot at its end"),
    ("https://xn--bcher-kva.example/cb", "https://bücher.example/cb", "Punycode"),
    ("https://bücher.example/cb", "https://xn--bcher-kva.example/cb", "Punycode"),
    ("https://[2001:db8::1]/cb", "https://[2001:db8:0:0:0:0:0:1]/cb", "same address of the network"),
    ("https://[::ffff:192.0.2.1]/cb", "https://192.0.2.1/cb", "same address of the network"),
    ("http://127.0.0.1/cb", "http://localhost/cb", "person's own machine"),
    ("https://CRM.example/cb", CB, "upper and lower case differ: “CRM” instead of “crm”"),
    ("https://CRM.example/cb/", CB, "other upper and lower case"),
    ("https://crm.example/Cb", CB, "upper and lower case differ: “C” instead of “c”"),
    ("https://crm.example/CB?x=1", CB, "upper and lower case differ in the path"),
    ("https://crm.example:443/cb", CB, "port is written out on one side alone (:443)"),
    ("https://crm.example:8443/cb", CB, "port is 8443 instead of 443"),
    ("http://crm.example:8080/cb", CB, "port is 8080"),
    ("https://crm.example//cb", CB, "double slash"),
    ("https://crm.example/a/../cb", CB, "compared as letters"),
    ("https://crm.example/cb;jsessionid=7F", CB, "a server added"),
    ("https://crm.example/callback", CB, "path is /callback instead of /cb"),
    (f"{CB}?b=2&a=1", f"{CB}?a=1&b=2", "another order"),
    (f"{CB}?a=1", CB, "a is one too many"),
    (CB, f"{CB}?a=1", "a is missing"),
    (f"{CB}?a=2", f"{CB}?a=1", "the value of a"),
    (f"{CB}?", CB, "question mark at the end with nothing behind"),
    (f"{CB}#", CB, "“#” at the end with nothing behind"),
    (f"{CB}#top", CB, "part behind “#”"),
    ("https%3A%2F%2Fcrm.example%2Fcb", CB, "percent-encoded once too often"),
    ("https%253A%252F%252Fcrm.example%252Fcb", CB, "percent-encoded twice too often"),
    ("https://crm.example/a%2fb", "https://crm.example/a%2Fb", "percent-encoding differ in case"),
    ("https://crm.example/%7Eann", "https://crm.example/~ann", "percent-encoded"),
    ("https://crm.example/a b", "https://crm.example/a%20b", "percent-encoded"),
    ("https://crm.example/a+b", "https://crm.example/a%20b", "plus sign"),
    (f"{CB}?a=1&amp;b=2", f"{CB}?a=1&b=2", "&amp;"),
    ("https://crm.exam", CB, "cut off: 6 characters"),
    (CB + CB, CB, "stands there twice"),
    (f"<{CB}>", CB, "copied with what stands around it: <>"),
    (f'"{CB}"', CB, "copied with what stands around it"),
    (f"{CB},", CB, "copied with what stands around it: ,"),
    (f"{CB} ", CB, "a space at its end"),
    (f" {CB}", CB, "a space at its beginning"),
    (f"{CB}\n", CB, "cannot be seen"),
    (f"{CB}\n", CB, "a line break"),
    (f"{CB}\t", CB, "a tab"),
    (f"\ufeff{CB}", CB, "byte order mark"),
    (f"ï»¿{CB}", CB, "byte order mark"),
    ("https://crm.exam\u00adple/cb", CB, "soft hyphen"),
    ("https://crm.\u200bexample/cb", CB, "zero width space"),
    ("https://crm.\u200dexample/cb", CB, "ZERO WIDTH JOINER"),
    ("https://crm.\u2060example/cb", CB, "WORD JOINER"),
    (f"{CB}\ufe0f", CB, "VARIATION SELECTOR-16"),
    (f"{CB}\u3164", CB, "HANGUL FILLER"),
    (f"{CB}\u00a0", CB, "no-break space"),
    (f"{CB}\u202e", CB, "RIGHT-TO-LEFT OVERRIDE"),
    ("https://crm.ex\u0430mple/cb", CB, "looks like “a”"),
    ("https://crm.e\u03c7ample/cb", CB, "looks like “x”"),
    ("https://crm.example∕cb", CB, "looks like “/”"),
    ("https://crm.example/my–app", "https://crm.example/my-app", "looks like “-”"),
    ("https://ｃrm.example/cb", CB, "looks like “c”"),
    ("https://crm.example/caf\ufffd", "https://crm.example/café", "lost on its way"),
    ("https://crm.example/cafÃ©", "https://crm.example/café", "Latin-1"),
    (unicodedata.normalize("NFD", "https://crm.example/café"), "https://crm.example/café", "NFD"),
    ("https://crm.example/café", unicodedata.normalize("NFD", "https://crm.example/café"), "NFC"),
    (CB, f"{CB}\u200b", "in the one that is expected, character 23 cannot be seen"),
    ("https://ann:hunter2@crm.example/cb", CB, "a name or password stands before the host"),
    ("http://[bad/cb", CB, "no address"),
    ("urn:crm:PROD", "urn:crm:prod", "upper and lower case differ"),
    ("c2l5x", "c215x", "stands where"),
    ("“c215x”", "c215x", "copied with what stands around it"),
]  # fmt: skip


@pytest.mark.parametrize(("got", "expected", "named"), URIS)
def test_Q1_what_differs_is_named(got: str, expected: str, named: str) -> None:
    told = "; ".join(differences(got, expected))
    assert named in told
    assert "hunter2" not in told


@pytest.mark.parametrize("text", [one[0] for one in URIS])
def test_Q1_what_is_the_same_differs_in_nothing_and_any_text_is_answered(text: str) -> None:
    assert differences(text, text) == ()
    assert differences(text, "") != ()
    assert differences("", text) != ()


def test_Q1_two_kinds_of_difference_are_both_named() -> None:
    told = differences("http://staging.example/cb/", "https://crm.example/cb")
    assert [one.split()[1] for one in told] == ["scheme", "host", "slash"]


def test_Q1_what_cannot_be_seen_is_written_out_where_it_is_marked() -> None:
    assert marked("https://x.example/\u200bcb", "https://x.example/cb") == ("https://x.example/", "\\u200b", "cb")
    assert marked("a\u3164b", "ab") == ("a", "\\u3164", "b")


def test_Q1_a_name_with_a_letter_less_is_nearly_the_other() -> None:
    assert alike("c215xabcdefgh", "c215xabcdefghi")
    assert not alike("crm", "wiki")


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(-250, "4 minutes 10 seconds behind"), (61, "1 minute 1 second ahead"), (3600, "1 hour ahead"),
     (7, "7 seconds ahead"), (-90_000, "1 day 1 hour behind"), (-86_400 - 59, "1 day behind"),
     (0.2, "less than a second ahead")],
)  # fmt: skip
def test_Q1_times_are_told_as_people_say_them(seconds: float, told: str) -> None:
    assert off(seconds) == told
    assert length(seconds) == told.rpartition(" ")[0]


def test_Q1_a_certificate_is_told_by_fingerprint_name_and_dates() -> None:
    from idp.answers.certificates import named

    told = named(certificate(rsa_pair("mine")))
    assert re.fullmatch(r"SHA-256 [0-9a-f]{16}… \(.+, \d{4}-\d\d-\d\d to \d{4}-\d\d-\d\d\)", told)
    assert named("not one") == named("") == ""


def test_Q1_one_character_is_said_as_one() -> None:
    assert differences("https://app.example/callbac", "https://app.example/callback") == (
        "it is cut off: 1 character is missing at its end",
    )
    assert differences("abcdefgh", "xyabcdefgh") == ("it is cut off: 2 characters are missing at its beginning",)


def test_Q1_names_that_have_nothing_in_common_are_not_compared() -> None:
    assert not have_in_common("crm-prod", "c5ivjuxtu23assqgcczoxsxqr")
    assert not have_in_common("0oa1b2c3d4e5f6g7h8i9", "c5ivjuxtu23assqgcczoxsxqr")
    assert have_in_common("c5ivjuxtu23assqgcczoxsxq", "c5ivjuxtu23assqgcczoxsxqr")
    assert have_in_common("c5ivjuxtu23assqg", "c5ivjuxtu23assqgcczoxsxqr")


def test_Q1_a_difference_begins_like_a_sentence() -> None:
    assert sentence("https://a.example/cb?a=1", "https://a.example/cb").startswith("What stands behind")
    assert sentence("x", "x") == ""
