"""Which files are taken as a list of people, and what is said of those that are not."""

from __future__ import annotations

import pytest

from idp.admin.importing.reading import MAX_BYTES, MAX_COLUMNS, MAX_ROWS, Unreadable, read

HEAD = b"username,e-mail\n"
LETTERS = "The letters of the file cannot be read. Save it as “CSV UTF-8” and send it again."
NOBODY = "The file needs a first line with the names of its columns, and people below it."


def refused(raw: bytes) -> str:
    with pytest.raises(Unreadable) as refusal:
        read(raw)
    return refusal.value.text


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", NOBODY),
        (HEAD, NOBODY),
        (HEAD + b"\n , \n\r\n", NOBODY),  # lines without anything are nobody
        (HEAD + b'ann,"never closed\n', "The file is no CSV"),
        (HEAD + b'"ann"x,a@example.com\n', "The file is no CSV"),
        (b"\xff\xfe" + b"a\x00\x00\xd8", LETTERS),  # half of a surrogate pair
        (b"username\n\x81\n", LETTERS),  # no letter of Windows-1252
        (b",".join(b"c" for _ in range(MAX_COLUMNS + 1)) + b"\nann\n", f"more than {MAX_COLUMNS} columns"),
        (b"username\n" + b"," * 100_000 + b"\n", f"more than {MAX_COLUMNS} columns"),
        (b"username\n" + b"a\n" * (MAX_ROWS + 1), "The file has more than 200,000 people"),
        (b"username\n" + b"a" * MAX_BYTES, "The file has more than 10 MB"),
    ],
    ids=["empty", "no-people", "blank", "open-quote", "stray", "utf-16", "cp1252", "columns", "wide", "people", "long"],
)
def test_a_file_that_cannot_be_taken_is_told_why(raw: bytes, said: str) -> None:
    assert said in refused(raw)


@pytest.mark.parametrize(
    ("raw", "encoding", "separator"),
    [
        ("username;name\nzoë;Zoë Ångström\n".encode("utf-8-sig"), "UTF-8", ";"),
        ("username;name\nzoë;Zoë Ångström\n".encode(), "UTF-8", ";"),
        ("username\tname\nzoë\tZoë Ångström\n".encode("utf-16"), "UTF-16", "\t"),
        ("username\tname\nzoë\tZoë Ångström\n".encode("utf-16-be"), "UTF-16", "\t"),
        ("username,name\r\nzoë,Zoë Ångström\r\n".encode("cp1252"), "Windows-1252", ","),
        ('username,"name; as written"\nzoë,Zoë Ångström\n'.encode(), "UTF-8", ","),
    ],
)
def test_letters_and_separators_of_spreadsheets_are_found_by_themselves(
    raw: bytes, encoding: str, separator: str
) -> None:
    table = read(raw)
    assert (table.separator, table.rows) == (separator, (["zoë", "Zoë Ångström"],))
    assert encoding.lower() in table.encoding.lower()


def test_as_many_people_as_may_be_are_taken() -> None:
    assert len(read(b"username\n" + b"a\n" * MAX_ROWS).rows) == MAX_ROWS
