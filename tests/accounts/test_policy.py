"""P2, S54, S62: which passwords are taken, and that the reason is told."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.accounts.passwords import MAX_LENGTH
from idp.accounts.person import Draft
from idp.accounts.policy import Policy, common_passwords, problems, read_blocklist

ANNA = Draft(
    username="annamill", email="anna.miller@bigfactory.com", name="Anna Sophie Miller", employee_number="100417"
)
WORDS = ("Acme Rockets", "EspoCRM")


def refused(password: str, min_length: int = 8) -> str:
    return " ".join(problems(password, ANNA, WORDS, min_length))


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery staple",
        "all lower case letters are fine",
        "пятнадцать букв и больше",
        "漢字だけのパスワードでもかまいません",
        "🐎🔋📎✅🎈🌍🚲🎹🧀🪁🥁🛶🏔🦉🧭",
        "my anna sings in the choir",
        "vK7#pq92Lm!xwB0z",
        "sunshine football princess",
        "x" + "aé 7" * 20 + "end of it",
    ],
)
def test_S54_5_there_are_no_rules_of_composition(password: str) -> None:
    assert problems(password, ANNA, WORDS, 15) == []


def test_S62_length_is_counted_in_code_points() -> None:
    assert "at least 15 characters; this has 14" in refused("zé3k" * 3 + "qx", 15)
    assert problems("🐎🔋📎✅🎈🌍🚲🎹", None, (), 8) == []
    assert "this has 7" in refused("zo\u0308kxqvw", 8)  # seven letters however they are typed


def test_S54_9_long_passwords_are_taken_up_to_a_limit() -> None:
    varied = "".join(chr(0x4E00 + n * 37 % 997) for n in range(MAX_LENGTH))
    for length in (64, 128, 200, MAX_LENGTH):
        assert problems(varied[:length], ANNA, WORDS, 15) == []
    assert problems(varied + "x", ANNA, WORDS, 15) == ["Use at most 1024 characters."]


def test_S54_4_the_list_of_common_passwords_is_a_real_one() -> None:
    assert len(common_passwords()) >= 10_000
    for password in (
        "password1",
        "iloveyou",
        "trustno1",
        "qwertyuiop",
        "sunshine",
        "1qaz2wsx3edc4rfv",
        "iseedeadpeople",
    ):
        assert "so many people use it" in refused(password)


@pytest.mark.parametrize("password", ["PassWord1", " iloveyou ", "ｉｌｏｖｅｙｏｕ", "IseeDeadPeople"])
def test_S54_4_another_spelling_of_a_common_password_is_as_common(password: str) -> None:
    assert "so many people use it" in refused(password)


@pytest.mark.parametrize(
    "password",
    [
        "aaaaaaaaaaaaaaa",
        "abababababababa",
        "123123123123123",
        "passwordpassword",
        "iloveyouiloveyouilove",
        "sunshine" * 3,
    ],
)
def test_P2_repetitions_are_refused(password: str) -> None:
    assert "repeats" in refused(password)


@pytest.mark.parametrize(
    "password",
    [
        "123456789012345",
        "987654321098765",
        "abcdefghijklmnop",
        "zyxwvutsrqponmlk",
        "qwertyuiopasdfgh",
        "qwertzuiopasdfgh",
        "azertyuiopqsdfgh",
        "aaaaaaaabbbbbbbb",
        "password1234567",
        "Password12345678!",
        "aaaaaaaaaaaaaaaab",
    ],
)
def test_P2_rows_and_common_passwords_with_a_tail_are_refused(password: str) -> None:
    assert refused(password), password


@pytest.mark.parametrize(
    ("password", "word"),
    [
        ("annamill", "annamill"),
        ("Anna.Miller!", "anna.miller"),
        ("anna.miller@bigfactory.com", "anna.miller@bigfactory.com"),
        ("bigfactory2026", "bigfactory"),
        ("AcmeRockets1", "acmerockets"),
        ("espocrm-acme", "espocrm"),
        ("annasophiemiller100417", "annasophiemiller"),
        ("Sophie100417?!", "sophie"),
        ("ＡＣＭＥrockets", "acmerockets"),
    ],
)
def test_S54_11_the_persons_and_the_companys_words_alone_are_refused(password: str, word: str) -> None:
    assert f"“{word}”" in refused(password)


def test_S54_11_own_words_with_a_row_behind_are_refused() -> None:
    assert "Without names" in refused("annamiller123456789")


def test_P2_a_blocklist_file_adds_to_the_list(tmp_path: Path) -> None:
    file = tmp_path / "refused.txt"
    file.write_text("Springtime In The Valley\r\n\n#not a comment 99\n", "utf-8")
    policy = Policy(15, ("Acme",), read_blocklist(file))
    assert "so many people" in policy.problems("springtime in the VALLEY", ANNA)[0]
    assert policy.problems("#not a comment 99", None)
    assert policy.problems("", None)
    assert policy.problems("summertime on the mountain", ANNA) == []


@given(st.text(max_size=60))
def test_any_text_is_judged_without_an_error(password: str) -> None:
    judged = problems(password, ANNA, WORDS, 15)
    assert isinstance(judged, list)
    assert judged or len(password) >= 15


def test_judging_a_long_password_is_quick() -> None:
    begun = time.process_time()
    for text in ("a" * 1024, "ab" * 512, "qwer1234" * 128, "anna" * 256, "x1y2" * 255 + "zzz"):
        problems(text, ANNA, WORDS, 15)
    assert time.process_time() - begun < 2
