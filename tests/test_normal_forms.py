"""Text of strangers is brought into Unicode's normal forms at a price that grows with its length alone."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from pathlib import Path
from time import thread_time

import pytest

import idp
from idp import mailbox
from idp.accounts import break_glass
from idp.accounts.person import InvalidPerson, fold, group_name
from idp.accounts.registering import addresses
from idp.accounts.registering.names import full_name
from idp.answers.differences import alike, differences, marked
from idp.answers.findings import logout, redirect_uri
from idp.answers.seen import shown_uri
from idp.login.throttle import Account, Guesser
from idp.normal_forms import LONGEST, normal
from tests.provider import Provider

#: Marks of two classes by turns, each of which is moved before all others: the worst of runs.
MARKS = "\u0301\u0316" * 30_000
WORK: list[tuple[str, Callable[[str], object]]] = [
    ("differences", lambda text: differences(text, "https://crm.example/cb")),
    ("differences of a host", lambda text: differences(f"https://{text}", "https://crm.example/cb")),
    ("what is different is marked", lambda text: marked(text, "https://crm.example/cb")),
    ("alike", lambda text: alike(text, "https://crm.example/cb")),
    ("an address as it is kept", lambda text: shown_uri(f"https://u@{text}/")),
    ("the scheme of an address", lambda text: redirect_uri._scheme(f"https://{text}/")),
    ("a name that is folded", fold),
    ("a name as it is registered", full_name),
    ("a group's name", group_name),
    ("the domain of an address", addresses.read),
    ("an address in the settings", lambda text: mailbox.address(f"ann@{text}")),
]


@pytest.mark.parametrize(("what", "work"), WORK, ids=[what for what, _ in WORK])
def test_Q1_a_run_of_marks_costs_no_square_of_its_length(what: str, work: Callable[[str], object]) -> None:
    """Of this thread; ten seconds each, where the whole is put in order."""
    begun = thread_time()
    for text in (MARKS, f"ann@{MARKS}"):
        try:
            work(text)
        except (InvalidPerson, ValueError):
            continue
    assert thread_time() - begun < 2


def test_Q1_a_redirect_uri_of_marks_costs_no_square_of_its_length(provider: Provider) -> None:
    app = provider.add_client("CRM")
    browser = provider.browser()
    browser.get("nowhere")
    begun = thread_time()
    page = provider.authorize(browser, app, redirect_uri=f"https://crm.example/{MARKS[:20_000]}")
    assert thread_time() - begun < 2
    assert page.status in (400, 414)


def test_Q1_a_sign_out_to_a_host_of_marks_costs_no_square_of_its_length() -> None:
    begun = thread_time()
    assert list(logout.others_at(None, f"https://[{MARKS}")) == []  # type: ignore[arg-type]
    assert thread_time() - begun < 2


def test_L7_a_password_of_marks_costs_no_square_of_its_length(provider: Provider) -> None:
    """The doors before the length of a password is looked at: a name's pause, and the break-glass account's way."""
    throttle = provider.services.throttle
    guesser = Guesser(Account(name="ann", key="ann"), None, "203.0.113.7")
    begun = thread_time()
    throttle.repeated(guesser, MARKS)
    throttle.failed(guesser, MARKS, provider.services.clock())
    assert not break_glass.opens(provider.services.db, None, MARKS)
    assert thread_time() - begun < 2


@pytest.mark.parametrize("form", ["NFC", "NFD", "NFKC", "NFKD"])
@pytest.mark.parametrize("text", ["", "ann", "Zoë Mu\u0308ller", "ﬁ ﷺ Å", "e\u0301" * (LONGEST // 2)])
def test_what_anybody_is_called_comes_into_its_form(form: str, text: str) -> None:
    assert normal(form, text) == unicodedata.normalize(form, text)  # type: ignore[arg-type]


def test_what_stands_behind_is_kept_as_it_came() -> None:
    text = "é" * LONGEST + "e\u0301"
    assert normal("NFD", text) == "e\u0301" * LONGEST + "e\u0301"
    assert normal("NFC", text) == text
    assert fold(fold("ﷺ" * LONGEST)) == fold("ﷺ" * LONGEST)


def test_no_other_place_brings_text_into_a_form() -> None:
    """The library's own has no limit."""
    root = Path(idp.__file__).parent
    found = [
        str(path.relative_to(root))
        for path in root.rglob("*.py")
        if re.search(r"\bunicodedata\.normalize\(|unicodedata import", path.read_text("utf-8"))
    ]
    assert found == ["normal_forms.py"]
