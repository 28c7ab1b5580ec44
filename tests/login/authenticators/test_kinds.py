"""Every kind of factor is one row: what the row says is so, in the sign-in, on the pages and in what is told."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from idp.accounts.factors import kinds
from idp.accounts.factors.kinds import KINDS, Kind
from idp.app import ROUTES
from idp.login import authenticators
from idp.login.authn import METHODS, is_multi_factor

MARKS = Path(__file__).parents[3] / "templates" / "marks.html"


@pytest.mark.parametrize("row", KINDS.values(), ids=lambda row: row.kind)
def test_the_module_that_a_row_names_asks_for_this_very_kind(row: Kind) -> None:
    found = authenticators.get(row.kind)
    assert found.kind == row.kind
    assert set(found.methods) <= set(row.methods)


@pytest.mark.parametrize("row", KINDS.values(), ids=lambda row: row.kind)
def test_pages_have_its_icon_and_the_page_where_it_is_set_up(row: Kind) -> None:
    assert f'name == "{row.icon}"' in MARKS.read_text()
    if row.set_up is not None:
        assert row.set_up.path in {route.path for route in ROUTES}
        assert set(row.set_up.shows) <= set(row.methods)
        assert row.enrolled


def test_every_method_stands_in_one_row_or_was_shown_elsewhere() -> None:
    elsewhere = ["upstream", "upstream_mfa", "upstream_phr", "upstream_pwd"]
    elsewhere += ["kerberos", "kerberos_mfa", "kerberos_phr", "kerberos_pwd"]
    assert sorted(METHODS) == sorted([*elsewhere, *(name for row in KINDS.values() for name in row.methods)])


@pytest.mark.spec("NIST SP 800-63B-4 §2.1.4")
def test_only_a_passkey_is_two_factors_by_itself_or_what_a_provider_is_believed() -> None:
    # which of its words count as that is said provider by provider (I8)
    elsewhere = ["kerberos_mfa", "kerberos_phr", "passkey", "upstream_mfa", "upstream_phr"]
    assert sorted(name for name in METHODS if is_multi_factor((name,))) == elsewhere


def test_what_lasts_and_is_no_enrolled_one_comes_by_a_message() -> None:
    assert [row.kind for row in KINDS.values() if row.lasts and not row.enrolled] == ["sms", "email"]


def test_nobody_else_compares_a_kind_by_its_name() -> None:
    """A list of kinds in another file is one that the next kind is missing from; a kind's own files name themselves."""
    root = Path(kinds.__file__).parents[2]
    enrolled = "|".join(row.kind for row in KINDS.values() if row.enrolled)
    literal = re.compile(rf"""[=!]= ?["'](?:{enrolled})["']""")
    sources = [*root.rglob("*.py"), *(root.parent / "templates").rglob("*.html")]
    assert not [str(path) for path in sources if literal.search(path.read_text())]
