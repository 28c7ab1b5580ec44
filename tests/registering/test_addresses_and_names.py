"""U1: which addresses do, and what people may call themselves. Written for those who try to be somebody else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.accounts.person import InvalidPerson, spellings
from idp.accounts.registering import addresses, names
from idp.config.self_registration import read_domains

OURS = ("example.com", "*.staff.example", "bücher.example".encode("idna").decode())


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("anna@example.com", "anna@example.com"),
        (" Anna.Miller@EXAMPLE.com ", "Anna.Miller@example.com"),
        ("anna@example.com.", "anna@example.com"),
        ("anna+crm@example.com", "anna+crm@example.com"),
        ("o'neill@it.staff.example", "o'neill@it.staff.example"),
        ("a@bücher.example", "a@xn--bcher-kva.example"),
        ("a@BÜCHER.example", "a@xn--bcher-kva.example"),
        ("a@ｅｘａｍｐｌｅ.com", "a@example.com"),  # NFKC: mail goes to where it says
    ],
)
def test_U1_addresses_of_our_domains_are_kept_in_one_form(typed: str, kept: str) -> None:
    assert addresses.read(typed) == kept
    assert addresses.is_of(kept, OURS)


@pytest.mark.parametrize(
    "typed",
    [
        "", "anna", "@example.com", "anna@", "anna@example", "anna@.example.com", "anna@example..com",
        "a b@example.com",
        "a@evil.com@example.com", '"a@evil.com"@example.com', "a@evil.com,b@example.com", "a@evil.com;b@example.com",
        "<a@evil.com>a@example.com", "Anna <anna@example.com>", "anna@example.com\nBcc: b@example.com",
        "anna@example.com\x00", "anna@[127.0.0.1]", "anna@127.0.0.1", "a(comment)@example.com",
        "a%evil.com@example.com",
        "a!evil@example.com", "..a@example.com", "a..b@example.com", ".a@example.com", "a.@example.com",
        "анна@example.com", "a\u200b@example.com", "a@exa mple.com", "a@-example.com", "a@example-.com",
        "a@example.com/evil", "a@evil.com\\@example.com", "a@example.com?x", "a@example.com#x",
        "a" * 65 + "@example.com",
        "a@" + "b." * 130 + "com", "a@" + "b" * 64 + ".com", "\u202eanna@example.com", "a@example.com\u202e.evil",
        "a@evil.com%40example.com", "a@evil.com＠example.com",
    ],
)  # fmt: skip
def test_U1_what_two_readers_could_read_differently_is_no_address(typed: str) -> None:
    with pytest.raises(InvalidPerson):
        addresses.read(typed)


@pytest.mark.parametrize(
    "domain",
    ["faß.de", "FAß.de", "FAẞ.de", "ς.example", "x𝛓.example", "na‌me.example", "na‍me.example"],
)
def test_U1_a_domain_that_old_and_new_rules_read_as_two_is_taken_in_its_own_form_only(domain: str) -> None:
    with pytest.raises(InvalidPerson, match="xn--"):
        addresses.read(f"a@{domain}")
    for said in (domain, f"*.{domain}"):
        with pytest.raises(ValueError, match="begins with xn--"):
            read_domains([said])


def test_U1_the_own_form_of_such_a_domain_is_another_one_than_what_old_rules_make_of_it() -> None:
    ours = read_domains(["xn--fa-hia.de"])
    assert addresses.is_of(addresses.read("a@xn--fa-hia.de"), ours)
    assert not addresses.is_of(addresses.read("a@fass.de"), ours)


@pytest.mark.parametrize(
    "typed",
    [
        "a@evil.com", "a@example.com.evil.com", "a@notexample.com", "a@sub.example.com", "a@staff.example",
        "a@xstaff.example", "a@еxample.com", "a@exаmple.com", "a@examp1e.com", "a@example.co", "a@example.com.co",
        "a@exampleıcom.com", "a@example.comevil.staff.example.evil",
    ],
)  # fmt: skip
def test_U1_a_domain_that_only_looks_like_ours_is_not_ours(typed: str) -> None:
    assert not addresses.is_of(addresses.read(typed), OURS)


@pytest.mark.parametrize(
    "email", ["a@mailinator.com", "a@x.mailinator.com", "a@yopmail.com", "a@rival.example", "a@b.rival.example"]
)
def test_U1_throw_away_addresses_and_refused_domains_are_not_taken(email: str) -> None:
    assert addresses.is_refused(email, ["rival.example"])
    assert not addresses.is_refused("a@notmailinator.com", ["rival.example"])


@given(st.text(max_size=40), st.sampled_from(["example.com", "evil.com", "example.com.evil.com"]), st.text(max_size=12))
def test_U1_whatever_is_taken_has_one_at_sign_and_is_mailed_to_the_domain_that_was_compared(
    before: str, domain: str, after: str
) -> None:
    try:
        kept = addresses.read(f"{before}@{domain}{after}")
    except InvalidPerson:
        return
    assert kept.count("@") == 1
    assert kept.isascii()
    assert kept.isprintable()
    assert addresses.read(kept) == kept
    assert len(kept) <= 254
    assert spellings(kept)[0].rpartition("@")[2] == addresses.domain_of(kept)
    if addresses.is_of(kept, ["example.com"]):
        assert kept.endswith("@example.com")


@pytest.mark.parametrize(
    "typed",
    [
        "admin", "Admin", "ADMIN", "a.d.m.i.n", "admin1", "adm1n", "r00t", "root", "support-2", "help_desk",
        "help.desk",
        "it-support0", "postmaster", "web.master", "no-reply", "0wner", "security", "doorward", "acme", "a.c.m.e",
        "payroll2026", "boss", "adm1n2", "supp0rt1", "it-support", "support-team", "the.admin", "root1", "4dm1n1",
        "007root", "adm1n2.x", "my_r00t9", "example-it", "acme.zurich", "acme1-hr", "admin.2026", "bo55", "guest",
    ],
)  # fmt: skip
def test_U1_names_that_speak_for_the_company_are_nobodys(typed: str) -> None:
    with pytest.raises(InvalidPerson):
        names.username(typed, ("Acme", "boss", "IT-Support"))


@pytest.mark.parametrize("typed", ["u" + "a2" * 13, "c" + "b7" * 12, "U" + "Z5" * 13])
def test_U1_a_username_is_nobodys_id(typed: str) -> None:
    with pytest.raises(InvalidPerson):
        names.username(typed)


@pytest.mark.parametrize(
    "typed",
    [
        "", "ab", "12345", "007", "anna@example.com", "аnna", "anna miller", "anna\u200bmiller", "-anna", "anna.",
        "a" * 65, "anna/../admin", "<b>anna</b>", "anna\n", "=cmd", "ａｎｎａ\u202e",
    ],
)  # fmt: skip
def test_U1_a_username_cannot_look_like_an_address_a_number_or_another_name(typed: str) -> None:
    if typed == "anna\n":  # outer space is trimmed
        assert names.username(typed) == "anna"
        return
    with pytest.raises(InvalidPerson):
        names.username(typed)


@pytest.mark.parametrize(
    "typed",
    [
        "anna", "Anna.Miller", "a-b_c.9", "adminka", "rooted", "supporter", "testa.rossa", "christopher.guest",
        "anna.17", "r2.d2", "will-self", "adminka.rooted",
    ],
)  # fmt: skip
def test_U1_other_usernames_are_fine(typed: str) -> None:
    assert names.username(typed, ("Acme",)) == typed.lower()


@pytest.mark.parametrize(
    "typed",
    [
        "", "   ", "123", "—", "Win at https://evil.example", "www.evil.example", "evil.com Admin", "a@b.example",
        "<script>alert(1)</script>", "Anna\x00", "Anna\u202eellim", "Anna\u200b", "A" * 101, "{{7*7}}",
        "Z\u0353\u034d\u0347\u0329a\u0353\u034d\u0347lgo",
    ],
)  # fmt: skip
def test_U1_a_full_name_carries_no_link_no_markup_and_nothing_unseen(typed: str) -> None:
    with pytest.raises(InvalidPerson):
        names.full_name(typed)


@pytest.mark.parametrize(
    "typed",
    [
        "Zoë O’Neill-Brandt", "Nguyễn Thị Ánh", "李小龍", "Müller", "Jean d'Arc", "محمد", "José María Álvarez Jr.",
        "می\u200cخواهم", "X Æ A-12", "Dr. Anna B. Miller (HR)",
    ],
)  # fmt: skip
def test_U1_names_as_people_have_them_are_fine(typed: str) -> None:
    assert names.full_name(f"  {typed} ")
