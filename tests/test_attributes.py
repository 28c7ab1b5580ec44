"""An attribute of a person is one row: every list that names attributes follows from it, or knows each of its own."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from idp import attributes
from idp.accounts.importing import CLAIMS_CALLED
from idp.accounts.person import RESERVED_CLAIMS
from idp.attributes import ATTRIBUTES, CALLED, CLAIM, in_columns
from idp.cli.user_changes import CLAIMS
from idp.config.brand import EDITABLE
from idp.oidc import claims, scopes
from idp.portal.profile import FIELDS
from idp.saml.assertions.attribute_catalogue import KNOWN
from idp.saml.assertions.attribute_titles import TITLES, title

ROWS = {one.name: one for one in ATTRIBUTES}


def test_no_attribute_and_no_name_of_a_column_stands_twice() -> None:
    names = Counter([*(one.name for one in ATTRIBUTES), *(name for one in ATTRIBUTES for name in one.called)])
    assert [name for name, many in names.items() if many > 1] == []
    assert all(name == name.lower().replace(" ", "_").replace("-", "_") for name in CALLED)


def test_the_profile_page_has_a_line_for_each_that_people_may_be_let_change_and_no_other() -> None:
    assert {field.name for field in FIELDS} == set(EDITABLE)


def test_each_that_people_see_has_one_title_wherever_they_see_it() -> None:
    for field in FIELDS:
        if field.name != "name":  # "Full name" beside first and last name
            assert field.label == ROWS[field.name].title
    for one in KNOWN.values():
        if one.source in ROWS:
            assert title(one) == ROWS[one.source].title
    assert TITLES["phone_number"] == "Phone number"


def test_nobody_writes_as_a_claim_what_has_a_column_or_is_made() -> None:
    assert {one.name for one in ATTRIBUTES if one.kept != CLAIM} <= RESERVED_CLAIMS
    assert {one.name for one in ATTRIBUTES if one.kept == CLAIM} & RESERVED_CLAIMS == set()


@pytest.mark.spec("OIDC-Core 5.4")
def test_every_scope_that_gives_attributes_can_be_asked_for_and_gives_what_the_standard_says() -> None:
    assert set(claims.BY_SCOPE) <= set(scopes.SUPPORTED)
    assert set(claims.BY_SCOPE["profile"]) == {
        "name", "family_name", "given_name", "middle_name", "nickname", "preferred_username", "profile", "picture",
        "website", "gender", "birthdate", "zoneinfo", "locale", "updated_at",
    }  # fmt: skip
    assert set(claims.BY_SCOPE["email"]) == {"email", "email_verified"}
    assert set(claims.BY_SCOPE["phone"]) == {"phone_number", "phone_number_verified"}


def test_what_a_command_sets_and_what_an_import_renames_are_attributes_of_the_right_kind() -> None:
    assert set(CLAIMS) <= {one.name for one in ATTRIBUTES if one.kept == CLAIM}
    assert set(CLAIMS_CALLED) == {"given_name", "family_name", "phone_number"}
    assert set(in_columns()) == {
        "username", "email", "email_verified", "name", "employee_number", "groups", "roles",
    }  # fmt: skip
    assert all(option.startswith("--") and about for option, about in CLAIMS.values())


def test_a_row_says_by_itself_where_it_is_seen() -> None:
    made = replace(ROWS["nickname"], name="pronouns", title="Pronouns")
    assert (made.scope, made.kept, made.editable, made.is_text) == ("profile", attributes.CLAIM, True, True)
