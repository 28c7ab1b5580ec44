"""A hop is one read, so statements join tables of other rooms: through a named tuple of columns, and no further."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from idp.accounts.store import joined_person

IDP = Path(__file__).parents[2] / "idp"
#: Each table that others may join, and the room whose it is.
OWNERS = {"people": "accounts", "sessions": "login"}
STORES = sorted(IDP.rglob("store.py"))


@pytest.mark.parametrize("store", STORES, ids=lambda file: file.relative_to(IDP).as_posix())
def test_no_room_reads_the_columns_of_another_ones_table_but_by_its_door(store: Path) -> None:
    text = store.read_text()
    for table, owner in OWNERS.items():
        if owner not in store.relative_to(IDP).parts[:1]:
            assert not re.search(rf"(?<![.\w]){table}\.c\b", text), f"take them from joined_… of {owner}.store"


def test_no_other_room_may_read_a_passwords_hash() -> None:
    assert "password_hash" not in joined_person._fields
